import type { Rng } from '../core/rng.js';
import type { DelaySpec } from './delay-spec.js';

/** A delay in ms; how many draws it takes follows from the distribution alone. */
export function drawDelay(spec: DelaySpec, rng: Rng): number {
  if (!('kind' in spec)) return spec.min + (spec.max - spec.min) * rng.uniform();
  const { mean, max = Number.POSITIVE_INFINITY } = spec;
  switch (spec.kind) {
    case 'exponential':
      return Math.min(max, -mean * Math.log(1 - rng.uniform()));
    case 'lognormal':
      // The mean of e^(µ + σ·z) is e^(µ + σ²/2).
      return Math.min(max, Math.exp(Math.log(mean) - spec.sigma ** 2 / 2 + spec.sigma * rng.normal()));
    default:
      return spec satisfies never;
  }
}
