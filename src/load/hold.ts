import { deriveSeed, Rng } from '../core/rng.js';
import type { HoldSpec } from './hold-spec.js';

/** Standard normal quantile of 95 %. */
const Z95 = 1.6448536269514722;
/** ln(p95 ÷ mean) = 1.645·σ − σ²/2 is highest where σ = 1.645: no log-normal distribution has a longer tail by that measure. */
export const LONGEST_TAIL = Math.exp((Z95 * Z95) / 2);

/** σ of the log-normal distribution with that mean and 95th percentile, the smaller of two; `null` where none has them. */
export function sigmaOf(meanMs: number, p95Ms: number): number | null {
  const root = Z95 * Z95 - 2 * Math.log(p95Ms / meanMs);
  return p95Ms > meanMs && root >= 0 ? Z95 - Math.sqrt(root) : null;
}

/** Mean hold time in ms. */
export function meanHoldMs(hold: HoldSpec): number {
  return typeof hold === 'number' ? hold : hold.mean;
}

/**
 * The hold time of each attempt in ms, by its number in the plan. It follows from seed and number alone, so that it is
 * the same however many threads share the plan.
 */
export function holdTimes(hold: HoldSpec, seed: number): (attempt: number) => number {
  if (typeof hold === 'number' || hold.kind === 'fixed') {
    const ms = meanHoldMs(hold);
    return () => ms;
  }
  const rngOf = (attempt: number): Rng => new Rng(deriveSeed(seed, 'hold', attempt));
  if (hold.kind === 'exponential') return (attempt) => hold.mean * unitExponential(rngOf(attempt));
  const sigma = hold.sigma ?? sigmaOf(hold.mean, hold.p95!)!;
  const mu = Math.log(hold.mean) - (sigma * sigma) / 2;
  return (attempt) => Math.exp(mu + sigma * rngOf(attempt).normal());
}

/** Exponentially distributed with mean 1, one draw. */
export function unitExponential(rng: Rng): number {
  return -Math.log((rng.uint32() + 1) / 4294967296);
}
