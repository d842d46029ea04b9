import type { Rng } from '../core/rng.js';
import type { Fate, StageModel } from './fate.js';

/** Holds some packets back by a fixed time, so that later ones overtake them. Two draws a packet, one for each copy. */
export class Reorder implements StageModel {
  constructor(
    private readonly ratio: number,
    private readonly byMs: number,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    if (this.rng.uniform() < this.ratio) fate.delayMs += this.byMs;
    if (this.rng.uniform() < this.ratio) fate.delayMs2 += this.byMs;
  }
}
