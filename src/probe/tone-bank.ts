import { frequencyOf, SYMBOL_MS, SYNC_TONE, TONES } from './marker.js';

/** What is searched comes at this rate, in Hz. */
export const SEARCH_RATE = 8000;
/** Steps of the search: 2.5 ms. */
export const STEP = 20;
export const STEP_MS = (STEP * 1000) / SEARCH_RATE;
export const STEPS_PER_SYMBOL = SYMBOL_MS / STEP_MS;
/** All tones are whole cycles in a symbol, so the tables repeat after one. */
const PERIOD = (SYMBOL_MS * SEARCH_RATE) / 1000;

/** The tone of the sync. */
const SYNC_ANGLE = (2 * Math.PI * frequencyOf(SYNC_TONE)) / SEARCH_RATE;
const cosines = Float64Array.from({ length: PERIOD }, (_, i) => Math.cos(SYNC_ANGLE * i));
const sines = Float64Array.from({ length: PERIOD }, (_, i) => Math.sin(SYNC_ANGLE * i));

/**
 * Half a step, from its middle outwards: what lies as far before the middle as behind it is taken together, which halves the work. The
 * sum of both meets the cosines, their difference the sines.
 */
const HALF = STEP / 2;
/** Of each tone the cosines of half a step and behind them its sines. */
const waves = new Float64Array(TONES * STEP);
/** The turn of each tone from the start of a symbol to the middle of each of its steps: its cosine and behind it its sine. */
const turns = new Float64Array(2 * STEPS_PER_SYMBOL * TONES);
for (let tone = 0; tone < TONES; tone++) {
  const angle = (2 * Math.PI * frequencyOf(tone)) / SEARCH_RATE;
  for (let i = 0; i < HALF; i++) {
    waves[tone * STEP + i] = Math.cos(angle * (i + 0.5));
    waves[tone * STEP + HALF + i] = Math.sin(angle * (i + 0.5));
  }
  for (let step = 0; step < STEPS_PER_SYMBOL; step++) {
    const turn = 2 * (step * TONES + tone);
    turns[turn] = Math.cos(angle * (step * STEP + HALF - 0.5));
    turns[turn + 1] = Math.sin(angle * (step * STEP + HALF - 0.5));
  }
}

/** The step at hand, folded at its middle. */
const sums = new Float64Array(HALF);
const differences = new Float64Array(HALF);

function fold(samples: Int16Array, first: number): void {
  for (let i = 0; i < HALF; i++) {
    const after = samples[first + HALF + i];
    const ahead = samples[first + HALF - 1 - i];
    sums[i] = after + ahead;
    differences[i] = after - ahead;
  }
}

/** Of a tone of amplitude A, over a symbol, the power comes out as A²/2. */
const SCALE = 2 / PERIOD ** 2;

