import { describe, expect, test } from 'vitest';
import { chartSpanMs, History } from '../../src/ui/history.js';
import { demoSnapshot } from '../fixtures/run.js';

describe('history of a run', () => {
  test('keeps its memory bounded and its peak of calls however long the run is', () => {
    const history = new History(64, 500);
    for (let t = 0; t <= 72_000; t += 250) history.add(demoSnapshot(t));
    expect(history.points.length).toBeLessThan(64);
    expect(Math.max(...history.points.map((p) => p.inProgress))).toBe(100);
    expect(history.points[history.points.length - 1].atMs).toBeGreaterThan(65_000);
  });

  test('turns failed attempts into failures per second', () => {
    const history = new History(64, 500);
    const at = (atMs: number, failed: number) => {
      const s = demoSnapshot(atMs);
      return { ...s, calls: { ...s.calls, failed } };
    };
    history.add(at(1000, 0));
    history.add(at(3000, 10));
    expect(history.points.map((p) => p.failuresPerS)).toEqual([0, 5]);
  });

  test('leaves columns of the future empty and repeats the last value between points', () => {
    const history = new History(64, 500);
    history.add(demoSnapshot(0));
    history.add(demoSnapshot(5000));
    expect(history.columns('inProgress', 10, 10_000)).toEqual([0, 0, 0, 0, 0, 50, null, null, null, null]);
  });

  test('keeps what was not measured apart from zero', () => {
    const history = new History(64, 500);
    history.add(demoSnapshot(0));
    expect(history.columns('uplinkLoss', 2, 1000)).toEqual([null, null]);
  });

  test('a chart shows the whole run so far over a plain length of time, no longer than the plan', () => {
    expect(chartSpanMs(5_000, 72_000)).toBe(30_000);
    expect(chartSpanMs(65_000, 72_000)).toBe(72_000);
    expect(chartSpanMs(80_000, 72_000)).toBe(120_000);
    expect(chartSpanMs(90_000_000, 0)).toBe(172_800_000);
  });
});
