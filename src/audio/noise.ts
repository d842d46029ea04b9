import type { Rng } from '../core/rng.js';

export const NOISE_COLOURS = ['white', 'pink', 'brown'] as const;
export type NoiseColour = (typeof NOISE_COLOURS)[number];

/** Octaves over which pink noise falls evenly. */
const PINK_ROWS = 16;
/** Below this brown noise no longer grows: what is below the telephone band would otherwise hold nearly all of its power. */
const BROWN_CORNER_HZ = 50;

/**
 * Noise with a mean square of about 1: `white` has the same power in every Hz, `pink` loses 3 dB an octave, `brown` 6 dB
 * (above 50 Hz).
 */
export function makeNoise(colour: NoiseColour, samples: number, sampleRate: number, rng: Rng): Float64Array {
  const noise = new Float64Array(samples);
  switch (colour) {
    case 'white':
      for (let i = 0; i < samples; i++) noise[i] = rng.normal();
      break;
    case 'pink':
      fillPink(noise, rng);
      break;
    case 'brown': {
      const keep = Math.exp((-2 * Math.PI * BROWN_CORNER_HZ) / sampleRate);
      const gain = Math.sqrt(1 - keep * keep);
      let level = rng.normal();
      for (let i = 0; i < samples; i++) {
        level = keep * level + gain * rng.normal();
        noise[i] = level;
      }
      break;
    }
    default:
      colour satisfies never;
  }
  return noise;
}

/** A sum of random values, each of which is drawn anew half as often as the one before (Voss and McCartney). */
function fillPink(noise: Float64Array, rng: Rng): void {
  const rows = Array.from({ length: PINK_ROWS }, () => rng.normal());
  let sum = rows.reduce((total, row) => total + row, 0);
  for (let i = 0; i < noise.length; i++) {
    const row = Math.min(PINK_ROWS - 1, 31 - Math.clz32((i + 1) & -(i + 1)));
    const value = rng.normal();
    sum += value - rows[row];
    rows[row] = value;
    noise[i] = (sum + rng.normal()) / Math.sqrt(PINK_ROWS + 1);
  }
}
