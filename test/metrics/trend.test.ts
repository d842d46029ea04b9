import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { LeastSquares, SeriesSlope, studentT975 } from '../../src/metrics/regression.js';
import { TrendMetrics } from '../../src/metrics/trend-metrics.js';
import { reportHtml } from '../../src/report/html.js';
import { summaryText } from '../../src/report/summary-text.js';
import { demoSummary } from '../fixtures/run.js';
import { answeredRecord, failedRecord } from '../support/records.js';

const HOUR_MS = 3_600_000;

function lineThrough(points: readonly (readonly [number, number])[]): LeastSquares {
  const line = new LeastSquares();
  for (const [x, y] of points) line.add(x, y);
  return line;
}

describe('least squares', () => {
  it.each([
    [5, 2.5706],
    [8, 2.306],
    [10, 2.2281],
    [30, 2.0423],
    [120, 1.9799],
    [1e6, 1.96],
  ])('has the printed quantile of Student’s t for %d degrees of freedom', (degrees, t) => {
    expect(studentT975(degrees)).toBeCloseTo(t, 3);
  });

  it('agrees with Anscombe’s first series: slope 0.5001, standard error 0.1179, t(9) 2.2622', () => {
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    const { slope, low, high } = lineThrough(x.map((value, i) => [value, y[i]])).slope()!;
    expect(slope).toBeCloseTo(0.50009, 5);
    expect(high - slope).toBeCloseTo(0.1179 * 2.2622, 3);
    expect(slope - low).toBeCloseTo(high - slope, 12);
  });

  it('agrees with a series worked by hand, far from zero too', () => {
    // y = 3 + 2x, and 1 more and 1 less by turns: Sxx = 82.5, Sxy = 160, Syy = 320; slope 160/82.5, s² = (320 − 160²/82.5)/8.
    const points = Array.from({ length: 10 }, (_, x): [number, number] => [x, 3 + 2 * x + (x % 2 === 0 ? 1 : -1)]);
    for (const far of [0, 1e6]) {
      const { slope, high } = lineThrough(points.map(([x, y]) => [x + far, y + far])).slope()!;
      expect(slope).toBeCloseTo(160 / 82.5, 9);
      expect(high - slope).toBeCloseTo(studentT975(8) * Math.sqrt((320 - 160 ** 2 / 82.5) / 8 / 82.5), 6);
    }
  });

  it('has an interval that holds the true slope in 95 of 100 series', () => {
    const rng = new Rng(7);
    let held = 0;
    for (let series = 0; series < 1000; series++) {
      const line = new LeastSquares();
      for (let x = 0; x < 20; x++) line.add(x, 5 - 0.3 * x + rng.normal());
      const { low, high } = line.slope()!;
      if (low <= -0.3 && -0.3 <= high) held++;
    }
    // Binomial: 950 ± 3 · 6.9.
    expect(held).toBeGreaterThan(929);
    expect(held).toBeLessThan(971);
  });

  it('says nothing of fewer than ten points, of points at one moment, or of less than a minute', () => {
    expect(lineThrough(Array.from({ length: 9 }, (_, x) => [x, x])).slope()).toBeNull();
    expect(lineThrough(Array.from({ length: 50 }, () => [1, 2])).slope()).toBeNull();
    expect(lineThrough(Array.from({ length: 50 }, (_, i) => [i / HOUR_MS, 2])).perHour()).toBeNull();
  });
});

describe('the slope of a series whose neighbours are alike', () => {
  /** Points each 10 s about 100 + 3 an hour; what is left of one beside the line is `memory` of that of the one before, and noise. */
  function series(rng: Rng, memory: number, points: number): { plain: LeastSquares; slope: SeriesSlope } {
    const plain = new LeastSquares();
    const slope = new SeriesSlope();
    let rest = rng.normal() / Math.sqrt(1 - memory ** 2);
    for (let i = 0; i < points; i++) {
      const hours = i / 360;
      const y = 100 + 3 * hours + rest;
      plain.add(hours, y);
      slope.add(hours, y);
      rest = memory * rest + rng.normal();
    }
    return { plain, slope };
  }

  it('has an interval that holds the true one in about 95 of 100 series, where points taken for independent would do so in half', () => {
    const rng = new Rng(5);
    const held = { plain: 0, slope: 0 };
    for (let n = 0; n < 400; n++) {
      const { plain, slope } = series(rng, 0.8, 360);
      const { mean } = plain;
      const truth = 3 / mean;
      for (const [name, found] of [
        ['plain', plain.perHour(mean)!],
        ['slope', slope.perHour()!],
      ] as const)
        if (found.low <= truth && truth <= found.high) held[name]++;
    }
    expect(held.plain).toBeLessThan(260);
    // Binomial: 380 ± 3 · 4.4; the correlation is found a little too small in a short series.
    expect(held.slope).toBeGreaterThan(360);
    expect(held.slope).toBeLessThan(394);
  });

  it('says nothing where a series goes on like its last point', () => {
    const drifting = new SeriesSlope();
    for (let i = 0; i < 180; i++) drifting.add(i / 360, 100 + Math.sin(i / 30));
    expect(drifting.perHour()).toBeNull();
  });
});

