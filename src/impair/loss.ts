import type { Rng } from '../core/rng.js';
import { type Fate, loseCopies, type StageModel } from './fate.js';

/** Independent (Bernoulli) loss. Two draws a packet, one for each possible copy. */
export class BernoulliLoss implements StageModel {
  constructor(
    private readonly ratio: number,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const first = this.rng.uniform() < this.ratio;
    const second = this.rng.uniform() < this.ratio;
    loseCopies(fate, first, second);
  }
}

/** Lets p = 1 pass when it is computed from rounded figures. */
const ROUNDING = 1e-9;

/**
 * The simple Gilbert process with mean loss `ratio` and a mean run of `burst` losses: r = 1/B, p = L / (B·(1 − L)).
 * `null` when no such process exists (p would exceed 1).
 */
export function gilbertOf(ratio: number, burst: number): { p: number; r: number } | null {
  const p = ratio / (burst * (1 - ratio));
  return p <= 1 + ROUNDING ? { p: Math.min(1, p), r: 1 / burst } : null;
}
