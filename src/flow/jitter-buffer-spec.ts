import { z } from 'zod';
import { duration, parseDuration } from '../core/units.js';
import type { JitterBuffer } from '../quality/playout.js';

const DEFAULT_DELAY = '60ms';
const DEFAULT_BOUNDS = { min: '20ms', max: '200ms' };
/** What is further from its schedule is none of the stream's. */
const MOST_MS = 1000;

const adaptive = z
  .strictObject({
    kind: z.literal('adaptive'),
    min: duration.default(parseDuration(DEFAULT_BOUNDS.min)!).describe('Least delay'),
    max: duration.default(parseDuration(DEFAULT_BOUNDS.max)!).describe('Most delay, up to 1 s'),
  })
  .refine(({ min, max }) => min <= max, 'min must not exceed max')
  .refine(({ max }) => max <= MOST_MS, 'max must not exceed 1s')
  .transform(({ min, max }): JitterBuffer => ({ kind: 'adaptive', minMs: min, maxMs: max }));

const fixed = z
  .strictObject({
    kind: z.literal('fixed'),
    delay: duration.default(parseDuration(DEFAULT_DELAY)!).describe('Delay after the first packet'),
  })
  .transform(({ delay }): JitterBuffer => ({ kind: 'fixed', delayMs: delay }));

/** The playout buffer of the simulated receiver: a duration for a fixed one, or an object. */
export const jitterBuffer = z
  .union([duration.transform((delayMs): JitterBuffer => ({ kind: 'fixed', delayMs })), fixed, adaptive])
  .default({ kind: 'fixed', delayMs: parseDuration(DEFAULT_DELAY)! })
  .describe(
    'Playout delay of the simulated receiver, later packets are lost for it: fixed, or `{ kind: adaptive, min, max }`',
  );

/** The same as an argument: `60ms`, `adaptive`, `adaptive:20-200ms`; `null` for anything else. */
export function parseJitterBuffer(text: string): JitterBuffer | null {
  const match = /^adaptive(?::([^-]+)-([^-]+))?$/.exec(text);
  const [, min = DEFAULT_BOUNDS.min, max = DEFAULT_BOUNDS.max] = match ?? [];
  const result = jitterBuffer.safeParse(match ? { kind: 'adaptive', min, max } : text);
  return result.success ? result.data : null;
}

export const DEFAULT_JITTER_BUFFER = DEFAULT_DELAY;
