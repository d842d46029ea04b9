import { z } from 'zod';
import { duration } from '../core/units.js';

/** What an answering machine says before it listens. */
export const machineSpec = z
  .strictObject({
    after: duration.default(500).describe('From the answer to the greeting'),
    greeting: z
      .string()
      .default('speech')
      .describe('`speech` (a speech-like signal of `length`) or the path of a WAV file'),
    length: duration
      .refine((ms) => ms >= 500 && ms <= 60_000, 'must lie within 500 ms and 60 s')
      .default(5000)
      .describe('How long `speech` is'),
    pause: duration.default(300).describe('From the greeting to the beep'),
    beep: z.number().int().min(100).max(3400).default(1000).describe('Frequency of the beep in Hz'),
    beepFor: duration
      .refine((ms) => ms >= 40 && ms <= 5000, 'must lie within 40 ms and 5 s')
      .default(400)
      .describe('How long the beep is'),
  })
  .describe('What an answering machine says, in place of `audio` and `agent`; it listens to the end then');

export type MachineSpec = z.infer<typeof machineSpec>;
