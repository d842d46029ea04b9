import { z } from 'zod';
import { duration } from '../core/units.js';
import { DTMF_METHODS } from '../quality/digits.js';

const DIGITS = /^[0-9*#A-D]+$/;

/** The digits that a side of a call sends. */
export const dtmfSpec = z
  .strictObject({
    digits: z.string().regex(DIGITS, 'digits are 0–9, *, # and A–D').max(64),
    method: z
      .enum(DTMF_METHODS)
      .default('rfc4733')
      .describe(
        '`rfc4733` (telephone-event), `info-dtmf-relay` or `info-dtmf` (SIP INFO with that body), `inband` (tones in the audio)',
      ),
    after: duration.default(1000).describe('How long after the answer the first digit is sent'),
    tone: duration.default(100).describe('Length of each digit; Q.24 receivers need at least 40 ms'),
    gap: duration.default(100).describe('Pause between digits'),
    level: z
      .number()
      .min(-63)
      .max(0)
      .default(-10)
      .describe('Level of each tone in dBm0: sent in the audio, or told by telephone-events'),
    twist: z.number().min(-20).max(20).default(0).describe('Of `inband`: column over row in dB'),
    late: duration.default(1000).describe('A digit heard later than this after it was sent is late'),
  })
  .describe('Digits that this side sends in each call');

export type DtmfSpec = z.infer<typeof dtmfSpec>;
