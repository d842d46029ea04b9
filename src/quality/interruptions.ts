/** A time without packets from which on audio was interrupted: a syllable and more. */
export const INTERRUPTION_MS = 200;

/** Interruptions of a stream: how many, how long together, and the longest of them. */
export interface Interruptions {
  count: number;
  totalMs: number;
  longestMs: number;
}

/**
 * Tells interruptions from pauses, by the packet after a time without any. Where the sender made a pause its sequence numbers
 * go on, and its timestamps have gone as far as the clock. Otherwise packets are missing, or were held back and come now.
 */
export class InterruptionCounter {
  private readonly total: Interruptions = { count: 0, totalMs: 0, longestMs: 0 };

  /**
   * Takes the first packet after `gapMs` in which audio was expected.
   * @param lostMs how much audio was lost before it, by the sequence numbers
   * @param elapsedMs how far the timestamps have gone since the packet before the gap
   */
  note(gapMs: number, lostMs: number, elapsedMs: number): void {
    const ms = Math.max(Math.min(lostMs, gapMs), gapMs - Math.max(0, elapsedMs));
    if (ms < INTERRUPTION_MS) return;
    this.total.count++;
    this.total.totalMs += ms;
    this.total.longestMs = Math.max(this.total.longestMs, ms);
  }

  /** Of now. */
  get totals(): Interruptions {
    return { ...this.total };
  }
}
