import type { Rng } from '../core/rng.js';
import type { Fate, StageModel } from './fate.js';

/**
 * Makes a second copy of some packets. The copy leaves together with the first one unless a later stage delays them
 * apart. A packet has two copies at most. One draw a packet.
 */
export class Duplicate implements StageModel {
  constructor(
    private readonly ratio: number,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const twice = this.rng.uniform() < this.ratio;
    if (!twice || fate.copies !== 1) return;
    fate.copies = 2;
    fate.delayMs2 = fate.delayMs;
  }
}
