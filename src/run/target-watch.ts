import { AppError } from '../core/errors.js';
import type { CallRecord } from '../metrics/call-record.js';

/**
 * Whether the target ever gave a response. While it did not, an attempt that ends without one says that the run is
 * pointless; once it did, the same attempt is a failed call like any other.
 */
export class TargetWatch {
  private heard = false;
  private unanswered: CallRecord | null = null;

  /** A call in progress was answered at least provisionally, long before its record is written. */
  seeInProgress(calls: number): void {
    if (calls > 0) this.heard = true;
  }

  /** Takes a finished attempt; the result says why the target is unusable, when this attempt shows it. */
  add(record: CallRecord): boolean {
    if (
      record.answeredMs !== null ||
      record.timings.provisionalMs !== null ||
      record.cause === 'status' ||
      (record.cause === 'cancelled' && record.status === 487)
    )
      this.heard = true;
    if (this.heard) return false;
    if (this.unanswered === null || this.unanswered.cause === 'internal') this.unanswered = record;
    return record.cause === 'timeout' || record.cause === 'transport';
  }

  /** Why the target is unusable; `null` when it was heard, or when no attempt was left unanswered. */
  silence(target: string | null): AppError | null {
    const record = this.unanswered;
    if (this.heard || !record) return null;
    return new AppError('TARGET_SILENT', 'The target never answered', {
      where: target ?? undefined,
      found: whatWasFound(record),
      hint: 'Check address, port and transport, and that the target takes calls from this machine.',
    });
  }
}

function whatWasFound(record: CallRecord): string {
  switch (record.cause) {
    case 'timeout':
      return 'no response to an INVITE within 64·T1 = 32 s (Timer B)';
    case 'transport':
      return record.reason ?? 'transport error';
    case 'internal':
      return `no INVITE could be sent: ${record.reason ?? 'no reason given'}`;
    default:
      return 'no response to any INVITE before it was given up';
  }
}
