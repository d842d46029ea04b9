import { build, type Histogram } from 'hdr-histogram-js';
import type { LowPercentiles, Percentiles, SpreadPercentiles } from './percentiles.js';

/** Where percentiles in a summary come from, while that is still known: not of a summary that was read from a file. */
const ORIGINS = new WeakMap<object, Distribution>();

/** The distribution that `percentiles` are of; `null` where it is not known any more. */
export function originOf(percentiles: object): Distribution | null {
  return ORIGINS.get(percentiles) ?? null;
}

/** Quantile `q` (0–1) of what `percentiles` are of; `null` where that is not known any more. */
export function quantileOf(percentiles: object, q: number): number | null {
  const value = ORIGINS.get(percentiles)?.quantile(q) ?? null;
  return value === null ? null : round(value);
}

/**
 * A distribution of figures from a least one on, kept to two or three significant digits whatever their number
 * (HDR histogram over the distance from the least × `scale`). Minimum, maximum and mean are exact.
 */
export class Distribution {
  private readonly histogram: Histogram;
  private sum = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  /** What was recorded since `fresh` was last called; `null` before it ever was. */
  private recent: Distribution | null = null;

  /**
   * @param scale how many steps a unit has: 1000 keeps µs of values in ms
   * @param least what is below counts as that
   * @param digits significant digits that are kept
   */
  constructor(
    private readonly scale = 1000,
    private readonly least = 0,
    digits: 2 | 3 = 3,
  ) {
    this.histogram = build({
      bitBucketSize: 32,
      autoResize: true,
      lowestDiscernibleValue: 1,
      highestTrackableValue: 2 ** 20,
      numberOfSignificantValueDigits: digits,
      useWebAssembly: false,
    });
  }

  get count(): number {
    return this.histogram.totalCount;
  }

  record(value: number): void {
    const v = value > this.least ? value : this.least;
    this.histogram.recordValue(Math.round((v - this.least) * this.scale));
    this.sum += v;
    if (v < this.min) this.min = v;
    if (v > this.max) this.max = v;
    this.recent?.record(value);
  }

  /** What was recorded since this was last called, or ever, to two significant digits; `null` where nothing was. */
  fresh(): Distribution | null {
    const fresh = this.recent ?? this.empty();
    if (this.recent === null) fresh.merge(this);
    else if (fresh.count === 0) return null;
    this.recent = this.empty();
    return fresh.count === 0 ? null : fresh;
  }

  /** Another one of the same scale and least value, to two significant digits. */
  empty(): Distribution {
    return new Distribution(this.scale, this.least, 2);
  }

  /** @param other of the same scale and least value */
  merge(other: Distribution): void {
    this.histogram.add(other.histogram);
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  /** Quantile `q` in 0–1; `null` when nothing was recorded. */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    const value = this.least + this.histogram.getValueAtPercentile(q * 100) / this.scale;
    return Math.min(Math.max(value, this.min), this.max);
  }

  get mean(): number | null {
    return this.count === 0 ? null : this.sum / this.count;
  }

  /** For figures where high is bad; `null` when nothing was recorded. */
  percentiles(): Percentiles | null {
    if (this.count === 0) return null;
    return this.told({
      p50: round(this.quantile(0.5)!),
      p95: round(this.quantile(0.95)!),
      p99: round(this.quantile(0.99)!),
      max: round(this.max),
    });
  }

  /** For figures where low is bad; `null` when nothing was recorded. */
  lowPercentiles(): LowPercentiles | null {
    if (this.count === 0) return null;
    return this.told({
      min: round(this.min),
      p5: round(this.quantile(0.05)!),
      p50: round(this.quantile(0.5)!),
      mean: round(this.sum / this.count),
    });
  }

  /** For figures of which both ends are bad; `null` when nothing was recorded. */
  spread(): SpreadPercentiles | null {
    if (this.count === 0) return null;
    return this.told({
      min: round(this.min),
      p5: round(this.quantile(0.05)!),
      p50: round(this.quantile(0.5)!),
      p95: round(this.quantile(0.95)!),
      max: round(this.max),
    });
  }

  private told<T extends object>(percentiles: T): T {
    ORIGINS.set(percentiles, this);
    return percentiles;
  }
}

/** Six decimals are beyond what any figure here can claim; more would be noise in the files. */
export function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
