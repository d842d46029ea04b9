import { z } from 'zod';
import { duration } from '../core/units.js';

const mean = duration.refine((ms) => ms > 0, 'must be above 0');
const max = duration.optional().describe('What is drawn above that becomes that');

const exponential = z
  .strictObject({ kind: z.literal('exponential'), mean, max })
  .refine((d) => d.max === undefined || d.max >= d.mean, { path: ['max'], error: 'must not lie below the mean' });

const lognormal = z
  .strictObject({
    kind: z.literal('lognormal'),
    mean,
    sigma: z.number().gt(0).max(3).describe('Standard deviation of the logarithm'),
    max,
  })
  .refine((d) => d.max === undefined || d.max >= d.mean, { path: ['max'], error: 'must not lie below the mean' });

/** How long something takes, drawn for each call. */
export const delaySpec = z
  .union([
    duration.transform((ms) => ({ min: ms, max: ms })),
    z.strictObject({ min: duration, max: duration }).refine((d) => d.min <= d.max, 'min must not exceed max'),
    z.discriminatedUnion('kind', [exponential, lognormal]),
  ])
  .describe(
    'A time, `{ min, max }` for an even spread, `{ kind: exponential, mean }` or `{ kind: lognormal, mean, sigma }`, both with a `max` where wanted',
  );

export type DelaySpec = z.infer<typeof delaySpec>;
