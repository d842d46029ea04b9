import { z } from 'zod';
import { toneFrequencies } from '../../audio/sound.js';
import { CODEC_NAMES } from '../../core/codecs.js';
import { duration } from '../../core/units.js';
import { dtmfSpec } from '../dtmf-spec.js';

/** Fields that every step has. */
const common = {
  name: z
    .string()
    .min(1)
    .max(40)
    .optional()
    .describe('What records and figures call it; without it its place and kind, such as `3 expect-dtmf`'),
  onFail: z
    .enum(['hangup', 'continue'])
    .default('hangup')
    .describe(
      'What follows when it fails: the call is hung up, or the next step; either way the call counts as failed',
    ),
};

/** Field of a step that waits for something. */
const within = duration.refine((ms) => ms > 0, 'must be above 0').describe('It fails when it takes longer');

const waitSpec = z
  .strictObject({ step: z.literal('wait'), for: duration.describe('For how long'), ...common })
  .describe('Lets time pass');

const ringSpec = z
  .strictObject({ step: z.literal('ring'), within: within.optional(), ...common })
  .describe('Callee: rings by 180. Caller: waits until the far end rings (180 or 183)');

const earlyMediaSpec = z
  .strictObject({ step: z.literal('early-media'), within: within.optional(), ...common })
  .describe(
    'Callee: rings by 183 with a description and plays (RFC 3960). Caller: waits for a description before the answer',
  );

const answerSpec = z
  .strictObject({ step: z.literal('answer'), within: within.optional(), ...common })
  .describe('Callee: answers. Caller: waits for the answer');

const sendDtmfSpec = dtmfSpec
  .pick({ digits: true, method: true, tone: true, gap: true, level: true, twist: true })
  .extend({ step: z.literal('send-dtmf'), ...common })
  .describe('Sends digits, and is over after the pause that follows the last one');