/** Of the tone of the sync, what its differences from sample to sample have of its power: the others' are weakened by less or more. */
const DIFFERENCE_GAIN = 4 * Math.sin(SYNC_ANGLE / 2) ** 2;
/** Makes 1 of that tone's power over a symbol by the sum of the squares of its differences. */
const PURE = SCALE * DIFFERENCE_GAIN * PERIOD;

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
    // Of silence all sums are 0: there is much of it ahead of a marker of which all before its first tone was left out.
    let quiet = 0;
    while (quiet < count && samples[quiet] === 0) quiet++;
    const silent = Math.min(blocks, Math.floor(quiet / STEP));
    real.fill(0, 0, silent + 1);
    imaginary.fill(0, 0, silent + 1);
    energy.fill(0, 0, silent + 1);
    let re = 0;
    let im = 0;
    let sum = 0;
    let before = silent > 0 ? 0 : samples[0];
    for (let block = silent; block < blocks; block++) {
      const at = block * STEP;
      const turn = at % PERIOD;
      for (let i = 0; i < STEP; i++) {
        const sample = samples[at + i];
        re += sample * cosines[turn + i];
        im += sample * sines[turn + i];
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
      const power = (real[to] - real[step]) ** 2 + (imaginary[to] - imaginary[step]) ** 2;
      const sum = energy[to] - energy[step];
      purity[step] = sum > 0 ? Math.min(1, (PURE * power) / sum) : 0;
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
  /** Mean square of each tone, by step and tone; of all tones of a step together, and of its loudest one. */
  readonly power: Float64Array;
  readonly sum: Float64Array;
  readonly peak: Float64Array;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;

  /** @param room samples at most */
  constructor(room: number) {
    const steps = Math.ceil(room / STEP);
    this.power = new Float64Array(steps * TONES);
    this.sum = new Float64Array(steps);
    this.peak = new Float64Array(steps);
    this.real = new Float64Array((steps + 1) * TONES);
    this.imaginary = new Float64Array((steps + 1) * TONES);
  }

  /** @param from first sample of `count` */
  fill(samples: Int16Array, from: number, count: number): void {
    const { real, imaginary, power, sum, peak } = this;
    const blocks = Math.floor(count / STEP);
    // Sums from the start on: the sum over any stretch is then a difference.
    for (let block = 0; block < blocks; block++) this.addBlock(samples, from + block * STEP, block);
    this.steps = Math.max(0, blocks - STEPS_PER_SYMBOL + 1);
    for (let step = 0; step < this.steps; step++) {
      let all = 0;
      let most = 0;
      for (let from = step * TONES; from < (step + 1) * TONES; from++) {
        const to = from + STEPS_PER_SYMBOL * TONES;
        const re = real[to] - real[from];
        const im = imaginary[to] - imaginary[from];
        const value = SCALE * (re * re + im * im);
        power[from] = value;
        all += value;
        if (value > most) most = value;
      }
      sum[step] = all;
      peak[step] = most;
    }
  }

  /** All that the search of a marker costs is here, nearly: 340 products a block. Written out they take half of the time that a loop does. */
  private addBlock(samples: Int16Array, first: number, block: number): void {
    const { real, imaginary } = this;
    fold(samples, first);
    const even0 = sums[0];
    const even1 = sums[1];
    const even2 = sums[2];
    const even3 = sums[3];
    const even4 = sums[4];
    const even5 = sums[5];
    const even6 = sums[6];
    const even7 = sums[7];
    const even8 = sums[8];
    const even9 = sums[9];
    const odd0 = differences[0];
    const odd1 = differences[1];
    const odd2 = differences[2];
    const odd3 = differences[3];
    const odd4 = differences[4];
    const odd5 = differences[5];
    const odd6 = differences[6];
    const odd7 = differences[7];
    const odd8 = differences[8];
    const odd9 = differences[9];
    let turn = 2 * (block % STEPS_PER_SYMBOL) * TONES;
    let at = block * TONES;
    for (let wave = 0; wave < TONES * STEP; wave += STEP) {
      const even =
        even0 * waves[wave] +
        even1 * waves[wave + 1] +
        even2 * waves[wave + 2] +
        even3 * waves[wave + 3] +
        even4 * waves[wave + 4] +
        (even5 * waves[wave + 5] +
          even6 * waves[wave + 6] +
          even7 * waves[wave + 7] +
          even8 * waves[wave + 8] +
          even9 * waves[wave + 9]);
      const odd =
        odd0 * waves[wave + 10] +
        odd1 * waves[wave + 11] +
        odd2 * waves[wave + 12] +
        odd3 * waves[wave + 13] +
        odd4 * waves[wave + 14] +
        (odd5 * waves[wave + 15] +
          odd6 * waves[wave + 16] +
          odd7 * waves[wave + 17] +
          odd8 * waves[wave + 18] +
          odd9 * waves[wave + 19]);
      const cosine = turns[turn];
      const sine = turns[turn + 1];
      real[at + TONES] = real[at] + even * cosine - odd * sine;
      imaginary[at + TONES] = imaginary[at] + even * sine + odd * cosine;
      turn += 2;
      at++;
    }
  }
}
