import { z } from 'zod';
import { ratio } from '../core/units.js';
import { gateSpec } from './gate-spec.js';

/** What telephony must do before it goes to callers, criterion by criterion. */
export const readinessSpec = z
  .array(
    z
      .strictObject({
        criterion: z.string().min(1).max(60).describe('What is asked for, in words'),
        gate: gateSpec.optional().describe('What measures it: a gate as in `gates`, which counts for the verdict, too'),
        threshold: z
          .string()
          .min(1)
          .max(40)
          .optional()
          .describe('The threshold in words, of a criterion that no figure of a run measures'),
        headroom: ratio
          .optional()
          .describe(
            'Calls at once beyond the expected peak, by a search for capacity (`run --capacity`), which counts for the verdict',
          ),
      })
      .refine((one) => [one.gate, one.threshold, one.headroom].filter((given) => given !== undefined).length === 1, {
        message: 'expected one of `gate`, `headroom`, and `threshold` where nothing measures it',
      }),
  )
  .default([])
  .describe('Criteria that the report lists with threshold, measured value and result');
