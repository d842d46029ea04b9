import { z } from 'zod';
import { isOpaque } from '../core/codecs.js';
import { duration, ratio } from '../core/units.js';
import { machineSpec } from '../flow/machine-spec.js';
import { conversationSpec } from '../flow/spec.js';
import { agentSpec } from '../voice/spec.js';
import { delaySpec } from './delay-spec.js';
import { scriptSpec } from './script-spec.js';

/** What becomes of calls that were admitted; the rest is answered. */
const outcomesSpec = z
  .strictObject({
    busy: ratio.default(0).describe('486 with Reason Q.850 17 in place of ringing'),
    noAnswer: ratio.default(0).describe('Rings until it is cancelled, or for `ringFor`'),
    ringFor: duration
      .refine((ms) => ms > 0, 'must be above 0')
      .optional()
      .describe('A call that nobody answers gets 480 with Reason Q.850 19 so long after its ringing; never without it'),
    reject: ratio.default(0).describe('603 with Reason Q.850 21 in place of the answer'),
    unallocated: ratio.default(0).describe('404 with Reason Q.850 1 in place of ringing'),
    machine: ratio.default(0).describe('An answering machine answers, see `machine`'),
  })
  .refine(
    (o) => o.busy + o.noAnswer + o.reject + o.unallocated + o.machine <= 1,
    'the shares of all outcomes must not exceed 100 % together',
  )
  .describe('Shares of admitted calls by what becomes of them; the rest is answered');

/** The simulated carrier. */
export const trunkSpec = conversationSpec
  .extend({
    channels: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(100)
      .describe('Calls that it carries at once, ringing ones included'),
    cps: z.number().gt(0).max(100_000).optional().describe('Call attempts that it admits per second; more are refused'),
    whenFull: z
      .enum(['503', '486', 'silence'])
      .default('503')
      .describe(
        'What a call gets when no channel is free: 503 with Reason Q.850 34, 486 without one, or no answer at all',
      ),
    whenTooFast: z
      .enum(['503', '486', 'silence'])
      .default('503')
      .describe('What a call gets beyond `cps`; 503 with Reason Q.850 42'),
    ringAfter: delaySpec.default({ min: 0, max: 0 }),
    answerAfter: delaySpec.default({ min: 0, max: 0 }),
    earlyMedia: z
      .boolean()
      .default(false)
      .describe('Rings with 183 and a description instead of 180, and plays before the answer'),
    agent: agentSpec.optional(),
    outcomes: outcomesSpec.optional(),
    machine: machineSpec.prefault({}),
    script: scriptSpec,
    faults: z
      .strictObject({
        noRtp: ratio.default(0).describe('Answers, but sends no RTP at all'),
        silence: ratio.default(0).describe('Answers and sends RTP that carries silence'),
        wrongCodec: ratio.default(0).describe('Answers with a codec that was not offered (G.722)'),
        ignoreDtmf: ratio.default(0).describe('Does not hear digits'),
        drop: ratio.default(0).describe('Ends the call by itself in mid-conversation'),
        dropAfter: duration.default(3000).describe('When it does so, from the answer'),
      })
      .refine(
        (f) => f.noRtp + f.silence + f.wrongCodec + f.ignoreDtmf + f.drop <= 1,
        'the shares of all faults must not exceed 100 % together',
      )
      .prefault({})
      .describe('Shares of answered calls with a fault; a call has at most one'),
  })
  .refine(({ codecs, faults }) => faults.silence === 0 || !codecs.some(isOpaque), {
    path: ['faults'],
    error: 'silence cannot be sent with codecs that are not encoded here: G729, AMR, AMR-WB, EVS',
  })
  .refine(({ codecs, outcomes }) => !outcomes?.machine || !codecs.some(isOpaque), {
    path: ['outcomes', 'machine'],
    error: 'a machine says nothing with codecs that are not encoded here: G729, AMR, AMR-WB, EVS',
  })
  .describe('The built-in trunk');

export type TrunkSpec = z.infer<typeof trunkSpec>;
export type Outcome = Exclude<keyof NonNullable<TrunkSpec['outcomes']>, 'ringFor'>;
export type Fault = 'noRtp' | 'silence' | 'wrongCodec' | 'ignoreDtmf' | 'drop';
