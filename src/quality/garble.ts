import { ALAW_INVERTED, alawToLinear, type Law, ULAW_INVERTED, ulawToLinear } from '../audio/g711.js';

/** What a payload was decoded as. The other way to read it is the other law, or the other order of bytes. */
export type Reading = Law | 'L16';

/** Packets of a block, after which a block is judged. */
const BLOCK_PACKETS = 10;
/** At most so many samples of a packet are looked at. */
const MOST_SAMPLES = 160;
/** After so many blocks only every so many-th packet that is offered is looked at. */
const DENSE_BLOCKS = 3;
const SPARSE = 8;
/** A packet is looked at when it is louder than this whichever way it is read: −50 dBov. */
const LEAST_SQUARE = 32768 ** 2 * 1e-5;
/** A prediction is never taken to leave less of a signal than this: −30 dB. */
const LEAST_REST = 1e-3;
/** One packet counts for no more than this in the mean of its block, in nepers of power. */
const MOST_BETTER = 2;
/** By how much the other reading of a block is easier to predict, in the mean over its packets, where the audio is garbled. */
const BETTER = { law: 0.25, order: 0.5 };
/** From here on it needs no other evidence: sound audio comes to 0.4 at most. */
const SURELY_BETTER = 1;
/** A block of which a prediction leaves at least this is noise; within `EVEN` both readings are. */
const NOISE_REST = 0.5;
const EVEN = 0.1;
/** How badly levels may fit what noise has, and how badly they fit where it was decoded wrong, in nepers a sample. */
const FITS = 0.02;
const MISFITS = 0.04;
/** Where more of the samples than this are of one magnitude, levels tell nothing: they were cut off, or are too few. */
const MOST_OF_ONE = 0.1;
/** How far the share of a segment may be from an eighth in bytes that are no audio at all, such as encrypted ones. */
const UNIFORM = 0.03;

const SEGMENTS = 8;
/** How wide the segments are, in linear steps of 16 bits. */
const SEGMENT_WIDTHS = {
  PCMU: [124, 256, 512, 1024, 2048, 4096, 8192, 16_384],
  PCMA: [256, 256, 512, 1024, 2048, 4096, 8192, 16_384],
} as const;

/** Sums of products of a signal with itself, 0 to 4 samples later. */
interface Correlation {
  r0: number;
  r1: number;
  r2: number;
  r3: number;
  r4: number;
}

const own: Correlation = { r0: 0, r1: 0, r2: 0, r3: 0, r4: 0 };
const other: Correlation = { r0: 0, r1: 0, r2: 0, r3: 0, r4: 0 };
/** Samples of L16 in either order of their bytes. */
const linear = new Int16Array(MOST_SAMPLES);
const swapped = new Int16Array(MOST_SAMPLES);
const PLACES = Uint8Array.from({ length: MOST_SAMPLES }, (_, i) => i);

/** Of what a table makes of each byte. */
function correlate(table: Int16Array, bytes: Uint8Array, start: number, end: number, into: Correlation): void {
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;
  let r4 = 0;
  let x1 = 0;
  let x2 = 0;
  let x3 = 0;
  let x4 = 0;
  for (let i = start; i < end; i++) {
    const x = table[bytes[i]];
    r0 += x * x;
    r1 += x * x1;
    r2 += x * x2;
    r3 += x * x3;
    r4 += x * x4;
    x4 = x3;
    x3 = x2;
    x2 = x1;
    x1 = x;
  }
  into.r0 = r0;
  into.r1 = r1;
  into.r2 = r2;
  into.r3 = r3;
  into.r4 = r4;
}

/** Share of the power that a linear prediction from the 4 samples before leaves (Levinson–Durbin). */
function restOf({ r0, r1, r2, r3, r4 }: Correlation): number {
  if (r0 === 0) return 1;
  let e = r0;
  const k1 = r1 / e;
  e *= 1 - k1 * k1;
  if (e <= LEAST_REST * r0) return LEAST_REST;
  const k2 = (r2 - k1 * r1) / e;
  const a21 = k1 - k2 * k1;
  e *= 1 - k2 * k2;
  if (e <= LEAST_REST * r0) return LEAST_REST;
  const k3 = (r3 - a21 * r2 - k2 * r1) / e;
  const a31 = a21 - k3 * k2;
  const a32 = k2 - k3 * a21;
  e *= 1 - k3 * k3;
  if (e <= LEAST_REST * r0) return LEAST_REST;
  const k4 = (r4 - a31 * r3 - a32 * r2 - k3 * r1) / e;
  e *= 1 - k4 * k4;
  return Math.max(LEAST_REST, e / r0);
}

/**
 * Tells audio that was decoded wrong, from samples of its packets: the laws of G.711 taken for one another, L16 of the other
 * byte order, and bytes that are no audio, such as encrypted ones. Three things tell:
 *
 * - The wrong reading of a signal is harder to predict from its past than the right one (of a Gaussian signal no function of
 *   the samples alone is easier), so the audio is garbled when the other reading is easier by far.
 * - Noise is hard to predict either way. There the levels tell: what is quieter is more frequent (its density falls with
 *   the magnitude), but not under the wrong law, which exchanges segments.
 * - Bytes that are no audio are noise of which all eight segments are equally frequent.
 *
 * What tells nothing, such as silence, a square wave or a tone of a quarter of the sample rate, is never garbled.
 */
