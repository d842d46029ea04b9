import { z } from 'zod';
import { duration } from '../core/units.js';
import { type Gate, parseGate } from './gate-parser.js';
import { windowMistake } from './window-mistake.js';

/** Longer ones say no more than the run itself, and each second of one is kept. */
const MOST_WINDOW_MS = 600_000;

const expression = z.string().superRefine((text, context) => {
  const parsed = parseGate(text);
  if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.message });
});

const windowGate = z
  .strictObject({
    expression: expression
      .superRefine((text, context) => {
        const parsed = parseGate(text);
        const mistake = parsed.ok ? windowMistake(parsed.gate) : null;
        if (mistake !== null) context.addIssue({ code: 'custom', message: mistake });
      })
      .describe('As a gate over the whole run, of a figure that a window has, too (docs/gates.md)'),
    window: duration
      .refine((ms) => ms >= 1000 && ms <= MOST_WINDOW_MS && ms % 1000 === 0, 'expected whole seconds, 1s to 10m')
      .describe('Length of the sliding window, judged each second'),
    after: duration
      .optional()
      .describe('First moment of the run that is judged; the length of the window when left out: the first full one'),
    for: duration.default(0).describe('How long the figure must stay out of bounds before the gate trips'),
    abort: z.boolean().default(false).describe('Whether the run ends when the gate trips: every call is hung up'),
  })
  .describe('A bound that holds at any time of the run: once it has tripped, the gate has failed');

export const gateSpec = z.union([expression, windowGate]);

/** The gates of a profile. */
export const gatesSpec = z
  .array(gateSpec)
  .default([])
  .describe(
    'Bounds that decide the verdict, such as `sip.setupFailureRatio < 2%`; a figure that was not measured fails its gate',
  );

/** Reads a gate that `gateSpec` took. */
export function gateFrom(given: z.infer<typeof gateSpec>): Gate {
  const parsed = parseGate(typeof given === 'string' ? given : given.expression);
  if (!parsed.ok) throw new Error(parsed.message);
  if (typeof given === 'string') return parsed.gate;
  const { window: lengthMs, after: afterMs = lengthMs, for: forMs, abort } = given;
  return { ...parsed.gate, window: { lengthMs, afterMs, forMs, abort } };
}
