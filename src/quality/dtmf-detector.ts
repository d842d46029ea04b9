import { amplitudeOf, DTMF_COLUMNS, DTMF_KEYS, DTMF_ROWS, levelOf } from '../audio/dtmf-tones.js';
import type { HeardDigit } from './digits.js';

const RATE = 8000;
/** Samples of a block, and how long it lasts: narrow enough a filter to tell 697 from 770 Hz, two of them fit into 40 ms. */
const BLOCK = 102;
const BLOCK_MS = (1000 * BLOCK) / RATE;
const TONES = 4;

// What counts as a digit. Q.24 asks for tones of 40 ms and pauses of 40 ms to be heard, for tones of 23 ms not to be, and for
// interruptions of 10 ms to be passed over; between those it leaves the choice. A lost packet of 20 ms is an interruption.
const LEAST_TONE_MS = 31.5;
const LEAST_PAUSE_MS = 30;
/** Accepted to ±1.5 %, not beyond ±3.5 %. */
const MOST_DEVIATION = 0.025;
/** Column over row, either way: the figures of administrations reach from −8 to +8 dB. */
const MOST_TWIST_DB = 10;
const LEAST_LEVEL_DBM0 = -42;
/** Share of a block's energy that is in its two tones: of any frequency that may be theirs, and once that is known. */
const LEAST_SHARE = 0.68;
const LEAST_KNOWN_SHARE = 0.8;
/** Power of a tone over that of each other one of its group. */
const LEAST_PEAK = 3;
/** Amplitude of one of the two blocks that a digit begins with over the other. */
const MOST_CHANGE = 1.6;
/** Less of a tone than this is noise. */
const LEAST_PRESENCE = 0.15;
const FULL_PRESENCE = 0.85;

const MOST_TWIST = 10 ** (MOST_TWIST_DB / 20);
/** Off by 1.5 % a tone loses up to 1.5 dB in its filter, which is not known yet. */
const MOST_ROUGH_TWIST = MOST_TWIST * 1.2;
const LEAST_AMPLITUDE = amplitudeOf(LEAST_LEVEL_DBM0);
/** Of the samples of a block at that level, both tones together. */
const LEAST_ENERGY = BLOCK * LEAST_AMPLITUDE ** 2 * 0.5;

const FREQUENCIES = [...DTMF_ROWS, ...DTMF_COLUMNS];
const COSINES = FREQUENCIES.map((f) => Math.cos((2 * Math.PI * f) / RATE));
const SINES = FREQUENCIES.map((f) => Math.sin((2 * Math.PI * f) / RATE));
const DOUBLED = COSINES.map((c) => 2 * c);

/** One block's spectrum at the eight frequencies: rows, then columns. */
interface Block {
  re: Float64Array;
  im: Float64Array;
  power: Float64Array;
  energy: number;
  /** Key that it could be a part of, by its place among the keys; −1 for none. */
  key: number;
}

/** A digit under way. */
interface Tone {
  key: number;
  startMs: number;
  /** When its tones were last there. */
  endMs: number;
  /** How long they were there, and have not been there since. */
  toneMs: number;
  gapMs: number;
  rowAmplitude: number;
  columnAmplitude: number;
  /** Sums over the blocks that it fills: what its level is. */
  rowSum: number;
  columnSum: number;
  blocks: number;
  /** Share of either that its filter passes. */
  rowGain: number;
  columnGain: number;
}

/**
 * Hears digits as tones within audio (ITU-T Q.23, Q.24). Goertzel filters of 12.75 ms at the eight frequencies find the key
 * of each block; the phase by which a tone advances from one block to the next tells its frequency, and the share of a
 * block that the tones fill how long they last. A digit is two blocks of one key in a row, most of whose energy is in
 * tones of the right frequencies. There is no filter against dial tone.
 */
export class DtmfDetector {
  private readonly samples = new Float64Array(BLOCK);
  private filled = 0;
  private blockMs = 0;
  private energy = 0;
  private before = newBlock();
  private last = newBlock();
  private block = newBlock();
  private tone: Tone | null = null;
  private readonly heard: HeardDigit[] = [];

  get count(): number {
    return this.heard.length;
  }

  get digits(): string {
    return this.heard.map(({ digit }) => digit).join('');
  }

  /** Digits that have ended, and after `close` all. */
  list(): HeardDigit[] {
    return [...this.heard];
  }

