import type { NumberRange } from '../core/number-block.js';
import type { LevelMeter } from './levels.js';
import type { DirectionFacts } from './one-way.js';

// Where the numbers lie that every packet touches.
const PACKETS = 0;
const LAST_MS = 1;
const LONGEST_GAP_MS = 2;
/** As the longest gap, only of the time in which audio was expected. */
const LONGEST_EXPECTED_GAP_MS = 3;
export const ARRIVAL_NUMBERS = 4;

/** When the packets of a stream came, and for how long none did. */
export class ArrivalTimes {
  private readonly numbers: Float64Array;
  private readonly at: number;
  /** Of the first packet; NaN before. */
  private firstArrivalMs = Number.NaN;
  private firstDelayMs = Number.NaN;
  /** When the longest gap in which audio was expected began. */
  private expectedGapFromMs = 0;

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
    return this.packets === 0 ? null : this.firstArrivalMs;
  }

  get lastMs(): number | null {
    return this.packets === 0 ? null : this.numbers[this.at + LAST_MS];
  }

  /** How long after the answer (a hold in between left out) the first packet came; `null` without one, or on hold. */
  get startDelayMs(): number | null {
    return Number.isNaN(this.firstDelayMs) ? null : this.firstDelayMs;
  }

  /** What a verdict rests on. */
  factsAt(nowMs: number): Pick<DirectionFacts, 'packets' | 'startDelayMs' | 'gapMs' | 'longestGapMs'> {
    const { packets, startDelayMs } = this;
    const gapMs = this.expectedGapAt(nowMs);
    return { packets, startDelayMs, gapMs, longestGapMs: this.longestExpectedGapAt(nowMs) };
  }

  /** How long ago the last packet came; 0 before the first one. */
  silentFor(nowMs: number): number {
    return this.numbers[this.at + PACKETS] === 0 ? 0 : nowMs - this.numbers[this.at + LAST_MS];
  }

  note(arrivalMs: number): void {
    const { numbers, at } = this;
    const lastMs = numbers[at + LAST_MS];
    if (numbers[at + PACKETS]++ === 0) {
      const { levels } = this;
      this.firstArrivalMs = arrivalMs;
      this.firstDelayMs = levels.isExpected ? Math.max(0, arrivalMs - levels.sinceMs) : Number.NaN;
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
    const gapMs = this.expectedGapAt(nowMs);
    if (gapMs <= this.numbers[this.at + LONGEST_EXPECTED_GAP_MS]) return;
    this.numbers[this.at + LONGEST_EXPECTED_GAP_MS] = gapMs;
    this.expectedGapFromMs = nowMs - gapMs;
  }

  /** The longest time without a packet after the first one; `null` before that. */
  longestGapAt(nowMs: number): number | null {
    const { lastMs } = this;
    return lastMs === null ? null : Math.max(this.numbers[this.at + LONGEST_GAP_MS], nowMs - lastMs);
  }

  /** For how long nothing has come although audio was expected; 0 before the first packet. */
  expectedGapAt(nowMs: number): number {
    const { numbers, at, levels } = this;
    if (numbers[at + PACKETS] === 0 || !levels.isExpected) return 0;
    return nowMs - Math.max(numbers[at + LAST_MS], levels.sinceMs);
  }

  /** The longest time after the first packet without another although audio was expected. */
  longestExpectedGapAt(nowMs: number): number {
    return Math.max(this.numbers[this.at + LONGEST_EXPECTED_GAP_MS], this.expectedGapAt(nowMs));
  }

  /** When that began. */
  longestExpectedGapFrom(nowMs: number): number {
    const { numbers, at } = this;
    const gapMs = this.expectedGapAt(nowMs);
    return gapMs > numbers[at + LONGEST_EXPECTED_GAP_MS] ? nowMs - gapMs : this.expectedGapFromMs;
  }
}
