import { type AudioBlocks, BLOCK_SAMPLES } from '../audio/audio-blocks.js';
import { type NumberRange, takeNumbers } from '../core/number-block.js';

const RATE = 8000;
/** Both smoothers of the envelope (P.56, process 2): 30 ms. */
const SMOOTHING_SAMPLES = 0.03 * RATE;
/** For how long activity goes on behind the last sample above a threshold. */
const HANGOVER_SAMPLES = 0.2 * RATE;
/** By how much the active level lies above the threshold that tells it. */
const MARGIN_DB = 15.9;
/** Thresholds are 1, 2, 4 … 16384 in units of 16-bit samples: 6.02 dB apart, the highest at half of full scale. */
const THRESHOLDS = 15;
const FULL_SCALE = 32768;
/** What is not above this is nobody's speech: the digital silence of A-law has −72.2 dBov. */
const LEAST_DBOV = -70;
/** What a smoother keeps of its distance to the input over a block. */
const BLOCK_DECAY = Math.exp(-BLOCK_SAMPLES / SMOOTHING_SAMPLES);
/** Two seconds: from then on a pause changes nothing but the time, as no envelope is left, and no hangover. */
const silence = new Float64Array((2 * RATE) / BLOCK_SAMPLES);

// Where the numbers lie: those of the envelope, and as 32-bit words the rest.
const INNER = 0;
const OUTER = 1;
const ENERGY = 2;
const NUMBERS = 3;
/** Samples so far. */
const SAMPLES = 2 * NUMBERS;
/** The highest threshold that is active now, from 1; 0 where none is. */
const ACTIVE = SAMPLES + 1;
/**
 * For none and for each threshold, side by side: up to where the envelope lay right above it last, and how many samples it was
 * the highest active one.
 */
const REACHED = ACTIVE + 1;
const COUNTS = REACHED + 1;
export const ACTIVE_LEVEL_NUMBERS = NUMBERS + 1 + THRESHOLDS + 1;

/** What ITU-T P.56, method B, tells of an audio. */
export interface ActiveLevel {
  /** In dBov; `null` where nothing is active. */
  levelDbov: number | null;
  /** Share of the time in which the audio was active, 0–1. */
  activityFactor: number;
}

/**
 * The active speech level by ITU-T P.56, method B, over blocks of 5 ms: within one the rectified audio counts as constant,
 * for which the two smoothers are solved exactly. The thresholds need no counter each: at any time those up to the highest one
 * are active that the envelope reached within the hangover.
 */
export class ActiveLevelMeter {
  private readonly numbers: Float64Array;
  private readonly words: Int32Array;
  readonly at: number;
  private readonly word: number;

  /** @param range `ACTIVE_LEVEL_NUMBERS` zeros */
  constructor(range: NumberRange = takeNumbers(ACTIVE_LEVEL_NUMBERS)) {
    this.numbers = range.numbers;
    this.words = range.words;
    this.at = range.at;
    this.word = 2 * range.at;
  }

  /** Takes the audio of one packet, which follows the one before without a hole; `energy` is the sum of its squares. */
  take({ count, samples, magnitudes }: AudioBlocks, energy: number): void {
    this.numbers[this.at + ENERGY] += energy;
    const rest = samples % BLOCK_SAMPLES;
    const whole = rest === 0 ? count : count - 1;
    this.stepWhole(magnitudes, whole);
    if (whole < count) this.step(magnitudes[whole] / rest, rest);
  }

  /** Nothing was said for so long. */
  pause(samples: number): void {
    const blocks = Math.floor(samples / BLOCK_SAMPLES);
    const stepped = Math.min(blocks, silence.length);
    this.stepWhole(silence, stepped);
    this.words[this.word + SAMPLES] += samples - stepped * BLOCK_SAMPLES;
  }

  /** What was measured so far; `null` before any audio. */
  get result(): ActiveLevel | null {
    const { words, word } = this;
    const samples = words[word + SAMPLES];
    if (samples === 0) return null;
    const energy = this.numbers[this.at + ENERGY];
    let active = 0;
    for (let i = 1; i <= THRESHOLDS; i++) active += words[word + COUNTS + 2 * i];
    // The first threshold that does not lie far enough below the level of its active time; the true one is between it and the one before.
    let belowDb = 0;
    let belowMarginDb = 0;
    for (let i = 1; i <= THRESHOLDS && active > 0; i++) {
      const levelDb = 10 * Math.log10(energy / active / FULL_SCALE ** 2);
      const marginDb = levelDb - 20 * Math.log10(2 ** (i - 1) / FULL_SCALE);
      if (marginDb <= MARGIN_DB) {
        if (i === 1) break;
        const share = (belowMarginDb - MARGIN_DB) / (belowMarginDb - marginDb);
        const levelDbov = belowDb + share * (levelDb - belowDb);
        if (levelDbov < LEAST_DBOV) break;
        const activeSamples = energy / (FULL_SCALE ** 2 * 10 ** (levelDbov / 10));
        return { levelDbov, activityFactor: Math.min(1, activeSamples / samples) };
      }
      belowDb = levelDb;
      belowMarginDb = marginDb;
      active -= words[word + COUNTS + 2 * i];
    }
    return { levelDbov: null, activityFactor: 0 };
  }

  /** Goes on by so many whole blocks, of which the rectified audio has that sum. */
  private stepWhole(magnitudes: Float64Array, count: number): void {
    const { numbers, words, at, word } = this;
    let inner = numbers[at + INNER];
    let outer = numbers[at + OUTER];
    let now = words[word + SAMPLES];
    let active = words[word + ACTIVE];
    for (let i = 0; i < count; i++) {
      const mean = magnitudes[i] * (1 / BLOCK_SAMPLES);
      const decayed = (inner - mean) * BLOCK_DECAY;
      outer = mean + (outer - mean) * BLOCK_DECAY + decayed * (BLOCK_SAMPLES / SMOOTHING_SAMPLES);
      inner = mean + decayed;
      now += BLOCK_SAMPLES;
      active = this.reach(32 - Math.clz32(outer), active, now);
      words[word + COUNTS + 2 * active] += BLOCK_SAMPLES;
    }
    numbers[at + INNER] = inner;
    numbers[at + OUTER] = outer;
    words[word + SAMPLES] = now;
    words[word + ACTIVE] = active;
  }

  /** The same for a block of another length, by its mean. */
  private step(mean: number, samples: number): void {
    const { numbers, words, at, word } = this;
    const decay = Math.exp(-samples / SMOOTHING_SAMPLES);
    const decayed = (numbers[at + INNER] - mean) * decay;
    numbers[at + OUTER] = mean + (numbers[at + OUTER] - mean) * decay + decayed * (samples / SMOOTHING_SAMPLES);
    numbers[at + INNER] = mean + decayed;
    words[word + SAMPLES] += samples;
    const active = this.reach(32 - Math.clz32(numbers[at + OUTER]), words[word + ACTIVE], words[word + SAMPLES]);
    words[word + COUNTS + 2 * active] += samples;
    words[word + ACTIVE] = active;
  }

  /** The highest threshold that is active at `now`, when the envelope reaches `reached` and `active` was active. */
  private reach(reached: number, active: number, now: number): number {
    const { words, word } = this;
    words[word + REACHED + 2 * reached] = now;
    if (reached >= active) return reached;
    let still = active;
    while (still > reached && now - words[word + REACHED + 2 * still] > HANGOVER_SAMPLES) still--;
    return still;
  }
}