  /** Hears `count` samples at 8 kHz, the first of which is played at `atMs`. */
  listen(samples: Int16Array, count: number, atMs: number): void {
    const block = this.samples;
    let { filled, energy } = this;
    for (let i = 0; i < count; i++) {
      if (filled === 0) this.blockMs = atMs + (i * 1000) / RATE;
      const sample = samples[i];
      block[filled++] = sample;
      energy += sample * sample;
      if (filled < BLOCK) continue;
      this.hear(energy);
      filled = 0;
      energy = 0;
    }
    this.filled = filled;
    this.energy = energy;
  }

  /** Nothing follows. */
  close(): void {
    if (this.tone !== null) this.end(this.tone);
  }

  private hear(energy: number): void {
    const block = this.before;
    this.before = this.last;
    this.last = this.block;
    this.block = block;
    analyse(block, this.samples, energy);
    if (this.tone !== null) this.goOn(this.tone, block);
    if (block.key >= 0 && block.key === this.last.key && this.tone?.key !== block.key) this.begin(block);
  }

  /** How much of a block the tones of the digit fill, 0–1. */
  private presence(tone: { key: number; rowAmplitude: number; columnAmplitude: number }, block: Block): number {
    const row = amplitude(block, tone.key >> 2) / tone.rowAmplitude;
    const column = amplitude(block, TONES + (tone.key & 3)) / tone.columnAmplitude;
    const presence = Math.min(row, column);
    return presence < LEAST_PRESENCE ? 0 : Math.min(1, presence);
  }

  private goOn(tone: Tone, block: Block): void {
    const presence = this.presence(tone, block);
    tone.toneMs += presence * BLOCK_MS;
    if (block.key === tone.key || presence >= FULL_PRESENCE) {
      tone.gapMs = 0;
      tone.endMs = this.blockMs + presence * BLOCK_MS;
      if (presence >= FULL_PRESENCE) {
        tone.blocks++;
        tone.rowSum += amplitude(block, tone.key >> 2);
        tone.columnSum += amplitude(block, TONES + (tone.key & 3));
      }
      return;
    }
    if (tone.gapMs === 0) tone.endMs = this.blockMs + presence * BLOCK_MS;
    tone.gapMs += (1 - presence) * BLOCK_MS;
    if (tone.gapMs >= LEAST_PAUSE_MS) this.end(tone);
  }

  /** Two blocks of one key: a digit, if the tones have the right frequencies and little else is there. */
  private begin(block: Block): void {
    const { last, before } = this;
    const { key } = block;
    const row = key >> 2;
    const column = TONES + (key & 3);
    const rowHz = deviation(last, block, row);
    const columnHz = deviation(last, block, column);
    if (Math.abs(rowHz) > MOST_DEVIATION * FREQUENCIES[row]) return;
    if (Math.abs(columnHz) > MOST_DEVIATION * FREQUENCIES[column]) return;
    const rowGain = filterGain(rowHz);
    const columnGain = filterGain(columnHz);
    const fuller = last.power[row] > block.power[row] ? last : block;
    const other = fuller === last ? block : last;
    const rowAmplitude = amplitude(fuller, row);
    const columnAmplitude = amplitude(fuller, column);
    if (rowAmplitude > MOST_CHANGE * amplitude(other, row)) return;
    const [rowTone, columnTone] = [rowAmplitude / rowGain, columnAmplitude / columnGain];
    if (((rowTone ** 2 + columnTone ** 2) * BLOCK) / 2 < LEAST_KNOWN_SHARE * fuller.energy) return;
    if (columnTone > MOST_TWIST * rowTone || rowTone > MOST_TWIST * columnTone) return;
    if (Math.min(rowTone, columnTone) < LEAST_AMPLITUDE) return;
    if (this.tone !== null) this.end(this.tone);
    const tone = { key, rowAmplitude, columnAmplitude };
    const filled = this.presence(tone, before) + this.presence(tone, last);
    const here = this.presence(tone, block);
    this.tone = {
      ...tone,
      startMs: this.blockMs - filled * BLOCK_MS,
      endMs: this.blockMs + here * BLOCK_MS,
      toneMs: (filled + here) * BLOCK_MS,
      gapMs: 0,
      rowSum: rowAmplitude,
      columnSum: columnAmplitude,
      blocks: 1,
      rowGain,
      columnGain,
    };
  }

