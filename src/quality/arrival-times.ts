import type { NumberRange } from '../core/number-block.js';
import type { LevelMeter } from './levels.js';

// Where the numbers lie.
const PACKETS = 0;
const FIRST_MS = 1;
const LAST_MS = 2;
const LONGEST_GAP_MS = 3;
/** As the longest gap, only of the time in which audio was expected. */
const LONGEST_EXPECTED_GAP_MS = 4;
export const ARRIVAL_NUMBERS = 5;

/** When the packets of a stream came, and for how long none did. */
export class ArrivalTimes {
  private readonly numbers: Float64Array;
  private readonly at: number;

  /**
   * @param range `ARRIVAL_NUMBERS` zeros
   * @param levels knows since when audio is expected
   */
  constructor(
    range: NumberRange,
    private readonly levels: LevelMeter,
  ) {
    this.numbers = range.numbers;
    this.at = range.at;
  }

  get packets(): number {
    return this.numbers[this.at + PACKETS];
  }

  /** `null` before the first packet. */
  get firstMs(): number | null {
    return this.packets === 0 ? null : this.numbers[this.at + FIRST_MS];
  }

  get lastMs(): number | null {
    return this.packets === 0 ? null : this.numbers[this.at + LAST_MS];
  }

  note(arrivalMs: number): void {
    const { numbers, at } = this;
    const lastMs = numbers[at + LAST_MS];
    if (numbers[at + PACKETS]++ === 0) {
      numbers[at + FIRST_MS] = arrivalMs;
    } else {
      const gapMs = arrivalMs - lastMs;
      if (gapMs > numbers[at + LONGEST_GAP_MS]) numbers[at + LONGEST_GAP_MS] = gapMs;
      // The part of it in which audio was expected is not longer.
      if (gapMs > numbers[at + LONGEST_EXPECTED_GAP_MS]) this.noteExpectedGap(arrivalMs);
    }
    if (arrivalMs > lastMs) numbers[at + LAST_MS] = arrivalMs;
  }

  /** Nothing has come so far at `nowMs`: counts that, as far as something was expected. */
  noteExpectedGap(nowMs: number): void {
    this.numbers[this.at + LONGEST_EXPECTED_GAP_MS] = this.longestExpectedGapAt(nowMs);
  }

  /** The longest time without a packet after the first one; `null` before that. */
  longestGapAt(nowMs: number): number | null {
    const { lastMs } = this;
    return lastMs === null ? null : Math.max(this.numbers[this.at + LONGEST_GAP_MS], nowMs - lastMs);
  }

  /** The longest time after the first packet without another although audio was expected. */
  longestExpectedGapAt(nowMs: number): number {
    const { numbers, at, levels } = this;
    const longestMs = numbers[at + LONGEST_EXPECTED_GAP_MS];
    if (numbers[at + PACKETS] === 0 || !levels.isExpected) return longestMs;
    return Math.max(longestMs, nowMs - Math.max(numbers[at + LAST_MS], levels.sinceMs));
  }
}
