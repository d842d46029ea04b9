import { z } from 'zod';
import { duration } from '../core/units.js';

const at = duration.describe('When, from the first call that reaches the trunk');

/** A challenge without a nonce is nothing that a caller could answer. */
const CHALLENGES = new Set([401, 407]);

export const refusalStatus = z
  .number()
  .int()
  .min(400, 'must be a failure: 400 to 699')
  .max(699, 'must be a failure: 400 to 699')
  .refine((status) => !CHALLENGES.has(status), '401 and 407 are challenges: take 403 to turn a call away');

export const q850 = z.number().int().min(1).max(127);

const refuse = z
  .strictObject({
    at,
    do: z.literal('refuse'),
    status: refusalStatus.default(503),
    cause: q850.optional().describe('Q.850 cause of the Reason header; none without it'),
    retryAfter: duration
      .transform((ms) => Math.ceil(ms / 1000))
      .optional()
      .describe('Retry-After, rounded up to whole seconds'),
  })
  .describe('Every new call is refused, OPTIONS too; calls that are up go on');

const silence = z
  .strictObject({
    at,
    do: z.literal('silence'),
    rtp: z.enum(['keep', 'stop']).default('keep').describe('Whether RTP and RTCP of the calls that are up go on'),
  })
  .describe('No SIP message is heard or sent, within dialogs neither');

const serve = z.strictObject({ at, do: z.literal('serve') }).describe('Back in service: ends `refuse` and `silence`');

const restart = z
  .strictObject({
    at: at.refine((ms) => ms > 0, 'must be later than 0: before its first call a trunk has none to forget'),
    do: z.literal('restart'),
  })
  .describe(
    'Forgets every call without a word and serves: 481 to what comes for them, no RTP any more, all channels free',
  );

const limit = z
  .strictObject({
    at,
    do: z.literal('limit'),
    channels: z.number().int().min(1).max(100_000).optional(),
    cps: z
      .union([z.number().gt(0).max(100_000), z.literal('none')])
      .optional()
      .describe('`none` takes the cap away'),
  })
  .refine((s) => s.channels !== undefined || s.cps !== undefined, 'needs `channels` or `cps`')
  .describe('Other limits from then on; calls that are up go on');

/** What a trunk goes through while it is called. */
export const scriptSpec = z
  .array(z.discriminatedUnion('do', [refuse, silence, serve, restart, limit]))
  .max(1000)
  .superRefine((steps, context) => {
    for (let i = 1; i < steps.length; i++)
      if (steps[i].at < steps[i - 1].at)
        context.addIssue({
          code: 'custom',
          path: [i, 'at'],
          message: 'comes before the step above: put them in order',
        });
  })
  .default([])
  .describe('What the trunk goes through, by the time since its first call');

export type ScriptStep = z.infer<typeof scriptSpec>[number];
