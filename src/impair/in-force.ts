import type { Fate, StageModel } from './fate.js';

/** A stage that is in force for a time only; outside of it packets pass untouched, and it draws nothing. */
export class InForce implements StageModel {
  /** @param afterMs, untilMs from the first packet of the direction on */
  constructor(
    private readonly inner: StageModel,
    private readonly afterMs: number,
    private readonly untilMs: number,
  ) {}

  apply(fate: Fate): void {
    if (this.isOpen(fate.arrivalMs - fate.startMs)) this.inner.apply(fate);
  }

  more(fate: Fate): boolean {
    return this.inner.more?.(fate) ?? false;
  }

  blocksRtcp(sinceMs: number): boolean {
    return this.isOpen(sinceMs) && (this.inner.blocksRtcp?.(sinceMs) ?? false);
  }

  private isOpen(sinceMs: number): boolean {
    return sinceMs >= this.afterMs && sinceMs < this.untilMs;
  }
}
