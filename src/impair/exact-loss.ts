import type { Rng } from '../core/rng.js';
import type { Fate, StageModel } from './fate.js';

/**
 * Exactly `lose` packets of every `of`, at places drawn anew for each such block: a packet is lost with the probability
 * (still to lose) ÷ (still to come), which makes every choice of places equally likely (selection sampling, Knuth,
 * TAOCP 2, 3.4.2, algorithm S). A lost packet loses both copies. One draw a packet.
 */
export class ExactLoss implements StageModel {
  private toLose: number;
  private toCome: number;

  constructor(
    private readonly lose: number,
    private readonly of: number,
    private readonly rng: Rng,
  ) {
    this.toLose = lose;
    this.toCome = of;
  }

  apply(fate: Fate): void {
    const lost = this.rng.uniform() * this.toCome < this.toLose;
    if (lost) {
      this.toLose--;
      fate.copies = 0;
    }
    if (--this.toCome > 0) return;
    this.toLose = this.lose;
    this.toCome = this.of;
  }
}