/** A call that started at `startedMs` and had its first provisional response `srdMs` later. */
function call(startedMs: number, srdMs: number) {
  const record = answeredRecord({ startedMs });
  record.timings = { ...record.timings, inviteMs: startedMs, provisionalMs: startedMs + srdMs };
  return record;
}

describe('how a run goes on', () => {
  it('holds the calls of the warm-up against the others, and leaves them out of the slopes', () => {
    const trend = new TrendMetrics(10_000);
    for (let ms = 0; ms < 10_000; ms += 1000) trend.add(call(ms, 400));
    trend.add(failedRecord(503, 'status', { startedMs: 9_999 }));
    for (let ms = 10_000; ms < 130_000; ms += 1000) trend.add(call(ms, 20));
    const { cold, warm, srdMs, setupFailureRatio } = trend.summary();
    expect(cold).toMatchObject({ calls: 11, setupFailureRatio: 0.090909, ttfwMs: null });
    expect(cold.srdMs!.p50).toBeCloseTo(400, -1);
    expect(warm).toMatchObject({ calls: 120, setupFailureRatio: 0 });
    expect(srdMs).toMatchObject({ points: 120, perHour: expect.closeTo(0, 6), low: expect.closeTo(0, 3) });
    expect(setupFailureRatio).toEqual({ perHour: 0, low: 0, high: 0, points: 120 });
  });

  it('finds the slope of delays, failures and memory, with the true one in the interval', () => {
    const rng = new Rng(11);
    const trend = new TrendMetrics(10_000);
    for (let ms = 10_000; ms < HOUR_MS; ms += 500) {
      const hours = ms / HOUR_MS;
      if (rng.uniform() < 0.02 + 0.08 * hours) trend.add(failedRecord(503, 'status', { startedMs: ms }));
      else trend.add(call(ms, 30 + 12 * hours + rng.normal()));
    }
    for (let ms = 0; ms < HOUR_MS; ms += 1000)
      trend.addMemory(ms, 200e6 * (1 + 0.03 * (ms / HOUR_MS - 0.5)) + 1e6 * rng.normal());
    const { srdMs, setupFailureRatio, memory } = trend.summary();
    for (const [slope, truth] of [
      [srdMs!, 12],
      [setupFailureRatio!, 0.08],
      [memory!, 0.03],
    ] as const) {
      expect(slope.low).toBeLessThan(truth);
      expect(slope.high).toBeGreaterThan(truth);
      expect(slope.low).toBeGreaterThan(0);
    }
    expect(memory!.points).toBe(358);
  });

  it('says nothing of what has too few points', () => {
    const trend = new TrendMetrics(10_000);
    for (let ms = 10_000; ms < 40_000; ms += 100) trend.add(call(ms, 20));
    for (let ms = 0; ms < 60_000; ms += 1000) trend.addMemory(ms, 1e8);
    expect(trend.summary()).toMatchObject({ srdMs: null, setupFailureRatio: null, memory: null });
  });
});

describe('a report', () => {
  it('has cold start and slopes where they are known', () => {
    const summary = demoSummary();
    const text = summaryText(summary, { colour: false });
    expect(text).toMatch(/SRD p50 \/ p95 +9.20 ms \/ 31.0 ms +8.10 ms \/ 12.1 ms/);
    expect(text).toContain('4.20 ms (-31.5 ms to 39.9 ms), 346 points');
    const html = reportHtml({ summary, timeline: [], worst: { audio: [], silent: [], failed: [] } });
    expect(html).toContain('<h2>Cold start and leaks</h2>');
    const nothing = new TrendMetrics(10_000).summary();
    expect(summaryText({ ...summary, trend: nothing }, { colour: false })).not.toContain('OVER TIME');
  });
});
