import { type NumberRange, takeNumbers } from '../core/number-block.js';

/** Mean square of 0 dBov: a square wave of full scale (RFC 6464). */
const FULL_SCALE_SQUARE = 32768 ** 2;
/** A second or a packet above this was heard: −50 dBov. */
export const HEARD_SQUARE = FULL_SCALE_SQUARE * 1e-5;
/** Up to this mean square a packet is digital silence: the smallest value of A-law is ±8. */
const SILENT_SQUARE = 64;
/** A last second shorter than this is not judged. */
const SHORTEST_SECOND_MS = 500;

/** Level of a mean square in dBov; −Infinity for 0. */
export function dbovOf(meanSquare: number): number {
  return 10 * Math.log10(meanSquare / FULL_SCALE_SQUARE);
}

/** Seconds in which audio was expected, those of them that were heard, and for how long it was expected in all. */
export interface ExpectedAudio {
  secondsExpected: number;
  secondsHeard: number;
  expectedMs: number;
}

// Where the numbers lie: those that every packet touches first, on one line of the cache.
const AUDIO_PACKETS = 0;
const SAMPLES = 1;
const LOUD_ENERGY = 2;
const LOUD_SAMPLES = 3;
const EXPECTED = 4;
/** Packets that came while audio was expected, and those that were not above −50 dBov, comfort noise among them. */
const JUDGED_PACKETS = 5;
const SECOND_START_MS = 6;
const SECOND_ENERGY = 7;
const QUIET_PACKETS = 8;
const SILENT_PACKETS = 9;
const COMFORT_NOISE_PACKETS = 10;
const EXPECTED_SINCE_MS = 11;
const SECONDS_EXPECTED = 12;
const SECONDS_HEARD = 13;
const EXPECTED_MS = 14;
/** Levels that comfort noise carried: their sum in dBov, and how many. */
const COMFORT_NOISE_DBOV = 15;
const COMFORT_NOISE_LEVELS = 16;
export const LEVEL_NUMBERS = 17;

/**
 * Levels of decoded audio from the answer on: second by second where audio was expected (what did not come counts as
 * silence), and the shares of silent packets. Energy is given as the sum of squared samples.
 */
export class LevelMeter {
  private readonly numbers: Float64Array;
  readonly at: number;

  /** @param range `LEVEL_NUMBERS` zeros */
  constructor(
    private readonly clockRate: number,
    range: NumberRange = takeNumbers(LEVEL_NUMBERS),
  ) {
    this.numbers = range.numbers;
    this.at = range.at;
  }

  get audioPackets(): number {
    return this.numbers[this.at + AUDIO_PACKETS];
  }

  /** How much audio a packet carries on average, in ms; 0 without any. */
  get packetMs(): number {
    const { audioPackets } = this;
    return audioPackets === 0 ? 0 : (this.numbers[this.at + SAMPLES] * 1000) / (this.clockRate * audioPackets);
  }

  /** Digital silence. */
  get silentPackets(): number {
    return this.numbers[this.at + SILENT_PACKETS];
  }

  get comfortNoisePackets(): number {
    return this.numbers[this.at + COMFORT_NOISE_PACKETS];
  }

  /** Says from when on audio is expected or not. Seconds are counted from here; one that was begun is not judged. */
  expect(isExpected: boolean, nowMs: number): void {
    const { numbers, at } = this;
    if (isExpected === this.isExpected) return;
    if (this.isExpected) {
      this.closeSeconds(nowMs);
      numbers[at + EXPECTED_MS] += Math.max(0, nowMs - numbers[at + EXPECTED_SINCE_MS]);
    }
    numbers[at + EXPECTED] = isExpected ? 1 : 0;
    numbers[at + EXPECTED_SINCE_MS] = nowMs;
    numbers[at + SECOND_START_MS] = nowMs;
    numbers[at + SECOND_ENERGY] = 0;
  }

  get isExpected(): boolean {
    return this.numbers[this.at + EXPECTED] !== 0;
  }

  /** When audio was last expected from. */
  get sinceMs(): number {
    return this.numbers[this.at + EXPECTED_SINCE_MS];
  }

