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
    for (let tone = 0; tone < TONES; tone++) {
      let totalReal = 0;
      let totalImaginary = 0;
      for (let block = 0; block < blocks; block++) {
        const at = block * STEP;
        const table = tone * PERIOD + (at % PERIOD);
        for (let i = 0; i < STEP; i++) {
          const sample = samples[from + at + i];
          totalReal += sample * cosines[table + i];
          totalImaginary += sample * sines[table + i];
        }
        real[(block + 1) * TONES + tone] = totalReal;
        imaginary[(block + 1) * TONES + tone] = totalImaginary;
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
