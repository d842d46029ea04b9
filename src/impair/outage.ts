import { type Fate, loseCopies, type StageModel } from './fate.js';

/**
 * Nothing gets through in a window of time, counted from the pipeline's first packet on, once or again and again. What
 * counts is when a copy comes to this stage: its arrival and the delay of the stages before. No draws.
 */
export class Outage implements StageModel {
  /** @param everyMs `Infinity` for once */
  constructor(
    private readonly fromMs: number,
    private readonly forMs: number,
    private readonly everyMs: number,
  ) {}

  apply(fate: Fate): void {
    const sinceMs = fate.arrivalMs - fate.startMs - this.fromMs;
    loseCopies(fate, this.isDown(sinceMs + fate.delayMs), this.isDown(sinceMs + fate.delayMs2));
  }

  /** Nothing gets through, RTCP neither. */
  blocksRtcp(sinceMs: number): boolean {
    return this.isDown(sinceMs - this.fromMs);
  }

  private isDown(sinceMs: number): boolean {
    return sinceMs >= 0 && sinceMs % this.everyMs < this.forMs;
  }
}
