import type { Rng } from '../core/rng.js';
import { type Distribution, latentCorrelation, paretoTail, tableOf, valueAt } from './distribution.js';

/** The random part of a delay, in ms. For each packet `first` is called, and then `second` or, where there is no copy, `skip`. */
export interface Jitter {
  first(): number;
  second(): number;
  /** Makes the draws of a copy that does not exist. */
  skip(): void;
}

interface JitterSpec {
  distribution: Distribution;
  /** In ms. */
  spread: number;
  /** Of the delays of neighbouring packets, 0 up to below 1; 0 when it is left out. */
  correlation?: number;
}

export function jitterOf({ distribution, spread, correlation = 0 }: JitterSpec, rng: Rng): Jitter {
  return correlation > 0
    ? new CorrelatedJitter(distribution, spread, correlation, rng)
    : new IndependentJitter(distribution, spread, rng);
}

/** Each copy draws its own. Two draws a copy where the normal distribution takes part, one for uniform and pareto. */
class IndependentJitter implements Jitter {
  /** Of the one distribution whose quantile has no formula that is quick. */
  private readonly table: Float64Array | null;

  constructor(
    private readonly distribution: Distribution,
    private readonly spreadMs: number,
    private readonly rng: Rng,
  ) {
    this.table = distribution === 'pareto-normal' ? tableOf(distribution) : null;
  }

  first(): number {
    const { rng, spreadMs } = this;
    switch (this.distribution) {
      case 'uniform':
        return spreadMs * (2 * rng.uniform() - 1);
      case 'normal':
        return spreadMs * rng.normal();
      case 'pareto':
        return spreadMs * paretoTail(1 - rng.uniform());
      case 'pareto-normal':
        return spreadMs * valueAt(this.table!, rng.normal());
      default:
        return this.distribution satisfies never;
    }
  }

  second(): number {
    return this.first();
  }

  skip(): void {
    this.rng.uint32();
    if (this.distribution === 'normal' || this.distribution === 'pareto-normal') this.rng.uint32();
  }
}

/**
 * Neighbouring packets are alike: zₙ = ρ·zₙ₋₁ + √(1 − ρ²)·εₙ with standard normal ε is a first-order autoregressive process
 * whose values are standard normal at any time, and each becomes a value of the distribution by its quantile (ARTA: Cario and
 * Nelson 1996). So the distribution is the same as without correlation, where netem's sum of uniform numbers narrows it. ρ is
 * chosen so that the delays, not the z, have the wanted correlation. The second copy goes on from the same packet before.
 * Two draws a copy.
 */
class CorrelatedJitter implements Jitter {
  private readonly table: Float64Array;
  private readonly rho: number;
  private readonly fresh: number;
  private z: number;
  private before = 0;

  constructor(
    distribution: Distribution,
    private readonly spreadMs: number,
    correlation: number,
    private readonly rng: Rng,
  ) {
    this.table = tableOf(distribution);
    this.rho = latentCorrelation(distribution, correlation);
    this.fresh = Math.sqrt(1 - this.rho * this.rho);
    this.z = rng.normal();
  }

  first(): number {
    this.before = this.z;
    this.z = this.next();
    return this.spreadMs * valueAt(this.table, this.z);
  }

  second(): number {
    return this.spreadMs * valueAt(this.table, this.next());
  }

  skip(): void {
    this.rng.uint32();
    this.rng.uint32();
  }

  private next(): number {
    return this.rho * this.before + this.fresh * this.rng.normal();
  }
}
