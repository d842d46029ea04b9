import { describe, expect, it } from 'vitest';
import { holdTimes, meanHoldMs } from '../../src/load/hold.js';
import { type HoldSpec, holdSpec } from '../../src/load/hold-spec.js';
import { ProfileError, parseProfile } from '../../src/profile/read.js';

const CALLS = 20_000;

const drawn = (hold: HoldSpec, seed = 1): number[] => {
  const holdOf = holdTimes(hold, seed);
  return Array.from({ length: CALLS }, (_, attempt) => holdOf(attempt));
};
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

/** Largest distance between the distribution of the values and `cdf` (Kolmogorov–Smirnov). */
function distance(values: readonly number[], cdf: (value: number) => number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((value, i) => Math.abs(cdf(value) - (i + 0.5) / sorted.length)));
}

/** Exceeded by chance once in a hundred. */
const KS_LIMIT = 1.63 / Math.sqrt(CALLS);

/** The mistakes of a profile with that hold time. */
function mistakesOf(hold: unknown): string {
  try {
    parseProfile(
      JSON.stringify({ name: 'p', load: [{ shape: 'constant', cps: 1, for: 1 }], calls: { hold } }),
      'p.yaml',
    );
  } catch (error) {
    if (error instanceof ProfileError) return error.message;
    throw error;
  }
  return '';
}

describe('hold times', () => {
  it('that are fixed are the same for every call, however they are written', () => {
    for (const written of ['3m', 180_000, { kind: 'fixed', mean: '3m' }]) {
      const hold = holdSpec.parse(written);
      expect([meanHoldMs(hold), holdTimes(hold, 1)(0), holdTimes(hold, 9)(77)]).toEqual([180_000, 180_000, 180_000]);
    }
  });

  it('that are exponential follow 1 − e^(−t/mean)', () => {
    const values = drawn({ kind: 'exponential', mean: 180_000 });
    expect(distance(values, (t) => 1 - Math.exp(-t / 180_000))).toBeLessThan(KS_LIMIT);
    expect(Math.abs(mean(values) / 180_000 - 1)).toBeLessThan(4 / Math.sqrt(CALLS));
  });

  it('that are log-normal have the mean and the 95th percentile that were asked for', () => {
    const values = drawn(holdSpec.parse({ kind: 'lognormal', mean: '3m', p95: '9m' }));
    const sorted = values.toSorted((a, b) => a - b);
    expect(sorted.filter((value) => value <= 540_000).length / CALLS).toBeCloseTo(0.95, 2);
    expect(mean(values) / 180_000).toBeCloseTo(1, 1);
    expect(Math.abs(mean(values) / 180_000 - 1)).toBeLessThan(0.04);
  });

  it('that are log-normal have the standard deviation of the logarithm that was asked for', () => {
    const logs = drawn({ kind: 'lognormal', mean: 60_000, sigma: 0.8 }).map(Math.log);
    const centre = mean(logs);
    expect(centre).toBeCloseTo(Math.log(60_000) - 0.32, 1);
    expect(Math.sqrt(mean(logs.map((value) => (value - centre) ** 2)))).toBeCloseTo(0.8, 1);
  });

  it('follow from seed and attempt alone, in whatever order they are asked for', () => {
    const hold = { kind: 'exponential', mean: 1000 } as const;
    const forwards = drawn(hold, 5);
    const holdOf = holdTimes(hold, 5);
    expect([holdOf(999), holdOf(3), holdOf(0)]).toEqual([forwards[999], forwards[3], forwards[0]]);
    expect(drawn(hold, 6)[0]).not.toBe(forwards[0]);
  });

  it.each([
    [{ kind: 'lognormal', mean: '3m' }, 'needs either `sigma` or `p95`'],
    [{ kind: 'lognormal', mean: '3m', sigma: 1, p95: '5m' }, 'needs either `sigma` or `p95`'],
    [{ kind: 'lognormal', mean: '3m', p95: '2m' }, 'p95: must lie above the mean and at most at 3.87 times the mean'],
    [{ kind: 'lognormal', mean: '3m', p95: '12m' }, 'p95: must lie above the mean and at most at 3.87 times the mean'],
    [{ kind: 'exponential', mean: 0 }, 'calls.hold.mean: must be above 0'],
    [{ kind: 'exponential' }, 'calls.hold.mean: is missing'],
    [{ kind: 'weibull', mean: 1 }, 'calls.hold.kind: expected fixed, exponential, lognormal, found "weibull"'],
    ['forever', 'calls.hold: expected a duration such as 500ms, 20s or 2m, found "forever"'],
  ])('%j are refused', (hold, message) => {
    expect(mistakesOf(hold)).toContain(message);
  });
});
