import { z } from 'zod';
import { duration } from '../core/units.js';

const cps = z.number().gt(0).max(20_000).describe('Call attempts per second');
const length = duration.describe('How long the stage lasts');

const constant = z
  .strictObject({ shape: z.literal('constant'), cps, for: length })
  .describe('A constant rate of attempts');

const ramp = z
  .strictObject({
    shape: z.literal('ramp'),
    cps: cps.describe('Rate at the end; it starts at the rate where the stage before ended, or 0'),
    for: length,
  })
  .describe('A rate that changes evenly');

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
    for: length,
  })
  .refine((s) => s.at + s.lasts <= s.for, {
    message: 'the spike must end within the stage: at + lasts ≤ for',
    path: ['lasts'],
  })
  .describe('A constant rate with one burst in it');

/** One stage of the load. */
export const loadStage = z.discriminatedUnion('shape', [constant, ramp, concurrent, spike]);

/** The load of a run: stages, one after the other. */
export const loadSpec = z.array(loadStage).min(1);

export type LoadStage = z.infer<typeof loadStage>;

/** When the last attempt may be due, in ms from the start. */
export function loadLengthMs(stages: readonly LoadStage[]): number {
  return stages.reduce((sum, stage) => sum + stage.for, 0);
}
