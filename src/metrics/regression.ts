import { round } from './distribution.js';
import type { Slope } from './summary.js';

/** Fewer points tell no slope. */
const LEAST_POINTS = 10;
const LEAST_SPAN_HOURS = 1 / 60;
/** 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054;

/**
 * 97.5 % quantile of Student's t with `degrees` degrees of freedom, by the expansion of Abramowitz and Stegun 26.7.5: to four digits from 5
 * degrees on.
 */
export function studentT975(degrees: number): number {
  const g1 = (Z ** 3 + Z) / 4;
  const g2 = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96;
  const g3 = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384;
  const g4 = (79 * Z ** 9 + 776 * Z ** 7 + 1482 * Z ** 5 - 1920 * Z ** 3 - 945 * Z) / 92_160;
  return Z + g1 / degrees + g2 / degrees ** 2 + g3 / degrees ** 3 + g4 / degrees ** 4;
}

/** The straight line through points by least squares, from sums that are kept about the means: no point is held. */
export class LeastSquares {
  private n = 0;
  private meanX = 0;
  private meanY = 0;
  private sxx = 0;
  private sxy = 0;
  private syy = 0;
  private firstX = Number.POSITIVE_INFINITY;
  private lastX = Number.NEGATIVE_INFINITY;

  add(x: number, y: number): void {
    this.n++;
    const dx = x - this.meanX;
    const dy = y - this.meanY;
    this.meanX += dx / this.n;
    this.meanY += dy / this.n;
    this.sxx += dx * (x - this.meanX);
    this.sxy += dx * (y - this.meanY);
    this.syy += dy * (y - this.meanY);
    this.firstX = Math.min(this.firstX, x);
    this.lastX = Math.max(this.lastX, x);
  }

  get mean(): number {
    return this.meanY;
  }

  /** The line's y at x. */
  at(x: number): number {
    return this.meanY + (this.sxy / this.sxx) * (x - this.meanX);
  }

  /** The slope and its 95 % confidence interval, slope ± t · s/√Sxx with n − 2 degrees of freedom; `null` of fewer than ten points. */
  slope(): { slope: number; low: number; high: number } | null {
    if (this.n < LEAST_POINTS || this.sxx === 0) return null;
    const slope = this.sxy / this.sxx;
    // Rounding may leave a little less than nothing where all points are on the line.
    const residual = Math.max(0, this.syy - slope * this.sxy);
    const error = Math.sqrt(residual / (this.n - 2) / this.sxx);
    const half = studentT975(this.n - 2) * error;
    return { slope, low: slope - half, high: slope + half };
  }

  /**
   * The slope as a figure, of points whose x is in hours; `null` too of less than a minute.
   * @param unit what is one in the figure, in the unit of y
   */
  perHour(unit = 1): Slope | null {
    const line = this.lastX - this.firstX < LEAST_SPAN_HOURS ? null : this.slope();
    if (line === null || unit === 0) return null;
    const { slope, low, high } = line;
    return { perHour: round(slope / unit), low: round(low / unit), high: round(high / unit), points: this.n };
  }
}

/**
 * The slope of a series, points at equal distances whose neighbours are alike, as those of a process's memory. What is left of a point beside the line tells
 * of the next one then, and fewer of the n points are independent: n · (1 − r) ÷ (1 + r) of them, r the correlation of neighbours (of
 * a first-order autoregressive process), not below 0. The interval is wider accordingly. Every point is held.
 */
export class SeriesSlope {
  private readonly xs: number[] = [];
  private readonly ys: number[] = [];

  add(x: number, y: number): void {
    this.xs.push(x);
    this.ys.push(y);
  }

  /** The slope as a share of the mean; `null` where fewer than ten independent points tell, or those of less than a minute. */
  perHour(): Slope | null {
    const line = new LeastSquares();
    for (const [i, x] of this.xs.entries()) line.add(x, this.ys[i]);
    const plain = line.perHour(line.mean);
    if (plain === null) return null;
    const { perHour, points } = plain;
    const r = this.neighbours(line);
    const independent = (points * (1 - r)) / (1 + r);
    if (independent < LEAST_POINTS) return null;
    const wider = (Math.sqrt((1 + r) / (1 - r)) * studentT975(independent - 2)) / studentT975(points - 2);
    const half = (plain.high - perHour) * wider;
    return { perHour, low: round(perHour - half), high: round(perHour + half), points };
  }

  /** The correlation of what is left of neighbouring points beside the line, 0–1. */
  private neighbours(line: LeastSquares): number {
    const rest = this.xs.map((x, i) => this.ys[i] - line.at(x));
    let squares = 0;
    let products = 0;
    for (const [i, value] of rest.entries()) {
      squares += value * value;
      if (i > 0) products += value * rest[i - 1];
    }
    return squares === 0 ? 0 : Math.max(0, products / squares);
  }
}
