import { z } from 'zod';
import { duration } from '../core/units.js';

/** The detector knows that somebody stopped after 240 ms, and that somebody began after some 100 ms. */
const SOONEST_RESPONSE_MS = 300;
const SOONEST_STOP_MS = 200;

const sounds = z
  .union([z.string().transform((sound) => [sound]), z.array(z.string()).min(1).max(20)])
  .describe('`speech` (a speech-like signal of `length`) or the path of a WAV file; several are said in turn');

const length = duration
  .refine((ms) => ms >= 500 && ms <= 30_000, 'must lie within 500 ms and 30 s')
  .describe('How long `speech` is');

const sooner = `must be ${SOONEST_RESPONSE_MS} ms or more: sooner nobody knows that the other has finished`;
const delay = duration.refine((ms) => ms >= SOONEST_RESPONSE_MS, sooner);

/** Of the callers. */
export const turnsSpec = z
  .strictObject({
    say: sounds.default(['speech']),
    length: length.default(2000),
    count: z.number().int().min(1).max(1000).default(3).describe('Utterances of a call'),
    speaksFirst: z.boolean().default(false).describe('Speaks at once, and does not wait for a first word'),
    wait: duration.default(10_000).describe('How long a word of the far end is waited for'),
    pause: duration
      .refine((ms) => ms >= SOONEST_RESPONSE_MS, sooner)
      .default(1000)
      .describe('A pause of the far end that ends its turn: then the next utterance is said'),
    bargeIn: z
      .strictObject({ after: duration.describe('So long after the far end began') })
      .optional()
      .describe('Talks over each turn of the far end'),
    deadAir: duration.default(2000).describe('Silence, while the far end is expected to speak, that is too long'),
  })
  .describe('A conversation in turns, in place of `audio`, and how long the far end’s turns take to come');

/** Of the simulated trunk. */
export const agentSpec = z
  .strictObject({
    greeting: z.string().nullable().default('speech').describe('What it greets with, as `says`; null for nothing'),
    after: duration.default(500).describe('From the answer to the first word of the greeting'),
    respondsAfter: z
      .union([
        delay.transform((ms) => [ms]),
        z.array(delay).min(1).max(1000),
        z.strictObject({ min: delay, max: delay }).refine((d) => d.min <= d.max, 'min must not exceed max'),
      ])
      .default([800])
      .describe(
        'From the end of the caller’s utterance to the response: a time, a list to draw from, or `{ min, max }`',
      ),
    says: sounds.default(['speech']),
    length: length.default(2000),
    stopsOnBargeIn: duration
      .refine(
        (ms) => ms >= SOONEST_STOP_MS,
        `must be ${SOONEST_STOP_MS} ms or more: sooner nobody knows that it is a voice`,
      )
      .optional()
      .describe('How fast it falls silent when the caller talks over it; without it, it goes on'),
  })
  .describe('A voice agent with known delays, in place of `audio`');

export type TurnsSpec = z.infer<typeof turnsSpec>;
export type AgentSpec = z.infer<typeof agentSpec>;
