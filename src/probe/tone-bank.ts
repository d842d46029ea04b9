import { frequencyOf, SYMBOL_MS, SYNC_TONE, TONES } from './marker.js';

/** What is searched comes at this rate, in Hz. */
export const SEARCH_RATE = 8000;
/** Steps of the search: 2.5 ms. */
export const STEP = 20;
export const STEP_MS = (STEP * 1000) / SEARCH_RATE;
export const STEPS_PER_SYMBOL = SYMBOL_MS / STEP_MS;
/** All tones are whole cycles in a symbol, so the tables repeat after one. */
const PERIOD = (SYMBOL_MS * SEARCH_RATE) / 1000;

const cosines = new Float64Array(TONES * PERIOD);
const sines = new Float64Array(TONES * PERIOD);
for (let tone = 0; tone < TONES; tone++) {
  for (let i = 0; i < PERIOD; i++) {
    const angle = (2 * Math.PI * frequencyOf(tone) * i) / SEARCH_RATE;
    cosines[tone * PERIOD + i] = Math.cos(angle);
    sines[tone * PERIOD + i] = Math.sin(angle);
  }
}

/**
 * Half a step, from its middle outwards: what lies as far before the middle as behind it is taken together, which halves the work. The
 * sum of both meets the cosines, their difference the sines.
 */
const HALF = STEP / 2;
const halfCosines = new Float64Array(TONES * HALF);
const halfSines = new Float64Array(TONES * HALF);
/** The turn of each tone from the start of the period to the middle of each of its steps. */
const turnCosines = new Float64Array(STEPS_PER_SYMBOL * TONES);
const turnSines = new Float64Array(STEPS_PER_SYMBOL * TONES);
for (let tone = 0; tone < TONES; tone++) {
  const angle = (2 * Math.PI * frequencyOf(tone)) / SEARCH_RATE;
  for (let i = 0; i < HALF; i++) {
    halfCosines[tone * HALF + i] = Math.cos(angle * (i + 0.5));
    halfSines[tone * HALF + i] = Math.sin(angle * (i + 0.5));
  }
  for (let step = 0; step < STEPS_PER_SYMBOL; step++) {
    turnCosines[step * TONES + tone] = Math.cos(angle * (step * STEP + HALF - 0.5));
    turnSines[step * TONES + tone] = Math.sin(angle * (step * STEP + HALF - 0.5));
  }
}
/** The step at hand. */
const both = new Float64Array(HALF);
const difference = new Float64Array(HALF);

/** Of a tone of amplitude A, over a symbol, the power comes out as A²/2. */
const SCALE = 2 / PERIOD ** 2;

/** Of the tone of the sync, what its differences from sample to sample have of its power: the others' are weakened by less or more. */
const DIFFERENCE_GAIN = 4 * Math.sin((Math.PI * frequencyOf(SYNC_TONE)) / SEARCH_RATE) ** 2;

/**
 * How pure the tone of the sync is in every stretch of 20 ms, in steps of 2.5 ms: 1 for that tone alone. Low frequencies are
 * weakened, so that hum does not hide it.
 */
export class SyncBank {
  /** Steps at which a whole symbol may begin. */
  steps = 0;
  readonly purity: Float64Array;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;
  private readonly energy: Float64Array;

  /** @param room samples at most */
  constructor(room: number) {
    const blocks = Math.ceil(room / STEP) + 1;
    this.purity = new Float64Array(blocks);
    this.real = new Float64Array(blocks);
    this.imaginary = new Float64Array(blocks);
    this.energy = new Float64Array(blocks);
  }

  fill(samples: Int16Array, count: number): void {
    const { purity, real, imaginary, energy } = this;
    const blocks = Math.floor(count / STEP);
    let re = 0;
    let im = 0;
    let sum = 0;
    let before = samples[0];
    for (let block = 0; block < blocks; block++) {
      const at = block * STEP;
      const table = SYNC_TONE * PERIOD + (at % PERIOD);
      for (let i = 0; i < STEP; i++) {
        const sample = samples[at + i];
        re += sample * cosines[table + i];
        im += sample * sines[table + i];
        sum += (sample - before) * (sample - before);
        before = sample;
      }
      real[block + 1] = re;
      imaginary[block + 1] = im;
      energy[block + 1] = sum;
    }
    this.steps = Math.max(0, blocks - STEPS_PER_SYMBOL + 1);
    for (let step = 0; step < this.steps; step++) {
      const to = step + STEPS_PER_SYMBOL;
      const power = SCALE * ((real[to] - real[step]) ** 2 + (imaginary[to] - imaginary[step]) ** 2);
      const mean = (energy[to] - energy[step]) / PERIOD;
      purity[step] = mean > 0 ? Math.min(1, (power * DIFFERENCE_GAIN) / mean) : 0;
    }
  }
}

/**
 * How much of each tone there is in every stretch of 20 ms, in steps of 2.5 ms. One bank serves all searches of a thread, one
 * after the other: each fills it anew.
 */
export class ToneBank {
  /** Steps at which a whole symbol may begin. */
  steps = 0;
  /** Mean square of each tone, by step and tone, and of all tones of a step together. */
  readonly power: Float64Array;
  readonly sum: Float64Array;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;

  /** @param room samples at most */
  constructor(room: number) {
    const steps = Math.ceil(room / STEP);
    this.power = new Float64Array(steps * TONES);
    this.sum = new Float64Array(steps);
    this.real = new Float64Array((steps + 1) * TONES);
    this.imaginary = new Float64Array((steps + 1) * TONES);
  }

  /** @param from first sample of `count` */
  fill(samples: Int16Array, from: number, count: number): void {
    const { real, imaginary, power, sum } = this;
    const blocks = Math.floor(count / STEP);
    // Sums from the start on: the sum over any stretch is then a difference.
    for (let block = 0; block < blocks; block++) {
      const middle = from + block * STEP + HALF;
      for (let i = 0; i < HALF; i++) {
        both[i] = samples[middle + i] + samples[middle - 1 - i];
        difference[i] = samples[middle + i] - samples[middle - 1 - i];
      }
      const turn = (block % STEPS_PER_SYMBOL) * TONES;
      const at = block * TONES;
      for (let tone = 0; tone < TONES; tone++) {
        const half = tone * HALF;
        let even = 0;
        let odd = 0;
        for (let i = 0; i < HALF; i++) {
          even += both[i] * halfCosines[half + i];
          odd += difference[i] * halfSines[half + i];
        }
        const cosine = turnCosines[turn + tone];
        const sine = turnSines[turn + tone];
        real[at + TONES + tone] = real[at + tone] + even * cosine - odd * sine;
        imaginary[at + TONES + tone] = imaginary[at + tone] + even * sine + odd * cosine;
      }
    }
    this.steps = Math.max(0, blocks - STEPS_PER_SYMBOL + 1);
    for (let step = 0; step < this.steps; step++) {
      let all = 0;
      for (let tone = 0; tone < TONES; tone++) {
        const from = step * TONES + tone;
        const to = from + STEPS_PER_SYMBOL * TONES;
        const re = real[to] - real[from];
        const im = imaginary[to] - imaginary[from];
        const value = SCALE * (re * re + im * im);
        power[from] = value;
        all += value;
      }
      sum[step] = all;
    }
  }
}
