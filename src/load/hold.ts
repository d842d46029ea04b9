import { z } from 'zod';
import { deriveSeed, Rng } from '../core/rng.js';
import { duration } from '../core/units.js';

/** Standard normal quantile of 95 %. */
const Z95 = 1.6448536269514722;
/** ln(p95 ÷ mean) = 1.645·σ − σ²/2 is highest where σ = 1.645: no log-normal distribution has a longer tail by that measure. */
const LONGEST_TAIL = Math.exp((Z95 * Z95) / 2);

const mean = duration.refine((ms) => ms > 0, 'must be above 0');

const fixed = z.strictObject({ kind: z.literal('fixed'), mean: duration }).describe('Every call lasts equally long');

const exponential = z
  .strictObject({ kind: z.literal('exponential'), mean })
  .describe('Negative exponential, as Erlang’s formulas are derived for');

const lognormal = z
  .strictObject({
    kind: z.literal('lognormal'),
    mean,
    sigma: z.number().gt(0).max(3).optional().describe('Standard deviation of the logarithm'),
    p95: duration.optional().describe('What 95 % of the calls stay below, in place of `sigma`'),
  })
  .superRefine((given, context) => {
    if ((given.sigma === undefined) === (given.p95 === undefined))
      context.addIssue({ code: 'custom', message: 'needs either `sigma` or `p95`' });
    else if (given.p95 !== undefined && sigmaOf(given.mean, given.p95) === null)
      context.addIssue({
        code: 'custom',
        path: ['p95'],
        message: `must lie above the mean and at most at ${LONGEST_TAIL.toFixed(2)} times the mean: no log-normal distribution is different`,
      });
  })
  .describe('Log-normal, as the lengths of real conversations mostly are');

/** How long a call lasts from its answer: a duration, or a distribution of which each attempt draws. */
export const holdSpec = z
  .union([duration, z.discriminatedUnion('kind', [fixed, exponential, lognormal])])
  .default(30_000);

export type HoldSpec = z.infer<typeof holdSpec>;

/** σ of the log-normal distribution with that mean and 95th percentile, the smaller of two; `null` where none has them. */
function sigmaOf(meanMs: number, p95Ms: number): number | null {
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
