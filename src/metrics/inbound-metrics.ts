import type { CallRecord } from './call-record.js';
import { isToBeAnswered } from './call-verdict.js';
import { Distribution, round } from './distribution.js';
import type { CallerHeard } from './inbound-record.js';
import { withQuotients } from './quotient.js';
import type { InboundSummary, MachineSummary } from './summary.js';

/** What the trunk says of the calls that came; times on the machine's clock. */
export interface Received {
  received: number;
  firstMs: number | null;
  lastMs: number | null;
  peakCps: number;
  /** Those that came when no further call was taken. */
  refusedLate: number;
  admitted: number;
}

/** How callers behave towards the population that answers them, over the calls that were taken. Holds no record. */
export class InboundMetrics {
  private readonly dealt: Record<string, number> = {};
  private toBeAnswered = 0;
  private cancelled = 0;
  private abandoned = 0;
  private notAcknowledged = 0;
  private endedByCaller = 0;
  private endedByUs = 0;
  private heard = 0;
  private silentCalls = 0;
  private readonly machine = { calls: 0, hungUp: 0, talkedOver: 0, messages: 0 };
  private readonly hangUp = new Distribution();
  private readonly talkOver = new Distribution();
  private readonly message = new Distribution();
  private readonly firstWord = new Distribution();
  private readonly cancel = new Distribution();
  private readonly acknowledgement = new Distribution();

  add(record: CallRecord): void {
    const { dealt = 'answered', timings, outcome } = record;
    this.dealt[dealt] = (this.dealt[dealt] ?? 0) + 1;
    const awaited = isToBeAnswered(record);
    if (awaited) this.toBeAnswered++;
    if (outcome === 'cancelled') {
      this.cancelled++;
      if (awaited) this.abandoned++;
      if (timings.inviteMs !== null && timings.finalMs !== null) this.cancel.record(timings.finalMs - timings.inviteMs);
    }
    if (record.answeredMs === null) return;
    if (timings.ackMs !== null) this.acknowledgement.record(timings.ackMs - record.answeredMs);
    else if (outcome !== 'stillUp') this.notAcknowledged++;
    if (record.hangupBy === 'remote') this.endedByCaller++;
    else if (record.hangupBy === 'local') this.endedByUs++;
    if (record.caller) this.hear(record, record.caller);
  }

  private hear(record: CallRecord, { firstWordMs, machine }: CallerHeard): void {
    this.heard++;
    if (firstWordMs !== null) this.firstWord.record(firstWordMs);
    else if (machine === null) this.silentCalls++;
    if (machine === null) return;
    this.machine.calls++;
    const { byeMs } = record.timings;
    if (machine.beepEndMs === null && record.hangupBy === 'remote' && byeMs !== null) {
      this.machine.hungUp++;
      this.hangUp.record(byeMs - record.answeredMs!);
    }
    if (machine.talkOverMs > 0) {
      this.machine.talkedOver++;
      this.talkOver.record(machine.talkOverMs);
    }
    if (machine.messageMs !== null) {
      this.machine.messages++;
      this.message.record(machine.messageMs - machine.beepEndMs!);
    }
  }

  summary({ received, firstMs, lastMs, peakCps, refusedLate, admitted }: Received): InboundSummary {
    const spanMs = firstMs === null || lastMs === null ? 0 : lastMs - firstMs;
    const figures = {
      received,
      receivedCps: spanMs > 0 ? round(((received - 1) * 1000) / spanMs) : null,
      peakCps: received > 0 ? peakCps : null,
      refused: received - admitted,
      refusedLate,
      dealt: { ...this.dealt },
      cancelled: this.cancelled,
      cancelMs: this.cancel.percentiles(),
      abandoned: this.abandoned,
      notAcknowledged: this.notAcknowledged,
      ackMs: this.acknowledgement.percentiles(),
      endedByCaller: this.endedByCaller,
      endedByUs: this.endedByUs,
      heard: this.heard,
      silentCalls: this.silentCalls,
      firstWordMs: this.firstWord.percentiles(),
      machine: this.machineSummary(),
    };
    return withQuotients(figures, { abandonedRatio: [this.abandoned, this.toBeAnswered] });
  }

  private machineSummary(): MachineSummary | null {
    const { machine } = this;
    if (machine.calls === 0) return null;
    return {
      ...machine,
      hangUpMs: this.hangUp.percentiles(),
      talkOverMs: this.talkOver.percentiles(),
      messageMs: this.message.percentiles(),
    };
  }
}
