/** Calls in progress over time, as the pulses tell it. What is older than an hour is forgotten, from time to time. */
export class Concurrency {
  private times: number[] = [];
  private counts: number[] = [];

  note(nowMs: number, inProgress: number): void {
    this.times.push(nowMs);
    this.counts.push(inProgress);
    if (this.times.length < 2 * KEPT) return;
    this.times = this.times.slice(-KEPT);
    this.counts = this.counts.slice(-KEPT);
  }

  /** At the first pulse from `ms` on, a quarter of a second later at most; `null` where none tells. */
  at(ms: number): number | null {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < ms) low = middle + 1;
      else high = middle;
    }
    return this.counts[low] ?? this.counts.at(-1) ?? null;
  }
}

/** An hour of pulses. */
const KEPT = 4 * 3600;
