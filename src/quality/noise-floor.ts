import { type NumberRange, takeNumbers } from '../core/number-block.js';
import { dbovOf } from './levels.js';

/** Two bins for each doubling of the mean square, which stays below 2^31. */
const BINS = 62;
export const NOISE_FLOOR_NUMBERS = BINS / 2;
/** The quietest packets: this share of them, and those up to so much louder, tell the floor. */
const QUIETEST_RATIO = 0.05;
const SPREAD = 10 ** 0.3;

/**
 * The noise floor: the level that remains where nobody speaks. Of a histogram of the packets' levels the quietest twentieth is
 * taken and what lies within 3 dB above it: of a steady noise that is all of it, if it is heard alone in a twentieth of
 * the packets. Where it never is, this is the level of the quietest speech, which the noise does not exceed.
 */
export class NoiseFloorMeter {
  private readonly words: Int32Array;
  readonly at: number;

  /** @param range `NOISE_FLOOR_NUMBERS` zeros */
  constructor(range: NumberRange = takeNumbers(NOISE_FLOOR_NUMBERS)) {
    this.words = range.words;
    this.at = 2 * range.at;
  }

  /** Takes a packet by its mean square, in units of 16-bit samples. */
  take(meanSquare: number): void {
    const exponent = 31 - Math.clz32(meanSquare | 1);
    // The bit that follows the first one tells in which half of the doubling it lies.
    this.words[this.at + 2 * exponent + (exponent === 0 ? 0 : (meanSquare >> (exponent - 1)) & 1)]++;
  }

  /** In dBov, −90.3 (one step of 16 bits) for digital silence; `null` before any packet. */
  get levelDbov(): number | null {
    const { words, at } = this;
    let packets = 0;
    for (let bin = 0; bin < BINS; bin++) packets += words[at + bin];
    if (packets === 0) return null;
    const share = packets * QUIETEST_RATIO;
    let quietest = 0;
    let below = 0;
    while (below + words[at + quietest] < share) below += words[at + quietest++];
    if (quietest === 0) return dbovOf(1);
    // Within a bin packets are taken to lie evenly.
    const width = edge(quietest + 1) - edge(quietest);
    const most = (edge(quietest) + ((share - below) / words[at + quietest]) * width) * SPREAD;
    let sum = 0;
    let taken = 0;
    for (let bin = 0; bin < BINS && edge(bin) < most; bin++) {
      const upper = Math.min(most, edge(bin + 1));
      const count = (words[at + bin] * (upper - edge(bin))) / (edge(bin + 1) - edge(bin));
      sum += (count * (edge(bin) + upper)) / 2;
      taken += count;
    }
    return dbovOf(sum / taken);
  }
}

/** The least mean square of a bin. */
function edge(bin: number): number {
  return 2 ** (bin >> 1) * (bin & 1 ? 1.5 : 1);
}