const expectDtmfSpec = z
  .strictObject({
    step: z.literal('expect-dtmf'),
    digits: z
      .string()
      .regex(/^[0-9*#A-D]+$/, 'digits are 0–9, *, # and A–D')
      .max(64)
      .optional()
      .describe('These, and no others'),
    count: z.number().int().min(1).max(64).optional().describe('Any digits, so many of them'),
    within: duration.default(10_000).describe('It fails when they have not all come by then'),
    ...common,
  })
  .refine((s) => (s.digits === undefined) !== (s.count === undefined), 'needs either `digits` or `count`')
  .describe('Waits for digits of the far end; those that came since the `expect-dtmf` before count');

const source = z.string().refine((audio) => !audio.startsWith('tone:') || toneFrequencies(audio) !== null, {
  error: 'expected tone: and one to four frequencies, such as tone:350+440',
});

const goesBack = duration.optional().describe('For how long; without it, it goes on while the next steps are done');

const playSpec = z
  .strictObject({
    step: z.literal('play'),
    audio: source.describe('As `audio` of the side: `speech`, `silence`, `tone:440`, or the path of a WAV file'),
    for: goesBack,
    ...common,
  })
  .describe('Plays something over and over in place of `audio`');

const saySpec = z
  .strictObject({
    step: z.literal('say'),
    audio: source.default('speech').describe('The path of a WAV file, `speech` (of `length`), or `tone:440`'),
    length: duration
      .refine((ms) => ms >= 500 && ms <= 30_000, 'must lie within 500 ms and 30 s')
      .default(2000)
      .describe('How long `speech` is'),
    ...common,
  })
  .describe('Says something once, and is over when it was said');

const silenceSpec = z
  .strictObject({ step: z.literal('silence'), for: goesBack, ...common })
  .describe('Sends packets that carry silence, in place of `audio`');

const noiseSpec = z
  .strictObject({
    step: z.literal('noise'),
    kind: z.string().default('white').describe('`white`, `pink`, `brown`, or the path of a WAV file'),
    level: z.number().min(-90).max(0).default(-40).describe('Its level in dBov'),
    for: goesBack,
    ...common,
  })
  .describe('Plays noise alone, in place of `audio`');

const expectSpeechSpec = z
  .strictObject({
    step: z.literal('expect-speech'),
    until: z.enum(['start', 'end']).default('start').describe('Until the far end speaks, or until it has spoken'),
    within: duration.default(10_000).describe('It fails when that has not come by then'),
    ...common,
  })
  .describe('Waits for speech of the far end; tones and noise are none');

const status = z
  .number()
  .int()
  .min(200)
  .max(699)
  .optional()
  .describe('The final response that is expected; without it any 2xx');

const holdSpec = z
  .strictObject({ step: z.literal('hold'), status, within: within.optional(), ...common })
  .describe('Puts the far end on hold by a re-INVITE (RFC 3264 8.4)');

const resumeSpec = z
  .strictObject({ step: z.literal('resume'), status, within: within.optional(), ...common })
  .describe('Takes the far end back from hold');

const reinviteSpec = z
  .strictObject({
    step: z.literal('reinvite'),
    codecs: z
      .array(z.enum(CODEC_NAMES))
      .min(1)
      .refine((codecs) => new Set(codecs).size === codecs.length, 'names a codec twice')
      .describe('What is offered from now on, in order of preference; of the `codecs` of the side'),
    status,
    within: within.optional(),
    ...common,
  })
  .describe('Offers other codecs by a re-INVITE');

const refreshSpec = z
  .strictObject({
    step: z.literal('refresh'),
    method: z
      .enum(['update', 'reinvite'])
      .default('update')
      .describe('`update`: UPDATE without a description (RFC 3311); `reinvite`: re-INVITE with the same one'),
    status,
    within: within.optional(),
    ...common,
  })
  .describe('Refreshes the session, with no change to it');

const referSpec = z
  .strictObject({
    step: z.literal('refer'),
    to: z
      .string()
      .regex(/^sips?:[^\s<>"?]+$/i, 'expected a SIP URI such as sip:agent@pbx.example.net')
      .describe('Whom the far end is to call'),
    attended: z
      .boolean()
      .default(false)
      .describe('Calls the target before, without audio; the far end’s call takes the place of that one (Replaces)'),
    status: status.describe('The final response of that call, or of a REFER that is refused; without it any 2xx'),
    within: duration.default(30_000).describe('It fails when the transfer is not over by then'),
    ...common,
  })
  .describe('Transfers the far end by REFER (RFC 3515, RFC 5589), and waits for what becomes of it');

const expectHangupSpec = z
  .strictObject({ step: z.literal('expect-hangup'), within: within.optional(), ...common })
  .describe('Waits until the far end hangs up; the list ends here');

const hangupSpec = z
  .strictObject({
    step: z.literal('hangup'),
    status: z
      .number()
      .int()
      .min(300)
      .max(699)
      .optional()
      .describe('Callee, before the answer: the final response, such as 486; 480 without it'),
    ...common,
  })
  .describe('Hangs up; the list ends here. Before the answer a caller cancels, and a callee refuses the call');

const LEAF_STEPS = [
  waitSpec,
  ringSpec,
  earlyMediaSpec,
  answerSpec,
  sendDtmfSpec,
  expectDtmfSpec,
  playSpec,
  saySpec,
  silenceSpec,
  noiseSpec,
  expectSpeechSpec,
  holdSpec,
  resumeSpec,
  reinviteSpec,
  refreshSpec,
  referSpec,
  expectHangupSpec,
  hangupSpec,
] as const;

/** Steps that need no field may be written by their name alone. */
const BARE = [
  'ring',
  'early-media',
  'answer',
  'say',
  'silence',
  'noise',
  'expect-speech',
  'hold',
  'resume',
  'refresh',
  'expect-hangup',
  'hangup',
] as const;
const leaf = z.discriminatedUnion('step', LEAF_STEPS);

const bare = z
  .enum(BARE)
  .transform((step) => leaf.parse({ step }))
  .describe('A step that needs no field, by its name');

const repeatSpec = z
  .strictObject({
    step: z.literal('repeat'),
    times: z.number().int().min(1).max(10_000).describe('How often'),
    every: duration.optional().describe('From one beginning to the next, as far as the steps leave time'),
    steps: z
      .array(z.union([leaf, bare]))
      .min(1)
      .max(50),
  })
  .describe('Does steps over and over');

/** What happens in a call, step by step: the list of a caller or of a callee. */
export const flowSpec = z
  .array(z.union([z.discriminatedUnion('step', [...LEAF_STEPS, repeatSpec]), bare]))
  .min(1)
  .max(200)
  .describe('What this side does in each call, step by step');

export type FlowSpec = z.infer<typeof flowSpec>;
/** A step that does something; a group is none. */
export type StepSpec = z.infer<typeof leaf>;
