import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { KeepaliveState } from '../../src/swarm/keepalive-state.js';
import { Keepalives } from '../../src/swarm/keepalives.js';
import { healthMemory, TargetHealth } from '../../src/swarm/target-health.js';

describe('the state of a target by its keepalives', () => {
  const states = (failures: number, successes: number, answers: string): string => {
    const state = new KeepaliveState({ failures, successes });
    let isUp = true;
    return [...answers]
      .map((answer, i) => {
        isUp = state.note(answer === '+', i)?.isUp ?? isUp;
        return isUp ? 'U' : 'd';
      })
      .join('');
  };

  it('is down after so many failures in a row, up after so many answers in a row', () => {
    expect(states(2, 1, '+--++-+--+')).toBe('UUdUUUUUdU');
    expect(states(3, 2, '---+-++-+')).toBe('UUddddUUU');
    expect(states(1, 1, '-+-+')).toBe('dUdU');
  });

  it('tells when the first request of the row left that changed it', () => {
    const state = new KeepaliveState({ failures: 2, successes: 2 });
    state.note(false, 10);
    expect(state.note(false, 20)).toEqual({ isUp: false, sinceMs: 10 });
    state.note(true, 30);
    expect(state.note(true, 40)).toEqual({ isUp: true, sinceMs: 30 });
  });
});

/** Keepalives of two targets every second, with the targets played by hand. */
class Watch {
  readonly clock = new ManualClock(5000);
  readonly health = new TargetHealth(healthMemory(2));
  readonly changes: string[] = [];
  /** `null`: silent. */
  readonly answers: (boolean | null)[] = [true, true];
  asked = 0;
  asks = [0, 1];
  readonly keepalives: Keepalives;

  constructor(limits: { failures: number; successes: number }) {
    this.keepalives = new Keepalives({
      clock: this.clock,
      keepalive: { every: 1000, ...limits },
      health: this.health,
      targets: () => this.asks,
      ask: (target, answered) => {
        this.asked++;
        const answer = this.answers[target];
        if (answer !== null) answered(answer);
      },
      onChange: (target, isUp) => this.changes.push(`${this.clock.now()} ${target} ${isUp ? 'up' : 'down'}`),
    });
  }

  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.clock.advance(1000);
      vi.advanceTimersByTime(1000);
    }
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('keepalives', () => {
  it('mark a silent target down when the next one is due after as many as it takes, and up by the first answer', () => {
    const watch = new Watch({ failures: 2, successes: 1 });
    watch.pass(2);
    watch.answers[1] = null;
    watch.pass(3);
    expect(watch.changes).toEqual(['10000 1 down']);
    expect(watch.health.isUp(1)).toBe(false);
    watch.answers[1] = true;
    watch.pass(1);
    watch.health.tookCall(1, 11_200, 11_300);
    expect(watch.keepalives.report()).toEqual([
      { target: 1, sinceMs: 8000, downMs: 10_000, backMs: 11_000, upMs: 11_000, firstCallMs: 11_300 },
    ]);
    watch.keepalives.close();
    const { asked } = watch;
    watch.pass(3);
    expect(watch.asked).toBe(asked);
  });

  it('mark a target down at once whose port is closed, where one failure is enough', () => {
    const watch = new Watch({ failures: 1, successes: 2 });
    watch.answers[0] = false;
    watch.pass(1);
    expect(watch.changes).toEqual(['6000 0 down']);
    watch.answers[0] = true;
    watch.pass(2);
    expect(watch.keepalives.report()).toMatchObject([{ sinceMs: 6000, downMs: 6000, backMs: 7000, upMs: 8000 }]);
  });

  it('count an outage from the INVITE that failed first, even where that is known only once the target is down', () => {
    const watch = new Watch({ failures: 1, successes: 1 });
    watch.answers[0] = false;
    watch.pass(1);
    watch.health.failed(0, 5400);
    expect(watch.keepalives.report()).toMatchObject([{ sinceMs: 5400, downMs: 6000, upMs: null, firstCallMs: null }]);
  });

  it('keep apart the outages of one target', () => {
    const watch = new Watch({ failures: 1, successes: 1 });
    for (const answer of [false, true, false, true]) {
      watch.answers[0] = answer;
      watch.pass(1);
    }
    watch.health.tookCall(0, 9100, 9200);
    expect(watch.keepalives.report()).toMatchObject([
      { downMs: 6000, upMs: 7000, firstCallMs: null },
      { downMs: 8000, upMs: 9000, firstCallMs: 9200 },
    ]);
  });

  it('ask no server that has left, and take what it still owed for nothing', () => {
    const watch = new Watch({ failures: 1, successes: 1 });
    watch.answers[1] = null;
    watch.pass(1);
    watch.changes.length = 0;
    watch.asks = [0];
    const before = watch.asked;
    watch.pass(3);
    expect(watch.asked - before).toBe(3);
    watch.asks = [0, 1];
    watch.answers[1] = true;
    watch.pass(2);
    expect(watch.changes.filter((change) => change.endsWith('down'))).toEqual([]);
  });
});
