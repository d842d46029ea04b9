import type { Rng } from '../core/rng.js';
import { type Distribution, latentCorrelation, paretoTail, tableOf, valueAt } from './distribution.js';
import type { Fate, StageModel } from './fate.js';

// A class for each distribution: numbers stay within one function then, where a call between classes would box them.

export interface JitterSpec {
  distribution: Distribution;
  /** In ms. */
  spread: number;
  /** Of the delays of neighbouring packets, 0 up to below 1; 0 when it is left out. */
  correlation?: number;
}

/**
 * A delay of `baseMs` and a random part; each copy draws its own. A delay below 0 counts as 0, so a spread that exceeds the
 * base bends the distribution. Two draws a copy where a normal variable takes part, one for uniform and pareto, none without
 * a random part; those of a second copy are made for every packet.
 */
export function delayOf(baseMs: number, jitter: JitterSpec | undefined, rng: Rng): StageModel {
  if (jitter === undefined) return new ConstantDelay(baseMs);
  const { distribution, spread, correlation = 0 } = jitter;
  if (correlation > 0) return new CorrelatedDelay(baseMs, spread, distribution, correlation, rng);
  switch (distribution) {
    case 'uniform':
      return new UniformDelay(baseMs, spread, rng);
    case 'normal':
      return new NormalDelay(baseMs, spread, rng);
    case 'pareto':
      return new ParetoDelay(baseMs, spread, rng);
    case 'pareto-normal':
      return new TableDelay(baseMs, spread, tableOf(distribution), rng);
    default:
      return distribution satisfies never;
  }
}

class ConstantDelay implements StageModel {
  constructor(private readonly baseMs: number) {}

  apply(fate: Fate): void {
    delay(fate, this.baseMs, this.baseMs);
  }
}

class UniformDelay implements StageModel {
  constructor(
    private readonly baseMs: number,
    private readonly spreadMs: number,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const { baseMs, spreadMs, rng } = this;
    const first = baseMs + spreadMs * (2 * rng.uniform() - 1);
    delay(fate, first, baseMs + spreadMs * (2 * rng.uniform() - 1));
  }
}

class NormalDelay implements StageModel {
  constructor(
    private readonly baseMs: number,
    private readonly spreadMs: number,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const { baseMs, spreadMs, rng } = this;
    const first = baseMs + spreadMs * rng.normal();
    if (fate.copies === 2) {
      delay(fate, first, baseMs + spreadMs * rng.normal());
      return;
    }
    rng.skip(2);
    delay(fate, first, 0);
  }
}

class ParetoDelay implements StageModel {
  constructor(
    private readonly baseMs: number,
    private readonly spreadMs: number,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const { baseMs, spreadMs, rng } = this;
    const first = baseMs + spreadMs * paretoTail(1 - rng.uniform());
    if (fate.copies === 2) {
      delay(fate, first, baseMs + spreadMs * paretoTail(1 - rng.uniform()));
      return;
    }
    rng.skip(1);
    delay(fate, first, 0);
  }
}

/** Any distribution by its values for a standard normal variable. */
class TableDelay implements StageModel {
  constructor(
    private readonly baseMs: number,
    private readonly spreadMs: number,
    private readonly table: Float64Array,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const { baseMs, spreadMs, table, rng } = this;
    const first = baseMs + spreadMs * valueAt(table, rng.normal());
    if (fate.copies === 2) {
      delay(fate, first, baseMs + spreadMs * valueAt(table, rng.normal()));
      return;
    }
    rng.skip(2);
    delay(fate, first, 0);
  }
}

/**
 * Neighbouring packets are alike: zₙ = ρ·zₙ₋₁ + √(1 − ρ²)·εₙ with standard normal ε is a first-order autoregressive process
 * whose values are standard normal at any time, and each becomes a value of the distribution by its quantile (ARTA: Cario and
 * Nelson 1996). So the distribution is the same as without correlation, where netem's sum of uniform numbers narrows it. ρ is
 * chosen so that the delays, not the z, have the wanted correlation. The second copy goes on from the same packet before.
 */
class CorrelatedDelay implements StageModel {
  private readonly table: Float64Array;
  private readonly rho: number;
  private readonly fresh: number;
  /** zₙ, and what of zₙ₋₁ is in it; in an array, because a field would be boxed anew for each packet. */
  private readonly state = new Float64Array(2);

  constructor(
    private readonly baseMs: number,
    private readonly spreadMs: number,
    distribution: Distribution,
    correlation: number,
    private readonly rng: Rng,
  ) {
    this.table = tableOf(distribution);
    this.rho = latentCorrelation(distribution, correlation);
    this.fresh = Math.sqrt(1 - this.rho * this.rho);
    this.state[0] = rng.normal();
  }

  apply(fate: Fate): void {
    const { rng, state } = this;
    state[1] = this.rho * state[0];
    state[0] = state[1] + this.fresh * rng.normal();
    const first = this.baseMs + this.spreadMs * valueAt(this.table, state[0]);
    if (fate.copies > 0 && first > 0) fate.delayMs += first;
    if (fate.copies === 2) this.delayCopy(fate);
    else rng.skip(2);
  }

  private delayCopy(fate: Fate): void {
    const second = this.baseMs + this.spreadMs * valueAt(this.table, this.state[1] + this.fresh * this.rng.normal());
    if (second > 0) fate.delayMs2 += second;
  }
}

function delay(fate: Fate, first: number, second: number): void {
  if (fate.copies === 0) return;
  if (first > 0) fate.delayMs += first;
  if (fate.copies === 2 && second > 0) fate.delayMs2 += second;
}
