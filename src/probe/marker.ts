/**
 * The marker that one side sends within the audio and the other side finds again: 16 tones of 20 ms, one after the other, of 17
 * that lie 150 Hz apart within the telephone band. Four of them are the same in every marker (sync), at places whose distances
 * all differ, so that a marker that is shifted is no marker. The twelve between them say whose it is: a Reed-Solomon word over
 * GF(16), two of which differ in at least ten places. So half of the marker may be lost, and what is left is no other one.
 *
 * All frequencies are multiples of 50 Hz: each tone is a whole number of cycles, and the phase never jumps.
 */

/** Whose marker it is: 256 of each side, the callers' being even. */
export const IDENTITIES = 512;

export const SYMBOL_MS = 20;
export const SYMBOLS = 16;
/** Code tones 0–15 and the tone of the sync symbols. */
export const TONES = 17;
export const SYNC_TONE = 16;
const LOWEST_HZ = 550;
const SPACING_HZ = 150;
/** Places of the sync symbols: a ruler whose distances all differ. */
export const SYNC_PLACES = [0, 3, 8, 15] as const;

/** Silence before and behind the tones: codecs with memory go over from what was played, and what they delay is not cut off. */
export const LEAD_MS = 20;
/** The whole sound; a multiple of every packet interval. */
export const MARKER_MS = 360;
/** Level of the tones in dBov: louder than speech (−26), and 10 dB more are not cut off. */
export const MARKER_DBOV = -20;
/** Rise and fall of the first and the last tone. */
const RAMP_MS = 2;

const FULL_SCALE = 32768;

export function frequencyOf(tone: number): number {
  return LOWEST_HZ + SPACING_HZ * tone;
}

/** Product in GF(16), by x⁴ + x + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 4; bit++) {
    if ((b >> bit) & 1) product ^= a << bit;
  }
  for (let bit = 7; bit >= 4; bit--) {
    if ((product >> bit) & 1) product ^= 0b10011 << (bit - 4);
  }
  return product;
}

/**
 * The tone of each symbol. The code symbol at the point x of GF(16) is a₀ + a₁x + a₂x² + x³, the identity being a₂a₁a₀: the
 * last term keeps any tone from coming more than three times, so that a steady tone is like no marker.
 */
function makeWord(identity: number): Uint8Array {
  const [a0, a1, a2] = [identity & 15, (identity >> 4) & 15, identity >> 8];
  const word = new Uint8Array(SYMBOLS);
  let x = 0;
  for (let place = 0; place < SYMBOLS; place++) {
    if ((SYNC_PLACES as readonly number[]).includes(place)) {
      word[place] = SYNC_TONE;
      continue;
    }
    // Horner's scheme: ((x + a₂)·x + a₁)·x + a₀.
    word[place] = times(times(x ^ a2, x) ^ a1, x) ^ a0;
    x++;
  }
  return word;
}

/** The tones of all markers, by identity, one word behind the other: arrays of their own would take a hundred times the room. */
export const WORDS = new Uint8Array(IDENTITIES * SYMBOLS);
for (let identity = 0; identity < IDENTITIES; identity++) WORDS.set(makeWord(identity), identity * SYMBOLS);

/** The tones of a marker. */
export function wordOf(identity: number): Uint8Array {
  return WORDS.subarray(identity * SYMBOLS, (identity + 1) * SYMBOLS);
}

/** The samples of a marker, `MARKER_MS` long with its silence. */
export function renderMarker(identity: number, sampleRate: number): Int16Array {
  const samples = new Int16Array((MARKER_MS * sampleRate) / 1000);
  const perSymbol = (SYMBOL_MS * sampleRate) / 1000;
  const length = SYMBOLS * perSymbol;
  const lead = (LEAD_MS * sampleRate) / 1000;
  const ramp = (RAMP_MS * sampleRate) / 1000;
  const amplitude = FULL_SCALE * Math.SQRT2 * 10 ** (MARKER_DBOV / 20);
  const word = wordOf(identity);
  for (let i = 0; i < length; i++) {
    const step = (2 * Math.PI * frequencyOf(word[Math.floor(i / perSymbol)])) / sampleRate;
    const edge = Math.min(1, (Math.min(i, length - i) + 0.5) / ramp);
    samples[lead + i] = Math.round(amplitude * edge * Math.sin(step * i));
  }
  return samples;
}
