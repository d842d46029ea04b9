import { z } from 'zod';
import { duration } from '../core/units.js';

const DIGITS = /^[0-9*#A-D]+$/;

/** No CR, LF or NUL may reach a header. */
export const headerText = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  .regex(/^[^\u0000\r\n]*$/, 'must not contain CR, LF or NUL');

const dtmf = z
  .strictObject({
    digits: z.string().regex(DIGITS, 'digits are 0–9, *, # and A–D').max(64),
    after: duration.default(1000).describe('How long after the answer the first digit is sent'),
    tone: duration.default(100).describe('Length of each digit; Q.24 receivers need at least 40 ms'),
    gap: duration.default(100).describe('Pause between digits'),
  })
  .describe('Digits that this side sends in each call, by RFC 4733');

/** What happens within a call: the same for callers and callees. */
export const conversationSpec = z.strictObject({
  audio: z
    .string()
    .default('speech')
    .describe('What is played, over and over: `speech` (a speech-like signal), `silence`, or the path of a WAV file'),
  expectAudio: z
    .boolean()
    .default(true)
    .describe('Whether the far end is expected to be heard; without it silence is no fault'),
  ptime: z
    .union([z.literal(10), z.literal(20), z.literal(30), z.literal(40), z.literal(60)])
    .default(20)
    .describe('Packet interval in ms'),
  codecs: z
    .array(z.enum(['PCMU', 'PCMA']))
    .min(1)
    .default(['PCMU', 'PCMA'])
    .describe('Codecs in order of preference'),
  dtmf: dtmf.optional(),
});

/** The calls that the swarm places. */
export const callSpec = conversationSpec
  .extend({
    from: headerText
      .default('1000[0000-9999]')
      .describe('Caller number; `[0000-9999]` counts up with each call, `{column}` takes a column of `numbers`'),
    to: headerText.optional().describe('Called number, as `from`; without it the user part of the target is called'),
    numbers: z.string().optional().describe('CSV file whose columns are variables; its rows are used in turn'),
    hold: duration.default(30_000).describe('How long a call lasts from its answer'),
    giveUpAfter: duration.default(60_000).describe('An attempt not answered by then is cancelled'),
    headers: z.record(headerText, headerText).default({}).describe('Headers added to the INVITE; variables allowed'),
    credentials: z
      .strictObject({ username: headerText, password: headerText })
      .optional()
      .describe('Digest credentials for 401 and 407'),
    proxy: headerText.optional().describe('Outbound proxy as a SIP URI'),
  })
  .describe('The calls that are placed');

export type ConversationSpec = z.infer<typeof conversationSpec>;
export type CallSpec = z.infer<typeof callSpec>;

export const DEFAULT_JITTER_BUFFER_MS = 60;

/** How media is carried and judged. */
export const mediaSpec = z
  .strictObject({
    rtpPorts: z
      .string()
      .regex(/^\d{1,5}-\d{1,5}$/, 'expected a range of ports such as 20000-29999')
      .default('20000-29999')
      .refine((text) => {
        const [a, b] = text.split('-').map(Number);
        return a >= 1024 && b <= 65_535 && b > a;
      }, 'the range must lie within 1024–65535 and ascend')
      .describe('Ports for RTP (even) and RTCP (odd)'),
    jitterBuffer: duration
      .default(DEFAULT_JITTER_BUFFER_MS)
      .describe('Playout delay of the simulated receiver; packets later than this are lost for it'),
    timeout: duration
      .default(10_000)
      .describe('Media that stops for longer is a fault, and the call counts as dropped (`mediaTimeoutMs`)'),
    plc: z.boolean().default(true).describe('Whether the receiver conceals losses: Bpl 25.1 with, 4.3 without (G.113)'),
    driver: z
      .enum(['auto', 'native', 'dgram'])
      .default('auto')
      .describe('`native`: batched system calls and kernel arrival times (Linux); `dgram`: portable'),
  })
  .describe('How RTP is carried and judged');

export type MediaSpec = z.infer<typeof mediaSpec>;

/** First and last port of the range. */
export function portRange(text: string): { min: number; max: number } {
  const [min, max] = text.split('-').map(Number);
  return { min, max };
}
