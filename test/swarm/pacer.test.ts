import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../src/load/arrivals.js';
import { Pacer } from '../../src/swarm/pacer.js';

const plan = (...times: number[]): Iterator<Arrival> =>
  times.map((atMs) => ({ atMs, holdMs: 30_000 }))[Symbol.iterator]();

function run(pacer: Pacer, times: number[], accept: (index: number) => boolean = () => true): number[][] {
  return times.map((t) => {
    const started: number[] = [];
    pacer.advance(t, 100, (index) => {
      if (!accept(index)) return false;
      started.push(index);
      return true;
    });
    return started;
  });
}

describe('the pacer', () => {
  it('starts attempts when they are due, whatever the clock shows at the start', () => {
    const pacer = new Pacer(plan(0, 10, 20, 30));
    expect(run(pacer, [5000, 5009, 5010, 5025, 5030])).toEqual([[0], [], [1], [2], [3]]);
    expect(pacer.done).toBe(true);
    expect(pacer.notStarted).toBe(0);
  });

  it('hands over the numbers of recorded calls', () => {
    const given: unknown[] = [];
    const calls = [
      { atMs: 0, holdMs: 5, numbers: { from: '1', to: '2' } },
      { atMs: 0, holdMs: 5 },
    ];
    new Pacer(calls[Symbol.iterator]()).advance(0, 100, (...start) => given.push(start.at(-1)) > 0);
    expect(given).toEqual([{ from: '1', to: '2' }, undefined]);
  });

  it('counts an attempt that is too late as not started and goes on with the next', () => {
    const pacer = new Pacer(plan(0, 100, 2000), 500);
    expect(run(pacer, [0, 2000])).toEqual([[0], [2]]);
    expect(pacer.notStarted).toBe(1);
  });

  it('counts an attempt that could not be started and never tries it again', () => {
    const pacer = new Pacer(plan(0, 1, 2));
    expect(run(pacer, [0, 10, 20], (index) => index !== 1)).toEqual([[0], [2], []]);
    expect(pacer.notStarted).toBe(1);
  });

  it('stands still while paused and goes on from where it stood', () => {
    const pacer = new Pacer(plan(0, 100, 200));
    run(pacer, [0, 50]);
    pacer.setPaused(true);
    expect(pacer.untilNextMs()).toBeNull();
    expect(run(pacer, [10_000])).toEqual([[]]);
    pacer.setPaused(false);
    expect(pacer.untilNextMs()).toBe(50);
    expect(run(pacer, [10_049, 10_050, 10_150])).toEqual([[], [1], [2]]);
    expect(pacer.notStarted).toBe(0);
  });

  it('starts no more than the limit at once and says that more are due', () => {
    const pacer = new Pacer(plan(0, 0, 0));
    const started: number[] = [];
    const start = (index: number): boolean => started.push(index) > 0;
    expect([pacer.advance(0, 2, start), pacer.advance(1, 2, start)]).toEqual([true, false]);
    expect(started).toEqual([0, 1, 2]);
  });

  it('runs the plan faster or slower by a factor', () => {
    const pacer = new Pacer(plan(0, 100, 200, 300));
    run(pacer, [0]);
    pacer.setFactor(2);
    expect(run(pacer, [50, 100])).toEqual([[1], [2]]);
    pacer.setFactor(0.5);
    expect(pacer.untilNextMs()).toBe(200);
  });

  it('of a slice hands out every n-th attempt under its number in the whole plan', () => {
    const second = new Pacer(plan(0, 10, 20, 30, 40), 500, { index: 1, of: 2 });
    expect(run(second, [100, 110, 120, 130])).toEqual([[], [1], [], [3]]);
    expect(second.done).toBe(true);
    const late = new Pacer(plan(0, 10), 500, { index: 2, of: 3 });
    expect(late.done).toBe(true);
  });

  it('hands attempts out before they are due, by the time that it is given to make them ready', () => {
    const pacer = new Pacer(plan(0, 100, 900, 1000), 500, undefined, 30);
    const due: [number, number][] = [];
    const hand = (index: number, dueMs: number): boolean => due.push([index, dueMs]) > 0;
    pacer.advance(5000, 10, hand);
    expect(due).toEqual([[0, 5030]]);
    expect(pacer.untilNextMs()).toBe(100);
    pacer.advance(5099, 10, hand);
    expect(due).toHaveLength(1);
    pacer.advance(5100, 10, hand);
    // Late by 500 ms is late by the time that it was due, not by that at which it was to be handed out.
    pacer.advance(6430, 10, hand);
    expect(due).toEqual([
      [0, 5030],
      [1, 5130],
      [2, 5930],
      [3, 6030],
    ]);
    expect(pacer.counts).toMatchObject({ due: 4, firstDueMs: 5030, lastDueMs: 6030 });
    expect(pacer.notStarted).toBe(0);
  });

  it('hands out at the new factor what was not handed out yet', () => {
    const pacer = new Pacer(plan(0, 100, 200), 500, undefined, 30);
    const due: number[] = [];
    const hand = (_index: number, dueMs: number): boolean => due.push(dueMs) > 0;
    pacer.advance(0, 10, hand);
    pacer.setFactor(2);
    pacer.advance(50, 10, hand);
    pacer.setPaused(true);
    pacer.advance(1000, 10, hand);
    pacer.setPaused(false);
    pacer.advance(1050, 10, hand);
    expect(due).toEqual([30, 80, 1080]);
  });

  it('counts what was due and when, and the hold times of what was started', () => {
    const pacer = new Pacer(plan(0, 100, 900, 1000), 500);
    expect(pacer.counts).toEqual({ due: 0, firstDueMs: null, lastDueMs: null, offeredMs: 0 });
    const due: number[] = [];
    pacer.advance(5000, 10, (_index, dueMs) => due.push(dueMs) > 0);
    pacer.advance(5900, 10, (_index, dueMs) => due.push(dueMs) > 0);
    // The second was 800 ms late and not started; it was due all the same.
    expect(due).toEqual([5000, 5900]);
    expect(pacer.counts).toEqual({ due: 3, firstDueMs: 5000, lastDueMs: 5900, offeredMs: 60_000 });
  });
});
