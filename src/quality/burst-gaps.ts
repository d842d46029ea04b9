/**
 * RFC 3611, section 4.7.2: two missing packets with fewer received ones than this between them are of one burst; a packet
 * that misses alone is part of a gap. 16 is the value that the RFC recommends.
 */
export const GMIN = 16;

/** Bursts so far: how many, how many packets they are long together, and how many of those miss. */
export interface BurstTotals {
  bursts: number;
  packets: number;
  missing: number;
}

/** Tells the bursts of a stream from the gaps between them, by the places of its missing packets in ascending order. */
export class BurstGaps {
  private readonly ended: BurstTotals = { bursts: 0, packets: 0, missing: 0 };
  /** First and last place of what may become a burst, and how many packets miss in it so far. */
  private first = 0;
  private last = 0;
  private missing = 0;

  /** A packet misses at this place of the stream. */
  add(place: number): void {
    if (this.missing > 0 && place - this.last - 1 >= GMIN) this.end();
    if (this.missing === 0) this.first = place;
    this.last = place;
    this.missing++;
  }

  /** What comes next is of no burst with what came. */
  end(): void {
    if (this.missing > 1) {
      this.ended.bursts++;
      this.ended.packets += this.last - this.first + 1;
      this.ended.missing += this.missing;
    }
    this.missing = 0;
  }

  /** The totals if the stream ended here. */
  totals(): BurstTotals {
    const copy = this.copy();
    copy.end();
    return { ...copy.ended };
  }

  copy(): BurstGaps {
    const copy = new BurstGaps();
    Object.assign(copy.ended, this.ended);
    copy.first = this.first;
    copy.last = this.last;
    copy.missing = this.missing;
    return copy;
  }
}
