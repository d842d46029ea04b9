import { z } from 'zod';
import { isOpaque } from '../core/codecs.js';
import { duration, ratio } from '../core/units.js';
import { machineSpec } from '../flow/machine-spec.js';
import { conversationSpec } from '../flow/spec.js';
import { transfersSpec } from '../flow/transfers-spec.js';
import { trunkIdentitySpec } from '../identity/spec.js';
import { agentSpec, turnsSpec } from '../voice/spec.js';
import { delaySpec } from './delay-spec.js';
import { q850, refusalStatus, scriptSpec } from './script-spec.js';

const screeningSpec = z
  .strictObject({
    allow: z
      .array(z.string().regex(/^\+?[0-9*#]+$/, 'expected a number or the beginning of one, such as +4930'))
      .min(1)
      .max(10_000)
      .describe('Caller numbers, or beginnings of them, as they stand in P-Asserted-Identity or else in From'),
    otherwise: z
      .enum(['refuse', 'withhold'])
      .default('refuse')
      .describe('What becomes of other calls, and of those without a number: 403, or taken with the number withheld'),
  })
  .describe('Whose numbers may be shown');

/** What one caller number may have of the trunk. */
const perCallerSpec = z
  .strictObject({
    channels: z.number().int().min(1).max(100_000).optional().describe('Calls at once of one caller number'),
    cps: z.number().gt(0).max(100_000).optional().describe('Call attempts per second of one caller number'),
    status: refusalStatus.default(403).describe('What more of them get'),
    cause: q850.optional().describe('Q.850 cause of the Reason header; none without it'),
  })
  .refine((p) => p.channels !== undefined || p.cps !== undefined, 'needs `channels` or `cps`')
  .describe(
    'Limits of each caller number, of P-Asserted-Identity or else of From, besides those of the trunk; calls without a number are one caller',
  );

const slowdownSpec = z
  .strictObject({
    above: ratio
      .refine((share) => share < 1, 'must lie below 100 %')
      .default(0.8)
      .describe('Share of the channels in use from which on calls are set up later'),
    upTo: duration.describe('How much later, when all channels are in use; less in proportion below that'),
  })
  .describe('Added to `ringAfter` of a call by the channels that are in use with it');

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
    turns: turnsSpec
      .optional()
      .describe('Persons that speak in turns with who calls, in place of `audio`: of runs with `inbound`'),
    screening: screeningSpec.optional(),
    identity: trunkIdentitySpec.optional(),
    perCaller: perCallerSpec.optional(),
    slowdown: slowdownSpec.optional(),
    transfers: transfersSpec.optional(),
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
