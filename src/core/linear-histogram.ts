/**
 * A histogram of equal buckets, allocated once, cheap to record into on the hot path and merged by addition.
 * Values beyond the last bucket are counted in it; the true maximum is kept beside.
 */
export class LinearHistogram {
  readonly counts: Uint32Array;
  count = 0;
  max = 0;

  constructor(
    readonly bucketWidth: number,
    buckets: number,
  ) {
    this.counts = new Uint32Array(buckets);
  }

  record(value: number): void {
    const v = value > 0 ? value : 0;
    const last = this.counts.length - 1;
    const i = v >= last * this.bucketWidth ? last : (v / this.bucketWidth) | 0;
    this.counts[i]++;
    this.count++;
    if (v > this.max) this.max = v;
  }

  clear(): void {
    this.counts.fill(0);
    this.count = 0;
    this.max = 0;
  }

  merge(other: { counts: Uint32Array; count: number; max: number }): void {
    for (let i = 0; i < this.counts.length; i++) this.counts[i] += other.counts[i];
    this.count += other.count;
    if (other.max > this.max) this.max = other.max;
  }

  /** The upper edge of the bucket that holds quantile `q` (0–1), never above the maximum; `null` when empty. */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    const target = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i];
      if (seen >= target)
        return i === this.counts.length - 1 ? this.max : Math.min((i + 1) * this.bucketWidth, this.max);
    }
    return this.max;
  }
}
