import type { Fate, StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** One-way audio: nothing of the direction gets through, RTCP as chosen. No draws. */
export class OneWay implements StageModel {
  constructor(
    private readonly dropsRtcp: boolean,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    if (fate.copies === 0) return;
    fate.copies = 0;
    this.tally.count++;
  }

  blocksRtcp(): boolean {
    return this.dropsRtcp;
  }
}
