import type { Fate, StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** Media that starts late: what comes in the first `byMs` is dropped, or held and let go all at once. No draws. */
export class LateMedia implements StageModel {
  constructor(
    private readonly byMs: number,
    private readonly drops: boolean,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    const leftMs = fate.startMs + this.byMs - fate.arrivalMs;
    if (leftMs <= 0 || fate.copies === 0) return;
    this.tally.count++;
    if (this.drops) {
      fate.copies = 0;
      return;
    }
    if (fate.delayMs < leftMs) fate.delayMs = leftMs;
    if (fate.delayMs2 < leftMs) fate.delayMs2 = leftMs;
  }
}
