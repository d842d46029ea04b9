import { type NumberRange, takeNumbers } from '../core/number-block.js';
import { clearBit, hasBit, nextClear, setBit, WINDOW_PAIR_NUMBERS } from './bit-window.js';
import { BurstGaps, type BurstTotals } from './burst-gaps.js';
import { MAX_MISORDER } from './rtp-receiver.js';

/** Runs of packets that were lost or came too late to be played. */
export interface RunTotals {
  /** Packets in all, those that were not played, and the runs that they form. */
  packets: number;
  missing: number;
  runs: number;
}

/** What lies far back is on a line of the cache of its own, so it is looked at once for so many packets. */
const JUDGED_AT_ONCE = 64;

// Where the numbers lie.
const STARTED = 0;
/** The next sequence number to be judged, and the highest so far. */
const NEXT = 1;
const HIGHEST = 2;
const PACKETS = 3;
const IN_RUN = 4;
const MISSING = 5;
const RUNS = 6;
export const LOSS_RUN_NUMBERS = 7;

/**
 * Counts the runs of packets that were not played, in the order of the sequence numbers. A packet may still come until it
 * is `MAX_MISORDER` behind.
 */
export class LossRuns {
  private readonly numbers: Float64Array;
  readonly at: number;
  private readonly words: Int32Array;
  /** A bit for each packet that was played. */
  private readonly played: number;
  /** `null` until a packet misses. */
  private gaps: BurstGaps | null = null;

  /**
   * @param range `LOSS_RUN_NUMBERS` zeros
   * @param windows `WINDOW_PAIR_NUMBERS` zeros, of which the second window is used
   */
  constructor(
    range: NumberRange = takeNumbers(LOSS_RUN_NUMBERS),
    windows: NumberRange = takeNumbers(WINDOW_PAIR_NUMBERS),
  ) {
    this.numbers = range.numbers;
    this.at = range.at;
    this.words = windows.words;
    this.played = 2 * windows.at + 1;
  }

  /** Takes the extended sequence number of a received packet and whether it could be played. */
  add(extended: number, isPlayed: boolean): void {
    const { numbers, at } = this;
    if (numbers[at + STARTED] === 0) {
      numbers[at + STARTED] = 1;
      numbers[at + NEXT] = extended;
      numbers[at + HIGHEST] = extended;
    }
    const highest = numbers[at + HIGHEST];
    if (extended > highest) {
      const judged = extended - MAX_MISORDER;
      if (judged - numbers[at + NEXT] >= JUDGED_AT_ONCE) {
        while (numbers[at + NEXT] < judged) this.judge(this.take(numbers[at + NEXT]++));
      }
      numbers[at + HIGHEST] = extended;
    } else if (extended < numbers[at + NEXT]) {
      // Before the first packet, as long as that is not too old itself: the span begins there.
      if (numbers[at + PACKETS] > 0 || highest - MAX_MISORDER > numbers[at + NEXT]) return;
      numbers[at + NEXT] = extended;
    } else if (extended < highest - MAX_MISORDER) {
      return;
    }
    if (isPlayed) setBit(this.words, this.played, extended);
  }

  /** Judges all that is outstanding and begins a new span with the next packet. */
  restart(): void {
    const { numbers, at } = this;
    if (numbers[at + STARTED] === 0) return;
    while (numbers[at + NEXT] <= numbers[at + HIGHEST]) this.judge(this.take(numbers[at + NEXT]++));
    numbers[at + STARTED] = 0;
    numbers[at + IN_RUN] = 0;
    this.gaps?.end();
  }

  /** Totals up to the highest packet, without changing anything. */
  totals(): RunTotals {
    const { numbers, at } = this;
    let packets = numbers[at + PACKETS];
    let missing = numbers[at + MISSING];
    let runs = numbers[at + RUNS];
    if (numbers[at + STARTED] !== 0) {
      const next = numbers[at + NEXT];
      const highest = numbers[at + HIGHEST];
      packets += highest - next + 1;
      let following = numbers[at + IN_RUN] !== 0 ? next : Number.NaN;
      for (let gone = this.gone(next); gone <= highest; gone = this.gone(gone + 1)) {
        missing++;
        if (gone !== following) runs++;
        following = gone + 1;
      }
    }
    return { packets, missing, runs };
  }

  /** Bursts up to the highest packet, without changing anything. */
  bursts(): BurstTotals {
    const { numbers, at } = this;
    const gaps = this.gaps?.copy() ?? new BurstGaps();
    if (numbers[at + STARTED] !== 0) {
      const next = numbers[at + NEXT];
      const judged = numbers[at + PACKETS];
      for (let gone = this.gone(next); gone <= numbers[at + HIGHEST]; gone = this.gone(gone + 1))
        gaps.add(judged + gone - next + 1);
    }
    return gaps.totals();
  }

  /** The first packet from `extended` on that was not played; one behind the highest when there is none. */
  private gone(extended: number): number {
    return nextClear(this.words, this.played, extended, this.numbers[this.at + HIGHEST]);
  }

  private judge(isPlayed: boolean): void {
    const { numbers, at } = this;
    numbers[at + PACKETS]++;
    if (!isPlayed) {
      numbers[at + MISSING]++;
      this.gaps ??= new BurstGaps();
      this.gaps.add(numbers[at + PACKETS]);
      if (numbers[at + IN_RUN] === 0) numbers[at + RUNS]++;
    }
    numbers[at + IN_RUN] = isPlayed ? 0 : 1;
  }

  private take(extended: number): boolean {
    const isPlayed = hasBit(this.words, this.played, extended);
    clearBit(this.words, this.played, extended);
    return isPlayed;
  }
}

/**
 * Burst ratio (G.107, 7.2): the mean observed run of missing packets ÷ the mean run of independent losses at the same
 * ratio, 1/(1 − loss). Never below 1, and 1 when nothing is missing.
 */
export function burstRatio(totals: RunTotals): number {
  if (totals.runs === 0 || totals.missing === totals.packets) return 1;
  const meanRun = totals.missing / totals.runs;
  return Math.max(1, meanRun * (1 - totals.missing / totals.packets));
}
