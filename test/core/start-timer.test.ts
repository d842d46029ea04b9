import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { StartTimer } from '../../src/core/start-timer.js';

/** A timer over an event loop of which the test makes each turn. */
class Stand {
  readonly clock = new ManualClock(1000);
  readonly naps: number[] = [];
  readonly called: number[] = [];
  readonly timer = new StartTimer(
    this.clock,
    () => void this.called.push(this.clock.now()),
    (ms) => {
      this.naps.push(ms);
      this.clock.advance(ms);
    },
  );

  /** A turn of the loop, which takes no time. */
  turn(): void {
    vi.advanceTimersToNextTimer();
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    vi.advanceTimersByTime(ms);
  }
}

describe('the timer of starts', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('calls at once where something is due, but lets the event loop go round before', () => {
    const stand = new Stand();
    stand.timer.set(0);
    expect(stand.called).toEqual([]);
    stand.turn();
    expect(stand.called).toEqual([1000]);
    expect(stand.naps).toEqual([]);
  });

  it('calls a millisecond or two early where the wait is long, so that the rest can be slept through', () => {
    const stand = new Stand();
    stand.timer.set(20.7);
    stand.pass(18);
    expect(stand.called).toEqual([]);
    stand.pass(1);
    expect(stand.called).toEqual([1019]);
    expect(stand.naps).toEqual([]);
  });

  it('sleeps what is left of a millisecond, less what other work has taken', () => {
    const stand = new Stand();
    stand.timer.set(0.75);
    stand.clock.advance(0.25);
    stand.turn();
    stand.turn();
    expect(stand.naps).toEqual([0.5]);
    expect(stand.called).toEqual([1000.75]);
  });

  it('sleeps a millisecond at most, and not at all when other work has taken all of the wait', () => {
    const stand = new Stand();
    stand.timer.set(1.75);
    stand.turn();
    stand.turn();
    expect(stand.naps).toEqual([1]);
    stand.timer.set(0.75);
    stand.clock.advance(2);
    stand.turn();
    stand.turn();
    expect(stand.naps).toEqual([1]);
    expect(stand.called).toEqual([1001, 1003]);
  });

  it('forgets what it was set to when it is set anew or cleared', () => {
    const stand = new Stand();
    for (const waitMs of [0, 0.5, 5]) {
      stand.timer.set(waitMs);
      stand.timer.set(50);
      stand.timer.clear();
    }
    stand.pass(100);
    expect(stand.called).toEqual([]);
    expect(stand.naps).toEqual([]);
  });
});