  addAudio(energy: number, samples: number, arrivalMs: number): void {
    if (samples === 0) return;
    const { numbers, at } = this;
    numbers[at + AUDIO_PACKETS]++;
    numbers[at + SAMPLES] += samples;
    if (energy <= SILENT_SQUARE * samples) {
      numbers[at + SILENT_PACKETS]++;
    } else {
      numbers[at + LOUD_ENERGY] += energy;
      numbers[at + LOUD_SAMPLES] += samples;
    }
    if (numbers[at + EXPECTED] === 0) return;
    numbers[at + JUDGED_PACKETS]++;
    if (energy <= HEARD_SQUARE * samples) numbers[at + QUIET_PACKETS]++;
    if (arrivalMs >= numbers[at + SECOND_START_MS] + 1000) this.closeSeconds(arrivalMs);
    numbers[at + SECOND_ENERGY] += energy;
  }

  /** @param levelDbov what it says of itself; `null` where it says nothing */
  addComfortNoise(levelDbov: number | null): void {
    const { numbers, at } = this;
    numbers[at + COMFORT_NOISE_PACKETS]++;
    if (levelDbov !== null) {
      numbers[at + COMFORT_NOISE_DBOV] += levelDbov;
      numbers[at + COMFORT_NOISE_LEVELS]++;
    }
    if (numbers[at + EXPECTED] === 0) return;
    numbers[at + JUDGED_PACKETS]++;
    numbers[at + QUIET_PACKETS]++;
  }

  /** Mean of the levels that comfort noise carried, in dBov; `null` without any. */
  get comfortNoiseDbov(): number | null {
    const { numbers, at } = this;
    const levels = numbers[at + COMFORT_NOISE_LEVELS];
    return levels === 0 ? null : numbers[at + COMFORT_NOISE_DBOV] / levels;
  }

  /** Share of the audio packets that were digital silence or comfort noise; `null` without any. */
  get silentRatio(): number | null {
    const { numbers, at } = this;
    const packets = numbers[at + AUDIO_PACKETS] + numbers[at + COMFORT_NOISE_PACKETS];
    return packets === 0 ? null : (numbers[at + SILENT_PACKETS] + numbers[at + COMFORT_NOISE_PACKETS]) / packets;
  }

  /** Share of the packets received while audio was expected that stayed at or below −50 dBov; `null` without any. */
  get quietRatio(): number | null {
    const { numbers, at } = this;
    return numbers[at + JUDGED_PACKETS] === 0 ? null : numbers[at + QUIET_PACKETS] / numbers[at + JUDGED_PACKETS];
  }

  /** RMS level of what was not silent, in dBov. */
  get levelDbov(): number | null {
    const { numbers, at } = this;
    return numbers[at + LOUD_SAMPLES] === 0 ? null : dbovOf(numbers[at + LOUD_ENERGY] / numbers[at + LOUD_SAMPLES]);
  }

  /** The count of seconds up to `nowMs`, without closing any. A last part of half a second or more is a second. */
  secondsAt(nowMs: number): ExpectedAudio {
    const { numbers, at } = this;
    let secondsExpected = numbers[at + SECONDS_EXPECTED];
    let secondsHeard = numbers[at + SECONDS_HEARD];
    let expectedMs = numbers[at + EXPECTED_MS];
    if (this.isExpected) {
      expectedMs += Math.max(0, nowMs - numbers[at + EXPECTED_SINCE_MS]);
      const elapsedMs = nowMs - numbers[at + SECOND_START_MS];
      const full = Math.max(0, Math.floor(elapsedMs / 1000));
      const restMs = elapsedMs - full * 1000;
      secondsExpected += full + (restMs >= SHORTEST_SECOND_MS ? 1 : 0);
      const firstMs = full > 0 ? 1000 : restMs >= SHORTEST_SECOND_MS ? restMs : 0;
      if (firstMs > 0 && this.isHeard(firstMs)) secondsHeard++;
    }
    return { secondsExpected, secondsHeard, expectedMs };
  }

  private closeSeconds(nowMs: number): void {
    const { numbers, at } = this;
    const full = Math.floor((nowMs - numbers[at + SECOND_START_MS]) / 1000);
    if (full <= 0) return;
    if (this.isHeard(1000)) numbers[at + SECONDS_HEARD]++;
    numbers[at + SECONDS_EXPECTED] += full;
    numbers[at + SECOND_START_MS] += full * 1000;
    numbers[at + SECOND_ENERGY] = 0;
  }

  private isHeard(ms: number): boolean {
    return this.numbers[this.at + SECOND_ENERGY] > HEARD_SQUARE * ((ms * this.clockRate) / 1000);
  }
}
