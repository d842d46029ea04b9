/** Something that acts now and then, seconds apart. */
export interface Due {
  dueMs: number;
  /** The one that follows in its bucket; the wheel's. */
  next: Due | null;
  /** Acts and moves `dueMs` on; false when it does not go on. */
  onDue(nowMs: number): boolean;
}

const GRAIN_MS = 4;
/** 8.2 s: longer than the longest interval between two RTCP reports, so that a bucket is seldom met in vain. */
const BUCKETS = 2048;

/** A ring of buckets of `GRAIN_MS` for what comes seldom: a tick costs what is due, however many wait. */
export class DueWheel {
  private readonly buckets = new Array<Due | null>(BUCKETS).fill(null);
  /** Index of the first bucket that has not been run; −1 before the first run. */
  private cursor = -1;

  /** Adds one that is in no bucket. What is due already is run at the next run. */
  add(due: Due): void {
    let index = Math.ceil(due.dueMs / GRAIN_MS);
    if (index < this.cursor) index = this.cursor;
    const bucket = index % BUCKETS;
    due.next = this.buckets[bucket];
    this.buckets[bucket] = due;
  }

  /** Runs all that are due; how many they were. */
  run(nowMs: number): number {
    const last = Math.floor(nowMs / GRAIN_MS);
    // After a stall of more than a turn, and at the first run, every bucket is visited once.
    if (this.cursor < 0 || last - this.cursor >= BUCKETS) this.cursor = Math.max(0, last - BUCKETS + 1);
    let count = 0;
    while (this.cursor <= last) {
      const bucket = this.cursor % BUCKETS;
      let due = this.buckets[bucket];
      this.buckets[bucket] = null;
      this.cursor++;
      while (due !== null) {
        const next: Due | null = due.next;
        due.next = null;
        if (due.dueMs > nowMs) {
          this.add(due);
        } else {
          count++;
          if (due.onDue(nowMs)) this.add(due);
        }
        due = next;
      }
    }
    return count;
  }
}
