/** An hour of pulses. */
const KEPT = 4 * 3600;

/** Calls in progress over time, as the pulses tell it; of the last hour, in memory that does not grow. */
export class Concurrency {
  private readonly times = new Float64Array(KEPT);
  private readonly counts = new Int32Array(KEPT);
  private noted = 0;

  note(nowMs: number, inProgress: number): void {
    const at = this.noted++ % KEPT;
    this.times[at] = nowMs;
    this.counts[at] = inProgress;
  }

  /** At the first pulse from `ms` on, a quarter of a second later at most; `null` where none tells. */
  at(ms: number): number | null {
    const { noted } = this;
    if (noted === 0) return null;
    let low = Math.max(0, noted - KEPT);
    let high = noted;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.times[middle % KEPT] < ms) low = middle + 1;
      else high = middle;
    }
    return this.counts[Math.min(low, noted - 1) % KEPT];
  }
}