export class GarbleDetector {
  /** Blocks judged so far, and those of them that were garbled. */
  blocks = 0;
  garbledBlocks = 0;
  private reading: Reading | null = null;
  private offered = 0;
  private packets = 0;
  private samples = 0;
  private betterSum = 0;
  private restSum = 0;
  /** How often each code came, sign aside. */
  private readonly codes = new Uint16Array(128);

  /** Takes a packet that was decoded as `reading`: one of many, evenly spread. */
  look(reading: Reading, bytes: Uint8Array, start: number, end: number): void {
    if (this.blocks >= DENSE_BLOCKS && ++this.offered % SPARSE !== 0) return;
    if (reading !== this.reading) {
      this.reading = reading;
      this.begin();
    }
    const samples = reading === 'L16' ? this.readLinear(bytes, start, end) : this.readCodes(reading, bytes, start, end);
    if (samples === 0 || own.r0 <= LEAST_SQUARE * samples || other.r0 <= LEAST_SQUARE * samples) return;
    if (reading !== 'L16') {
      const { codes } = this;
      for (let i = start; i < start + samples; i++) codes[bytes[i] & 0x7f]++;
    }
    const rest = restOf(own);
    const better = Math.log(rest / restOf(other));
    this.samples += samples;
    this.restSum += rest;
    this.betterSum += Math.max(-MOST_BETTER, Math.min(MOST_BETTER, better));
    if (++this.packets < BLOCK_PACKETS) return;
    this.blocks++;
    if (this.isBlockGarbled(reading)) this.garbledBlocks++;
    this.begin();
  }

  private begin(): void {
    this.packets = 0;
    this.samples = 0;
    this.betterSum = 0;
    this.restSum = 0;
    this.codes.fill(0);
  }

  private readCodes(law: Law, bytes: Uint8Array, start: number, end: number): number {
    const samples = Math.min(MOST_SAMPLES, end - start);
    const isUlaw = law === 'PCMU';
    correlate(isUlaw ? ulawToLinear : alawToLinear, bytes, start, start + samples, own);
    correlate(isUlaw ? alawToLinear : ulawToLinear, bytes, start, start + samples, other);
    return samples;
  }

  private readLinear(bytes: Uint8Array, start: number, end: number): number {
    const samples = Math.min(MOST_SAMPLES, (end - start) >> 1);
    for (let i = 0; i < samples; i++) {
      const high = bytes[start + 2 * i];
      const low = bytes[start + 2 * i + 1];
      linear[i] = (high << 8) | low;
      swapped[i] = (low << 8) | high;
    }
    correlate(linear, PLACES, 0, samples, own);
    correlate(swapped, PLACES, 0, samples, other);
    return samples;
  }

  private isBlockGarbled(reading: Reading): boolean {
    const better = this.betterSum / BLOCK_PACKETS;
    if (reading === 'L16') return better >= BETTER.order;
    if (better >= SURELY_BETTER) return true;
    const misfit = this.misfitOf(reading);
    const otherwise = this.misfitOf(reading === 'PCMU' ? 'PCMA' : 'PCMU');
    if (better >= BETTER.law) return otherwise <= misfit + FITS;
    const isNoise = this.restSum >= NOISE_REST * BLOCK_PACKETS && Math.abs(better) <= EVEN;
    if (!isNoise || this.isOfFewLevels()) return false;
    return (misfit >= MISFITS && otherwise <= FITS) || this.isUniform(reading);
  }

  private isOfFewLevels(): boolean {
    const most = MOST_OF_ONE * this.samples;
    return this.codes.some((count) => count > most);
  }

  private isUniform(law: Law): boolean {
    return this.segments(law).every((count) => Math.abs(count / this.samples - 1 / SEGMENTS) <= UNIFORM);
  }

  /** Samples in each segment of a law, from the quietest to the loudest. */
  private segments(law: Law): number[] {
    const segments = new Array<number>(SEGMENTS).fill(0);
    const inverted = law === 'PCMU' ? ULAW_INVERTED : ALAW_INVERTED;
    for (let code = 0; code < this.codes.length; code++) segments[(code ^ inverted) >> 4] += this.codes[code];
    return segments;
  }

  /**
   * How far the levels by a law are from a density that falls with the magnitude: the divergence from the falling density
   * that is nearest to them, in nepers a sample.
   */
  private misfitOf(law: Law): number {
    const counts = this.segments(law);
    const widths: readonly number[] = SEGMENT_WIDTHS[law];
    // Neighbours whose density rises are taken together until none does.
    const pools: { count: number; width: number; from: number }[] = [];
    for (let i = 0; i < SEGMENTS; i++) {
      let pool = { count: counts[i], width: widths[i], from: i };
      for (let before = pools.at(-1); before; before = pools.at(-1)) {
        if (pool.count * before.width <= before.count * pool.width) break;
        pools.pop();
        pool = { count: before.count + pool.count, width: before.width + pool.width, from: before.from };
      }
      pools.push(pool);
    }
    let sum = 0;
    for (const [at, { count, width, from }] of pools.entries()) {
      const end = pools[at + 1]?.from ?? SEGMENTS;
      for (let i = from; i < end; i++)
        if (counts[i] > 0) sum += counts[i] * Math.log((counts[i] * width) / (widths[i] * count));
    }
    return sum / this.samples;
  }
}