  private end(tone: Tone): void {
    this.tone = null;
    if (tone.toneMs < LEAST_TONE_MS) return;
    const rowDbm0 = levelOf(tone.rowSum / tone.blocks / tone.rowGain);
    const columnDbm0 = levelOf(tone.columnSum / tone.blocks / tone.columnGain);
    this.heard.push({
      digit: DTMF_KEYS[tone.key],
      method: 'inband',
      startMs: tone.startMs,
      durationMs: tone.endMs - tone.startMs,
      volumeDbm0: (rowDbm0 + columnDbm0) / 2,
      twistDb: columnDbm0 - rowDbm0,
      packets: null,
      hasStart: null,
      hasEnd: null,
      isResumed: false,
    });
  }
}

function newBlock(): Block {
  const [re, im, power] = [new Float64Array(8), new Float64Array(8), new Float64Array(8)];
  return { re, im, power, energy: 0, key: -1 };
}

function analyse(block: Block, samples: Float64Array, energy: number): void {
  block.energy = energy;
  block.key = -1;
  block.power.fill(0);
  if (energy < LEAST_ENERGY) return;
  filter(block, samples, 0);
  filter(block, samples, TONES);
  block.key = keyOf(block);
}

/** Four Goertzel filters, side by side so that none waits for its own last step. */
function filter(block: Block, samples: Float64Array, first: number): void {
  const c0 = DOUBLED[first];
  const c1 = DOUBLED[first + 1];
  const c2 = DOUBLED[first + 2];
  const c3 = DOUBLED[first + 3];
  let [a0, b0, a1, b1, a2, b2, a3, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < BLOCK; i++) {
    const x = samples[i];
    const n0 = c0 * a0 + (x - b0);
    const n1 = c1 * a1 + (x - b1);
    const n2 = c2 * a2 + (x - b2);
    const n3 = c3 * a3 + (x - b3);
    b0 = a0;
    b1 = a1;
    b2 = a2;
    b3 = a3;
    a0 = n0;
    a1 = n1;
    a2 = n2;
    a3 = n3;
  }
  settle(block, first, a0, b0);
  settle(block, first + 1, a1, b1);
  settle(block, first + 2, a2, b2);
  settle(block, first + 3, a3, b3);
}

/** What a filter makes of its last two steps. */
function settle({ re, im, power }: Block, at: number, s1: number, s2: number): void {
  re[at] = s1 - COSINES[at] * s2;
  im[at] = SINES[at] * s2;
  power[at] = re[at] ** 2 + im[at] ** 2;
}

/** The key whose two tones stand out of a block; −1 where none do. */
function keyOf(block: Block): number {
  const row = peakOf(block.power, 0);
  const column = peakOf(block.power, TONES);
  if (row < 0 || column < 0) return -1;
  const [r, c] = [amplitude(block, row), amplitude(block, column)];
  if (r > MOST_ROUGH_TWIST * c || c > MOST_ROUGH_TWIST * r) return -1;
  if (((r * r + c * c) * BLOCK) / 2 < LEAST_SHARE * block.energy) return -1;
  return row * TONES + (column - TONES);
}

/** The strongest of a group, if it stands out; −1 otherwise. */
function peakOf(power: Float64Array, first: number): number {
  let best = first;
  for (let i = first + 1; i < first + TONES; i++) if (power[i] > power[best]) best = i;
  for (let i = first; i < first + TONES; i++) if (i !== best && power[i] * LEAST_PEAK > power[best]) return -1;
  return best;
}

/** Amplitude of a tone that fills the block, in 16-bit units. */
function amplitude({ power }: Block, tone: number): number {
  return (2 * Math.sqrt(power[tone])) / BLOCK;
}

/** How far a tone is off its frequency, in Hz, by its phase in two blocks in a row; ±39 Hz can be told. */
function deviation(last: Block, block: Block, tone: number): number {
  const advance = Math.atan2(
    block.im[tone] * last.re[tone] - block.re[tone] * last.im[tone],
    block.re[tone] * last.re[tone] + block.im[tone] * last.im[tone],
  );
  const cycles = advance / (2 * Math.PI) - (FREQUENCIES[tone] * BLOCK) / RATE;
  return ((cycles - Math.round(cycles)) * RATE) / BLOCK;
}

/** Share of the amplitude of a tone so far off that its filter passes. */
function filterGain(offHz: number): number {
  const x = (Math.PI * offHz * BLOCK) / RATE;
  return Math.abs(x) < 1e-3 ? 1 : Math.sin(x) / x;
}
