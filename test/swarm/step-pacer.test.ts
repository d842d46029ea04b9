import { describe, expect, it } from 'vitest';
import { type LoadStep, StepPacer } from '../../src/swarm/step-pacer.js';

const step = (change: Partial<LoadStep> = {}): LoadStep => ({
  first: 0,
  startMs: 1000,
  cps: 10,
  attempts: 3,
  length: { since: 'invite', ms: 5000 },
  ...change,
});

function startedAt(pacer: StepPacer, ...times: number[]): number[][] {
  return times.map((t) => {
    const started: number[] = [];
    pacer.advance(t, 100, (index) => started.push(index) > 0);
    return started;
  });
}

describe('the pacer of a load that comes step by step', () => {
  it('waits for a step, makes it when it is due, and waits for the next', () => {
    const pacer = new StepPacer({ index: 0, of: 1 });
    expect(startedAt(pacer, 900)).toEqual([[]]);
    expect(pacer.untilNextMs()).toBeNull();
    pacer.take(step());
    expect(startedAt(pacer, 950, 1000, 1100, 1250, 1400)).toEqual([[], [0], [1], [2], []]);
    expect(pacer.done).toBe(false);
    pacer.take(step({ first: 3, startMs: 2000, attempts: 1 }));
    expect(startedAt(pacer, 1900)).toEqual([[]]);
    expect(pacer.untilNextMs()).toBe(100);
    expect(startedAt(pacer, 2000)).toEqual([[3]]);
    pacer.stop();
    expect(pacer.done).toBe(true);
  });

  it('hands attempts out before they are due, by the time that it is given to make them ready', () => {
    const pacer = new StepPacer({ index: 0, of: 1 }, 150, 30);
    pacer.take(step());
    const due: number[] = [];
    const hand = (_index: number, dueMs: number): boolean => due.push(dueMs) > 0;
    pacer.advance(960, 10, hand);
    expect(pacer.untilNextMs()).toBe(10);
    pacer.advance(970, 10, hand);
    expect(due).toEqual([1000]);
    pacer.advance(1251, 10, hand);
    // The second is late by 151 ms.
    expect(due).toEqual([1000, 1200]);
    expect(pacer.notStarted).toBe(1);
  });

  it('leaves to other shards what is theirs, across steps', () => {
    const shards = [0, 1].map((index) => new StepPacer({ index, of: 2 }));
    for (const pacer of shards) {
      pacer.take(step());
      pacer.take(step({ first: 3, startMs: 2000 }));
    }
    expect(shards.map((pacer) => startedAt(pacer, 1200, 2200))).toEqual([
      [[0, 2], [4]],
      [[1], [3, 5]],
    ]);
  });

  it('counts what is too late, and what cannot start, and goes on', () => {
    const pacer = new StepPacer({ index: 0, of: 1 }, 150);
    pacer.take(step());
    expect(startedAt(pacer, 1200)).toEqual([[1, 2]]);
    pacer.take(step({ first: 3, startMs: 2000, attempts: 1 }));
    pacer.advance(2000, 100, () => false);
    expect(pacer.notStarted).toBe(2);
  });

  it('starts no more in a turn than it may, and says how long each call is to last', () => {
    const pacer = new StepPacer({ index: 0, of: 1 });
    pacer.take(step());
    const starts: unknown[] = [];
    const start = (...given: unknown[]): boolean => starts.push(given) > 0;
    expect(pacer.advance(1300, 2, start)).toBe(true);
    expect(pacer.advance(1300, 2, start)).toBe(false);
    expect(starts).toEqual([
      [0, 1000, 5000, true],
      [1, 1100, 5000, true],
      [2, 1200, 5000, true],
    ]);
  });
});
