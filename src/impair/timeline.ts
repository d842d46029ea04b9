import type { Fate, StageModel } from './fate.js';
import type { StageChain } from './stage-chain.js';
import type { TruthCounter } from './truth-counter.js';

/** What is in force for a time. */
export interface TimelinePhase {
  name: string;
  forMs: number;
  chain: StageChain;
}

/** What the truth calls the time after the last phase. */
const AFTER = 'after the timeline';

/**
 * Stages that change with the time since the direction's first packet: one phase after the other, then nothing, or the first
 * phase again. Within a phase time counts from its beginning. A phase that comes again goes on with its generators.
 */
export class Timeline implements StageModel {
  private readonly lengthMs: number;
  private current: TimelinePhase | null = null;
  private fromMs = Number.POSITIVE_INFINITY;
  private untilMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly phases: readonly TimelinePhase[],
    private readonly repeats: boolean,
    private readonly truth: TruthCounter,
  ) {
    this.lengthMs = phases.reduce((sum, { forMs }) => sum + forMs, 0);
  }

  apply(fate: Fate): void {
    const sinceMs = fate.arrivalMs - fate.startMs;
    if (sinceMs >= this.untilMs) this.enter(sinceMs, fate.startMs);
    if (this.current === null) return;
    const { startMs } = fate;
    fate.startMs = startMs + this.fromMs;
    this.current.chain.apply(fate);
    fate.startMs = startMs;
  }

  more(fate: Fate): boolean {
    if (this.current === null) return false;
    const { startMs } = fate;
    fate.startMs = startMs + this.fromMs;
    const isMore = this.current.chain.more(fate);
    fate.startMs = startMs;
    return isMore;
  }

  blocksRtcp(sinceMs: number): boolean {
    const { phase, fromMs } = this.phaseAt(sinceMs);
    return phase?.chain.blocksRtcp(sinceMs - fromMs) ?? false;
  }

  private enter(sinceMs: number, startMs: number): void {
    const { phase, fromMs } = this.phaseAt(sinceMs);
    this.current = phase;
    this.fromMs = fromMs;
    this.untilMs = phase === null ? Number.POSITIVE_INFINITY : fromMs + phase.forMs;
    this.truth.enter(phase?.name ?? AFTER, startMs + fromMs);
  }

  private phaseAt(sinceMs: number): { phase: TimelinePhase | null; fromMs: number } {
    const rounds = this.repeats && sinceMs >= 0 ? Math.floor(sinceMs / this.lengthMs) : 0;
    let fromMs = rounds * this.lengthMs;
    for (const phase of this.phases) {
      if (sinceMs < fromMs + phase.forMs) return { phase, fromMs };
      fromMs += phase.forMs;
    }
    // Sums of fractions of a ms come out a little short: the next round has begun.
    return { phase: this.repeats ? this.phases[0] : null, fromMs };
  }
}
