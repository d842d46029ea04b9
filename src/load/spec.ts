import { z } from 'zod';
import { duration } from '../core/units.js';
import { readBusiest } from './cdr-file.js';

const MOST_CPS = 20_000;
/** A rate that changes more often is none. */
const LEAST_EVERY_MS = 100;

const cps = z.number().gt(0).max(MOST_CPS).describe('Call attempts per second');
const length = duration.describe('How long the stage lasts');
const arrivals = z
  .enum(['even', 'poisson'])
  .optional()
  .describe('Attempts evenly spaced (`even`, unless said), or as a Poisson process has them, by the seed');
const every = duration.refine((ms) => ms >= LEAST_EVERY_MS, `must be ${LEAST_EVERY_MS} ms or more`);

const constant = z
  .strictObject({ shape: z.literal('constant'), cps, arrivals, for: length })
  .describe('A constant rate of attempts');

const ramp = z
  .strictObject({
    shape: z.literal('ramp'),
    cps: cps.describe('Rate at the end; it starts at the rate where the stage before ended, or 0'),
    arrivals,
    for: length,
  })
  .describe('A rate that changes evenly');

const rate = z.number().min(0).max(MOST_CPS);

const steps = z
  .strictObject({
    shape: z.literal('steps'),
    from: rate.describe('Rate of the first step, in attempts per second'),
    by: z.number().describe('Added to the rate with each further step; below 0 it falls'),
    every: every.describe('How long a step lasts'),
    arrivals,
    for: length,
  })
  .superRefine(({ from, by, every: stepMs, for: lengthMs }, context) => {
    const count = Math.max(1, Math.ceil(lengthMs / stepMs));
    const last = from + (count - 1) * by;
    if (last < -1e-9 || last > MOST_CPS)
      context.addIssue({
        code: 'custom',
        path: ['by'],
        message: `the last of ${count} steps would have ${last} cps (${from} + ${count - 1} × ${by}): it must lie within 0–${MOST_CPS}`,
      });
  })
  .describe('A rate that changes in steps');

const sawtooth = z
  .strictObject({
    shape: z.literal('sawtooth'),
    from: rate.describe('Rate at the start of each tooth, in attempts per second'),
    to: rate.describe('Rate at its end, where it goes back to `from` at once'),
    every: every.describe('How long a tooth lasts'),
    arrivals,
    for: length,
  })
  .describe('A rate that changes evenly and goes back at once, over and over');

const HOUR_MS = 3_600_000;

const replay = z
  .strictObject({
    shape: z.literal('replay'),
    file: z.string().describe('CSV file of call detail records, whose first line names the columns'),
    columns: z
      .strictObject({
        start: z.string().default('start').describe('When a call began: ISO 8601, or seconds or ms since 1970'),
        duration: z.string().default('duration').describe('How long it lasted from its answer: seconds, or h:mm:ss'),
        from: z
          .string()
          .optional()
          .describe('Who called, in place of `calls.from`, or as {from} within it; without it nobody that is recorded'),
        to: z
          .string()
          .optional()
          .describe('Who was called, in place of `calls.to`, or as {to} within it; without it nobody that is recorded'),
      })
      .prefault({})
      .describe('Names of the columns'),
    factor: z.number().gt(0).max(1000).default(1).describe('How many times the recorded calls'),
    for: duration
      .refine((ms) => ms > 0, 'must be above 0')
      .default(HOUR_MS)
      .describe('The busiest stretch of that length is taken'),
  })
  .transform((stage) => ({ ...stage, recorded: readBusiest(stage.file, stage.columns, stage.for) }))
  .describe('The busiest hour of recorded calls, with their own hold times');

const concurrent = z
  .strictObject({
    shape: z.literal('concurrent'),
    calls: z.number().int().min(0).max(200_000).describe('Concurrent calls wanted at the end of the stage'),
    for: length,
  })
  .describe('A number of concurrent calls that changes evenly: each call that ends is replaced');

const spike = z
  .strictObject({
    shape: z.literal('spike'),
    base: cps.describe('Rate before and after the spike'),
    cps: cps.describe('Rate within the spike'),
    at: duration.describe('When the spike begins, from the start of the stage'),
    lasts: duration.describe('How long the spike lasts'),
    arrivals,
    for: length,
  })
  .refine((s) => s.at + s.lasts <= s.for, {
    message: 'the spike must end within the stage: at + lasts ≤ for',
    path: ['lasts'],
  })
  .describe('A constant rate with one burst in it');

/** One stage of the load. */
export const loadStage = z.discriminatedUnion('shape', [constant, ramp, steps, sawtooth, spike, concurrent, replay]);

/** The load of a run: stages, one after the other. */
export const loadSpec = z.array(loadStage).min(1);

export type LoadStage = z.infer<typeof loadStage>;

/** When the last attempt may be due, in ms from the start. */
export function loadLengthMs(stages: readonly LoadStage[]): number {
  return stages.reduce((sum, stage) => sum + stage.for, 0);
}
