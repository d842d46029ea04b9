import type { Rng } from '../core/rng.js';
import type { Fate, StageModel } from './fate.js';

export type Distribution = 'constant' | 'uniform' | 'normal' | 'pareto';

/** Shape of the Pareto (Lomax) tail: finite mean and variance, and one packet in 1,000 beyond 18 times the mean. */
const PARETO_SHAPE = 3;
/** The tail ends at this many times the mean. */
const PARETO_CAP = 20;

/**
 * The scale of a Lomax distribution whose mean is 1 after everything above the cap was put on it:
 * E[min(X, c)] = s/(α − 1) · (1 − (1 + c/s)^(1 − α)), solved for s by fixed-point iteration.
 */
const paretoScale = ((): number => {
  let scale = PARETO_SHAPE - 1;
  for (let i = 0; i < 50; i++) scale = (PARETO_SHAPE - 1) / (1 - (1 + PARETO_CAP / scale) ** (1 - PARETO_SHAPE));
  return scale;
})();

/**
 * Delay, constant and distributed; each copy draws its own. A delay below 0 counts as 0, so a spread that exceeds the
 * base bends the distribution. With `keepOrder` a packet leaves no earlier than the one before it (first in, first out).
 * Two draws a copy for the normal distribution, one for uniform and pareto, none for a constant delay; the draws of a
 * second copy are made for every packet.
 */
export class Delay implements StageModel {
  private lastDueMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly baseMs: number,
    private readonly distribution: Distribution,
    private readonly spreadMs: number,
    private readonly keepOrder: boolean,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const first = this.draw();
    let second = 0;
    if (fate.copies === 2) second = this.draw();
    else this.skip();
    if (fate.copies === 0) return;
    fate.delayMs += first;
    if (fate.copies === 2) fate.delayMs2 += second;
    if (!this.keepOrder) return;
    fate.delayMs = this.inOrder(fate.arrivalMs, fate.delayMs);
    if (fate.copies === 2) fate.delayMs2 = this.inOrder(fate.arrivalMs, fate.delayMs2);
  }

  /** The delay with which the packet is due no earlier than the one before it. */
  private inOrder(arrivalMs: number, delayMs: number): number {
    let kept = delayMs;
    if (arrivalMs + kept < this.lastDueMs) {
      kept = this.lastDueMs - arrivalMs;
      // Rounding may leave the sum just short of the due time, and the packet would overtake after all.
      for (let step = 1e-7; arrivalMs + kept < this.lastDueMs; step *= 2) kept += step;
    }
    this.lastDueMs = arrivalMs + kept;
    return kept;
  }

  private draw(): number {
    let delayMs = this.baseMs;
    switch (this.distribution) {
      case 'constant':
        break;
      case 'uniform':
        delayMs += this.spreadMs * (2 * this.rng.uniform() - 1);
        break;
      case 'normal':
        delayMs += this.spreadMs * this.rng.normal();
        break;
      case 'pareto': {
        const tail = paretoScale * ((1 - this.rng.uniform()) ** (-1 / PARETO_SHAPE) - 1);
        delayMs += this.spreadMs * (tail < PARETO_CAP ? tail : PARETO_CAP);
        break;
      }
      default:
        this.distribution satisfies never;
    }
    return delayMs > 0 ? delayMs : 0;
  }

  /** Makes the draws of a copy that does not exist. */
  private skip(): void {
    if (this.distribution === 'constant') return;
    this.rng.uint32();
    if (this.distribution === 'normal') this.rng.uint32();
  }
}
