import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { Population } from '../../src/flow/population.js';
import { type LoadCounts, LoadMetrics } from '../../src/metrics/load-metrics.js';

const counts = (change: Partial<LoadCounts> = {}): LoadCounts => ({
  due: 0,
  firstDueMs: null,
  lastDueMs: null,
  offeredMs: 0,
  carriedMs: 0,
  ...change,
});

describe('the load that was made', () => {
  it('is null before anything was told, and rates are null of a single attempt', () => {
    const load = new LoadMetrics();
    expect(Object.values(load.summary()).every((value) => value === null)).toBe(true);
    load.start(5, 6);
    load.note(100, 1, counts({ due: 1, firstDueMs: 5, lastDueMs: 5, offeredMs: 10 }), true);
    expect(load.summary()).toMatchObject({
      plannedAttempts: 1,
      plannedCps: null,
      startedCps: null,
      startedRatio: null,
      offeredErlang: null,
      scheduleErrorMs: { max: 1 },
    });
  });

  it('has rates from the first to the last attempt, as they were due and as they were started', () => {
    const load = new LoadMetrics();
    // 101 were due in 1 s; each fourth did not start, the others were 0 to 3 ms late.
    for (let n = 0; n <= 100; n++) if (n % 4 !== 3) load.start(5000 + n * 10, 5000 + n * 10 + (n % 4));
    load.note(1000, 76, counts({ due: 101, firstDueMs: 5000, lastDueMs: 6000, offeredMs: 76 * 400 }), true);
    const { plannedAttempts, plannedCps, startedCps, startedRatio, scheduleErrorMs, offeredErlang, attemptsPerHour } =
      load.summary();
    expect([plannedAttempts, plannedCps, startedCps, startedRatio]).toEqual([101, 100, 75, 0.75]);
    expect(scheduleErrorMs).toMatchObject({ p50: 1, p99: 2, max: 2 });
    expect(offeredErlang).toBe(30);
    expect(attemptsPerHour).toBe(270_000);
  });

  it('carries the mean number of calls in progress until the last attempt, and nothing of what comes after', () => {
    const load = new LoadMetrics();
    load.note(10_000, 5, counts({ carriedMs: 20_000 }), false);
    load.note(20_000, 9, counts({ carriedMs: 60_000 }), true);
    load.note(30_000, 9, counts({ carriedMs: 65_000 }), true);
    expect(load.summary().carriedErlang).toBe(3);
  });

  it('has a busy hour only of a run that lasted one, and finds the busiest of several', () => {
    const load = new LoadMetrics();
    let attempted = 0;
    let carriedMs = 0;
    const second = (cps: number, erlang: number, s: number): void => {
      attempted += cps;
      carriedMs += erlang * 1000;
      load.note(s * 1000, attempted, counts({ carriedMs }), false);
    };
    for (let s = 1; s < 3600; s++) second(1, 10, s);
    expect(load.summary().bhca).toBeNull();
    // Half an hour at ten times the load, then quiet: the busiest hour has all of it and half an hour of what was before.
    for (let s = 3600; s < 5400; s++) second(10, 100, s);
    for (let s = 5400; s <= 12_000; s++) second(0, 0, s);
    const { bhca, busyHourErlang } = load.summary();
    expect(bhca! / (1800 * 11)).toBeCloseTo(1, 2);
    expect(busyHourErlang! / 55).toBeCloseTo(1, 2);
  });
});

describe('calls in progress', () => {
  it('are integrated exactly over time', () => {
    const clock = new ManualClock(1000);
    const population = new Population(undefined, clock);
    population.enterProgress();
    clock.advance(10);
    population.enterProgress();
    clock.advance(5);
    population.leaveProgress();
    clock.advance(100);
    expect(population.carriedMs).toBe(10 + 10 + 100);
    population.leaveProgress();
    clock.advance(1000);
    expect(population.carriedMs).toBe(120);
  });

  it('are those of one thread, where several share the counts', () => {
    const clock = new ManualClock();
    const memory = new SharedArrayBuffer(16);
    const [a, b] = [new Population(memory, clock), new Population(memory, clock)];
    a.enterProgress();
    b.enterProgress();
    clock.advance(7);
    expect([a.inProgress, a.carriedMs, b.carriedMs]).toEqual([2, 7, 7]);
  });
});
