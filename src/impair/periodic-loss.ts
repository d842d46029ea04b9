import type { Fate, StageModel } from './fate.js';

/** The last `lose` packets of every `every`, with both copies. No draws. */
export class PeriodicLoss implements StageModel {
  private index = 0;

  constructor(
    private readonly lose: number,
    private readonly every: number,
  ) {}

  apply(fate: Fate): void {
    if (this.index >= this.every - this.lose) fate.copies = 0;
    if (++this.index === this.every) this.index = 0;
  }
}
