import { type AudioBlocks, BLOCK_SAMPLES } from '../audio/audio-blocks.js';
import { ALAW_INVERTED, alawToLinear, type Law, ULAW_INVERTED, ulawToLinear } from '../audio/g711.js';
import { type NumberRange, takeNumbers } from '../core/number-block.js';

/** So many equal samples in a row are flat. */
const FLAT_RUN = 3;
/** Audio that was not clipped has its highest magnitude at most so many times as often as the one below. */
const NATURAL = 3;
/** One packet in so many is looked at: flat runs come in great number, and looking costs as much as all else of levels. */
const LOOKED_AT = 4;
/** Magnitudes are looked at over stretches of so many samples, four seconds of a call; so many of them have to be clipped. */
const STRETCH_SAMPLES = 8000;
const LEAST_RATIO = 0.002;
/** Number of the highest magnitude of both laws: a sample there is at the rails. */
const RAIL = 127;
/** Number of the least magnitude that is looked at: −36 dBov in both laws, about. */
const LEAST_MAGNITUDE = 34;

// Where the numbers lie.
/** The highest magnitude of this stretch, how many samples were flat at it (at the rails all count), and how many at the one below. */
const TOP = 0;
const FLAT = 1;
const NEXT = 2;
/** A block of less energy holds no flat run at the top. */
const LEAST_SQUARES = 3;
const SAMPLES = 4;
const CLIPPED = 5;
const ALL_SAMPLES = 6;
export const CLIPPING_NUMBERS = 7;

/**
 * How much of the audio was clipped, wherever on its way: samples at the rails of G.711; where it stays below them, samples in
 * flat runs at the highest magnitude of their stretch, as far as they are more than peaks are by nature, which pass the
 * magnitude below on their way up and down. What was made quieter or encoded anew by G.711 after it was clipped is still found;
 * noise on top hides it, as does every other codec.
 */
export class ClippingMeter {
  private readonly numbers: Float64Array;
  readonly at: number;

  /** @param range `CLIPPING_NUMBERS` zeros */
  constructor(range: NumberRange = takeNumbers(CLIPPING_NUMBERS)) {
    this.numbers = range.numbers;
    this.at = range.at;
    this.begin();
  }

  /** Whether the packet of that number, from 1 on, is one of those that are looked at, which alone need to be taken. */
  isDue(packet: number): boolean {
    return packet % LOOKED_AT === 1;
  }

  /** Takes the codes from `start` to `end`, which were measured into `blocks`. */
  take(law: Law, bytes: Uint8Array, start: number, end: number, blocks: AudioBlocks): void {
    const { numbers, at } = this;
    const { count, squares } = blocks;
    for (let i = 0; i < count; i++) {
      if (squares[i] < numbers[at + LEAST_SQUARES]) continue;
      const from = start + i * BLOCK_SAMPLES;
      this.scan(law, bytes, from, Math.min(from + BLOCK_SAMPLES, end));
    }
    numbers[at + SAMPLES] += blocks.samples;
    if (numbers[at + SAMPLES] < STRETCH_SAMPLES) return;
    numbers[at + CLIPPED] += this.clippedNow;
    numbers[at + ALL_SAMPLES] += numbers[at + SAMPLES];
    this.begin();
  }

  /** Share of the samples looked at that were clipped, 0–1; `null` before any. */
  get ratio(): number | null {
    const { numbers, at } = this;
    const samples = numbers[at + ALL_SAMPLES] + numbers[at + SAMPLES];
    return samples === 0 ? null : (numbers[at + CLIPPED] + this.clippedNow) / samples;
  }

  private get clippedNow(): number {
    const { numbers, at } = this;
    if (numbers[at + TOP] === RAIL) return numbers[at + FLAT];
    const clipped = numbers[at + FLAT] - NATURAL * numbers[at + NEXT];
    return clipped >= LEAST_RATIO * numbers[at + SAMPLES] ? clipped : 0;
  }

  private begin(): void {
    const { numbers, at } = this;
    numbers[at + TOP] = LEAST_MAGNITUDE;
    numbers[at + FLAT] = 0;
    numbers[at + NEXT] = 0;
    numbers[at + LEAST_SQUARES] = FLAT_RUN * ulawToLinear[LEAST_MAGNITUDE ^ ULAW_INVERTED] ** 2;
    numbers[at + SAMPLES] = 0;
  }

  private scan(law: Law, bytes: Uint8Array, from: number, to: number): void {
    const { numbers, at } = this;
    const inverted = law === 'PCMU' ? ULAW_INVERTED : ALAW_INVERTED;
    const highest = numbers[at + TOP];
    let top = highest;
    let flat = numbers[at + FLAT];
    let next = numbers[at + NEXT];
    let runCode = -1;
    let runEnd = -1;
    let run = 0;
    for (let i = from; i < to; i++) {
      const code = bytes[i];
      const magnitude = (code ^ inverted) & 0x7f;
      if (magnitude < top - 1) continue;
      if (magnitude === top - 1) {
        next++;
        continue;
      }
      if (magnitude > top) {
        next = magnitude === top + 1 ? flat : 0;
        flat = 0;
        top = magnitude;
      }
      if (magnitude === RAIL) {
        flat++;
        continue;
      }
      run = code === runCode && i === runEnd ? run + 1 : 1;
      runCode = code;
      runEnd = i + 1;
      if (run >= FLAT_RUN) flat += run === FLAT_RUN ? FLAT_RUN : 1;
    }
    numbers[at + FLAT] = flat;
    numbers[at + NEXT] = next;
    if (top === highest) return;
    numbers[at + TOP] = top;
    const square = (law === 'PCMU' ? ulawToLinear : alawToLinear)[top ^ inverted] ** 2;
    numbers[at + LEAST_SQUARES] = top === RAIL ? square : FLAT_RUN * square;
  }
}
