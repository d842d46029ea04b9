import { frequencyOf, SYMBOL_MS, SYNC_TONE } from './marker.js';
import { SEARCH_RATE } from './tone-bank.js';

const PER_MS = SEARCH_RATE / 1000;
/** A look takes 5 ms of every 10: within each sync symbol lies at least one. */
const LOOK = 5 * PER_MS;
const LOOK_EVERY = 10 * PER_MS;
/**
 * A look is for 3000 Hz, whose period is eight samples: of the same places of each period sums are enough. The sync tone, 50 Hz below,
 * keeps 0.81 of its power so. It is to have 0.4 of what was looked at.
 */
const LOOK_SHARE = 0.4 * 0.81;
/** Half a symbol: wherever packets begin, one of two has as much of each. Of it the tone is to have half, which speech hardly ever has. */
const HALF_SYMBOL = (SYMBOL_MS / 2) * PER_MS;
const HALF_SHARE = 0.5;
/** Where half a symbol is looked for. */
const STEP = 2.5 * PER_MS;

const STEP_ANGLE = (2 * Math.PI * frequencyOf(SYNC_TONE)) / SEARCH_RATE;
const cosines = Float64Array.from({ length: HALF_SYMBOL }, (_, i) => Math.cos(STEP_ANGLE * i));
const sines = Float64Array.from({ length: HALF_SYMBOL }, (_, i) => Math.sin(STEP_ANGLE * i));

/**
 * Whether a packet of G.711 may be one of a sync symbol, at a tenth of what decoding and searching it costs. Shorter packets than half a
 * symbol always may.
 * @param linear the sample of each code
 */
export function mayHoldSync(linear: Float64Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < HALF_SYMBOL) return true;
  for (let at = start; at + LOOK <= end; at += LOOK_EVERY) {
    if (!finds(linear, bytes, at)) continue;
    for (let first = start; first + HALF_SYMBOL <= end; first += STEP) if (isTone(linear, bytes, first)) return true;
    return false;
  }
  return false;
}

/** Every packet of a call that is probed passes here. Differences from sample to sample are looked at, which weakens low frequencies. */
function finds(linear: Float64Array, bytes: Uint8Array, from: number): boolean {
  let energy = 0;
  // Sums over places that are four samples, one and a half periods, apart: with alternating signs.
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let before = linear[bytes[from]];
  for (let i = from; i < from + LOOK; i += 8) {
    const s0 = linear[bytes[i]];
    const s1 = linear[bytes[i + 1]];
    const s2 = linear[bytes[i + 2]];
    const s3 = linear[bytes[i + 3]];
    const s4 = linear[bytes[i + 4]];
    const s5 = linear[bytes[i + 5]];
    const s6 = linear[bytes[i + 6]];
    const s7 = linear[bytes[i + 7]];
    const d0 = s0 - before;
    const d1 = s1 - s0;
    const d2 = s2 - s1;
    const d3 = s3 - s2;
    const d4 = s4 - s3;
    const d5 = s5 - s4;
    const d6 = s6 - s5;
    const d7 = s7 - s6;
    before = s7;
    energy += d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3 + d4 * d4 + d5 * d5 + d6 * d6 + d7 * d7;
    a += d0 - d4;
    b += d1 - d5;
    c += d2 - d6;
    d += d3 - d7;
  }
  const real = a - Math.SQRT1_2 * (b - d);
  const imaginary = c - Math.SQRT1_2 * (b + d);
  return energy > 0 && 2 * (real * real + imaginary * imaginary) > LOOK_SHARE * LOOK * energy;
}

/** Whether half of a half symbol's differences are the tone of the sync. */
function isTone(linear: Float64Array, bytes: Uint8Array, from: number): boolean {
  let energy = 0;
  let real = 0;
  let imaginary = 0;
  let before = linear[bytes[from]];
  for (let i = 0; i < HALF_SYMBOL; i++) {
    const sample = linear[bytes[from + i]];
    const difference = sample - before;
    before = sample;
    energy += difference * difference;
    real += difference * cosines[i];
    imaginary += difference * sines[i];
  }
  return energy > 0 && 2 * (real * real + imaginary * imaginary) > HALF_SHARE * HALF_SYMBOL * energy;
}
