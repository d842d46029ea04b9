import { z } from 'zod';
import { isOpaque } from '../core/codecs.js';
import { duration, ratio } from '../core/units.js';
import { conversationSpec } from '../flow/spec.js';
import { agentSpec } from '../voice/spec.js';
import { scriptSpec } from './script-spec.js';

const delayRange = z
  .union([
    duration.transform((ms) => ({ min: ms, max: ms })),
    z.strictObject({ min: duration, max: duration }).refine((d) => d.min <= d.max, 'min must not exceed max'),
  ])
  .describe('A time, or `{ min, max }` for an even spread');

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
    ringAfter: delayRange.default({ min: 0, max: 0 }),
    answerAfter: delayRange.default({ min: 0, max: 0 }),
    earlyMedia: z
      .boolean()
      .default(false)
      .describe('Rings with 183 and a description instead of 180, and plays before the answer'),
    agent: agentSpec.optional(),
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
  .describe('The built-in trunk');

export type TrunkSpec = z.infer<typeof trunkSpec>;
export type Fault = 'noRtp' | 'silence' | 'wrongCodec' | 'ignoreDtmf' | 'drop';
