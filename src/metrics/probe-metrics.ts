import type { ProbeFigures } from '../probe/judge.js';
import { Distribution } from './distribution.js';
import type { ProbeSummary } from './media-summary.js';
import { withQuotients } from './quotient.js';

/** Adds up what markers told of one direction of the answered calls. */
export class ProbeMetrics {
  private calls = 0;
  private readonly counts = { sent: 0, heard: 0, missed: 0 };
  /** Whether anything tells of them at all. */
  private readonly known = { sent: false, heard: false, crossed: false, echoes: false };
  private crossedCalls = 0;
  private echoCalls = 0;
  private readonly delay = new Distribution();
  private readonly echoDelay = new Distribution();
  private readonly echoReturnLoss = new Distribution();
  private isHalfRoundTrip = false;

  add(figures: ProbeFigures): void {
    const { counts, known } = this;
    if (figures.crossed === null && figures.sent === null) return;
    this.calls++;
    if (figures.sent !== null) {
      known.sent = true;
      counts.sent += figures.sent;
      counts.missed += figures.missed ?? 0;
    }
    if (figures.heard !== null) {
      known.heard = true;
      counts.heard += figures.heard;
    }
    if (figures.crossed !== null) known.crossed = true;
    if (figures.crossed) this.crossedCalls++;
    if (figures.echoes !== null) known.echoes = true;
    if (figures.echoes) this.echoCalls++;
    if (figures.delayMs !== null) this.delay.record(figures.delayMs);
    if (figures.delaySource === 'half-round-trip') this.isHalfRoundTrip = true;
    if (figures.echoDelayMs !== null) this.echoDelay.record(figures.echoDelayMs);
    if (figures.echoReturnLossDb !== null) this.echoReturnLoss.record(figures.echoReturnLossDb);
  }

  summary(): ProbeSummary {
    const { counts, known } = this;
    const figures: Omit<ProbeSummary, 'missedRatio'> = {
      calls: this.calls,
      sent: known.sent ? counts.sent : null,
      heard: known.heard ? counts.heard : null,
      missed: known.sent ? counts.missed : null,
      mouthToEarMs: this.delay.percentiles(),
      delaySource: this.delay.count === 0 ? null : this.isHalfRoundTrip ? 'half-round-trip' : 'one-way',
      crossedCalls: known.crossed ? this.crossedCalls : null,
      echoCalls: known.echoes ? this.echoCalls : null,
      echoDelayMs: this.echoDelay.percentiles(),
      echoReturnLossDb: this.echoReturnLoss.lowPercentiles(),
    };
    return withQuotients(figures, { missedRatio: [counts.missed, counts.sent] });
  }
}
