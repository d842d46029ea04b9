import type { Rng } from '../core/rng.js';
import { type Fate, loseCopies, type StageModel } from './fate.js';

/**
 * Loss by a two-state Markov process (Gilbert 1960, Elliott 1963). The state held by a packet decides its loss, then the
 * transition to the next packet's state is drawn. The first state is drawn from the stationary distribution p/(p + r), so
 * that short calls lose as much as long ones on average. Three draws a packet; copies share the state.
 */
export class GilbertElliottLoss implements StageModel {
  private bad: boolean;

  constructor(
    private readonly p: number,
    private readonly r: number,
    private readonly lossGood: number,
    private readonly lossBad: number,
    private readonly rng: Rng,
  ) {
    this.bad = rng.uniform() < p / (p + r);
  }

  apply(fate: Fate): void {
    const loss = this.bad ? this.lossBad : this.lossGood;
    const first = this.rng.uniform() < loss;
    const second = this.rng.uniform() < loss;
    this.bad = this.rng.uniform() < (this.bad ? 1 - this.r : this.p);
    loseCopies(fate, first, second);
  }
}
