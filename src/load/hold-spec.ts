import { z } from 'zod';
import { duration } from '../core/units.js';
import { LONGEST_TAIL, sigmaOf } from './hold.js';

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
