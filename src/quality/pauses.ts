import { type NumberRange, takeNumbers } from '../core/number-block.js';

/** A pause is one when timestamps and arrivals tell the same time, up to so much. */
const TOLERANCE_MS = 200;

// Where the numbers lie.
const SEQUENCE = 0;
const TIMESTAMP = 1;
const ARRIVAL_MS = 2;
const KNOWN = 3;
export const PAUSE_NUMBERS = 4;

/**
 * Pauses in which a sender that suppresses silence sends nothing: the sequence numbers go on, and the timestamps jump over a
 * time that has passed. What was lost is no pause, nor is the time of a telephone-event.
 */
export class Pauses {
  private readonly numbers: Float64Array;
  readonly at: number;

  /** @param range `PAUSE_NUMBERS` zeros */
  constructor(range: NumberRange = takeNumbers(PAUSE_NUMBERS)) {
    this.numbers = range.numbers;
    this.at = range.at;
  }

  /** How long the pause before this packet was, in ms; 0 where there was none. `timestamp` is signed. */
  before(sequence: number, timestamp: number, clockRate: number, arrivalMs: number): number {
    const { numbers, at } = this;
    if (numbers[at + TIMESTAMP] === timestamp || numbers[at + KNOWN] === 0) return 0;
    if (numbers[at + SEQUENCE] !== sequence) return 0;
    const pauseMs = (((timestamp - numbers[at + TIMESTAMP]) | 0) * 1000) / clockRate;
    const passedMs = arrivalMs - numbers[at + ARRIVAL_MS];
    return pauseMs > 0 && Math.abs(passedMs - pauseMs) <= TOLERANCE_MS ? pauseMs : 0;
  }

  /** The packet held audio for so many timestamp units: 0 of comfort noise. */
  after(sequence: number, timestamp: number, units: number, arrivalMs: number): void {
    const { numbers, at } = this;
    numbers[at + KNOWN] = 1;
    numbers[at + SEQUENCE] = (sequence + 1) & 0xffff;
    numbers[at + TIMESTAMP] = (timestamp + units) | 0;
    numbers[at + ARRIVAL_MS] = arrivalMs;
  }

  /** What comes next follows nothing: the time until then is none of the conversation. */
  forget(): void {
    this.numbers[this.at + KNOWN] = 0;
  }
}
