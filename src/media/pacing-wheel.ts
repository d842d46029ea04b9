/** Something that acts at paced times. */
export interface Paced {
  /** When it acts next, a multiple of `GRAIN_MS`. */
  readonly nextSlotMs: number;
  /** Acts and moves `nextSlotMs` on; false when it does not go on. */
  onSlot(nowMs: number): boolean;
}

/** Deadlines are multiples of this, so a bucket holds equal ones only: 80 phases in 20 ms. */
export const GRAIN_MS = 0.25;
const BUCKETS = 1024;
const NONE = -1;

/**
 * All paced sessions of a plane in a ring of buckets of one deadline each: constant work per packet. A bucket is a list of
 * places linked by numbers, so that who comes next is known before the session at hand is looked at.
 */
export class PacingWheel {
  private readonly buckets = new Int32Array(BUCKETS).fill(NONE);
  private readonly places: (Paced | null)[] = [];
  /** The place that follows in the bucket or in the list of free places. */
  private following = new Int32Array(256);
  private free = NONE;
  /** Index of the first bucket that has not been run. */
  private cursor = 0;
  private started = false;

  /** Adds one that is in no bucket. A deadline in the past is run at the next tick. */
  add(paced: Paced): void {
    let place = this.free;
    if (place === NONE) {
      place = this.places.length;
      this.places.push(null);
      if (place === this.following.length) {
        const larger = new Int32Array(2 * place);
        larger.set(this.following);
        this.following = larger;
      }
    } else {
      this.free = this.following[place];
    }
    this.places[place] = paced;
    this.link(place, paced.nextSlotMs);
  }

  /** A deadline that is run at the next tick. */
  get nextGrainMs(): number {
    return this.cursor * GRAIN_MS;
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
      let place = this.buckets[bucket];
      this.buckets[bucket] = NONE;
      // From here on what is added belongs to later buckets, or to a later turn of this one.
      this.cursor++;
      while (place !== NONE) {
        const next = this.following[place];
        const paced = this.places[place]!;
        if (paced.nextSlotMs > nowMs || paced.onSlot(nowMs)) {
          this.link(place, paced.nextSlotMs);
        } else {
          this.places[place] = null;
          this.following[place] = this.free;
          this.free = place;
        }
        place = next;
      }
    }
  }

  private link(place: number, dueMs: number): void {
    let index = Math.round(dueMs / GRAIN_MS);
    if (index < this.cursor) index = this.cursor;
    const bucket = index % BUCKETS;
    this.following[place] = this.buckets[bucket];
    this.buckets[bucket] = place;
  }
}
