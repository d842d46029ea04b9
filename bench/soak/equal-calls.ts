import type { Slope } from '../../src/metrics/summary.js';
import { built } from '../signalling/built.js';

const { LeastSquares, SeriesSlope } =
  await built<typeof import('../../src/metrics/regression.js')>('metrics/regression.js');

/** What was alive at a moment of a soak. */
export interface Point {
  hours: number;
  /** Calls that were up. */
  calls: number;
  bytes: number;
}

/**
 * The slope of memory at one and the same number of calls. Attempts that a collection kept from starting leave fewer calls up for as
 * long as one lasts, and memory follows. What time and memory each have in common with the number of calls is taken
 * out of them, and what is left of memory put against what is left of time: the slope of a regression on both (Frisch and Waugh 1933).
 */
export function slopeAtEqualCalls(points: readonly Point[]): Slope | null {
  const hoursByCalls = new LeastSquares();
  const bytesByCalls = new LeastSquares();
  for (const { hours, calls, bytes } of points) {
    hoursByCalls.add(calls, hours);
    bytesByCalls.add(calls, bytes);
  }
  const slope = new SeriesSlope();
  for (const { hours, calls, bytes } of points)
    slope.add(hours - hoursByCalls.at(calls), bytes - bytesByCalls.at(calls) + bytesByCalls.mean);
  return slope.perHour();
}
