/** Something that acts at paced times; it is linked into the wheel by its own fields, so that nothing is allocated. */
export interface Paced {
  /** When it acts next, a multiple of `GRAIN_MS`. */
  nextSlotMs: number;
  nextInBucket: Paced | null;
  /** Acts and moves `nextSlotMs` on; false when it does not go on. */
  onSlot(nowMs: number): boolean;
}

/** Deadlines are multiples of this, so a bucket holds equal ones only: 80 phases in 20 ms. */
export const GRAIN_MS = 0.25;
const BUCKETS = 1024;

/** All paced sessions of a plane in a ring of buckets of one deadline each: constant work per packet. */
export class PacingWheel {
  private readonly buckets: (Paced | null)[] = new Array(BUCKETS).fill(null);
  /** Index of the first bucket that has not been run. */
  private cursor = 0;
  private started = false;

  /** Adds one that is in no bucket. A deadline in the past is run at the next tick. */
  add(paced: Paced): void {
    let index = Math.round(paced.nextSlotMs / GRAIN_MS);
    if (index < this.cursor) index = this.cursor;
    const bucket = index % BUCKETS;
    paced.nextInBucket = this.buckets[bucket];
    this.buckets[bucket] = paced;
  }

  /** Runs all whose deadline has come, in the order of their deadlines. */
  run(nowMs: number): void {
    const last = Math.floor(nowMs / GRAIN_MS);
    if (!this.started) {
      this.started = true;
      this.cursor = Math.max(0, last - BUCKETS + 1);
    }
    // After a stall of more than a turn every bucket is visited once.
    if (last - this.cursor >= BUCKETS) this.cursor = last - BUCKETS + 1;
    while (this.cursor <= last) {
      const bucket = this.cursor % BUCKETS;
      let paced = this.buckets[bucket];
      this.buckets[bucket] = null;
      // From here on what is added belongs to later buckets, or to a later turn of this one.
      this.cursor++;
      while (paced !== null) {
        const following: Paced | null = paced.nextInBucket;
        if (paced.nextSlotMs > nowMs) this.add(paced);
        else if (paced.onSlot(nowMs)) this.add(paced);
        else paced.nextInBucket = null;
        paced = following;
      }
    }
  }
}
