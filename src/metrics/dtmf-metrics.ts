import type { DigitCounts } from '../quality/dtmf-match.js';
import type { DtmfRecord } from './call-record.js';
import { Distribution } from './distribution.js';
import type { DtmfSummary } from './media-summary.js';
import { withQuotients } from './quotient.js';

/** Digits of one direction of all answered calls. */
export class DtmfMetrics {
  private calls = 0;
  private sentCalls = 0;
  private sent = 0;
  private unnegotiated = 0;
  private affected = 0;
  private readonly total: DigitCounts = {
    received: 0,
    lost: 0,
    merged: 0,
    duplicated: 0,
    wrong: 0,
    late: 0,
    short: 0,
    unended: 0,
  };
  private readonly delay = new Distribution();

  add({ sent, counts, unnegotiated, digits }: DtmfRecord): void {
    if (sent !== null) {
      this.sentCalls++;
      this.sent += sent.length;
    }
    if (counts === null) return;
    this.calls++;
    for (const key of Object.keys(this.total) as (keyof DigitCounts)[]) this.total[key] += counts[key];
    this.unnegotiated += unnegotiated?.length ?? 0;
    if (counts.lost > 0) this.affected++;
    for (const { result, delayMs } of digits) if (result === 'received' && delayMs !== null) this.delay.record(delayMs);
  }

  summary(): DtmfSummary {
    const isKnown = this.calls > 0;
    const known = (count: number): number | null => (isKnown ? count : null);
    const { received, lost, merged, duplicated, wrong, late, short, unended } = this.total;
    // Of the calls of which both sides are known: what was sent into the unknown is neither received nor lost.
    const ofBoth = received + lost;
    const figures = {
      sent: this.sentCalls > 0 ? this.sent : null,
      received: known(received),
      lost: known(lost),
      merged: known(merged),
      duplicated: known(duplicated),
      wrong: known(wrong),
      late: known(late),
      short: known(short),
      unended: known(unended),
      unnegotiated: known(this.unnegotiated),
      delayMs: this.delay.percentiles(),
      callsAffected: known(this.affected),
    };
    return withQuotients(figures, {
      lossRatio: [lost, ofBoth],
      mergedRatio: [merged, ofBoth],
      duplicatedRatio: [duplicated, ofBoth],
      wrongRatio: [wrong, ofBoth],
      lateRatio: [late, ofBoth],
    });
  }
}
