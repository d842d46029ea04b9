import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { TimerQueue } from '../../src/sip/timer-queue.js';

test('each timer fires once, at the first tick at or after its time, and a cancelled one never', () => {
  const timer = fc.record({ delayMs: fc.nat(120_000), cancelled: fc.boolean() });
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 40 }), (timers) => {
      const clock = new ManualClock(123_456);
      const queue = new TimerQueue(clock, 10, false);
      const fired = new Map<number, number>();
      const handles = timers.map(({ delayMs }, i) =>
        queue.schedule(delayMs, { onTimer: () => fired.set(i, clock.now() - 123_456) }, 'x'),
      );
      timers.forEach(({ cancelled }, i) => {
        if (cancelled) queue.cancel(handles[i]);
      });
      for (let i = 0; i < 12_002; i++) {
        clock.advance(10);
        queue.advance();
      }
      timers.forEach(({ delayMs, cancelled }, i) => {
        if (cancelled) expect(fired.has(i)).toBe(false);
        else {
          expect(fired.get(i)).toBeGreaterThanOrEqual(delayMs);
          expect(fired.get(i)).toBeLessThan(delayMs + 20);
        }
      });
      expect(queue.size).toBe(0);
    }),
    { numRuns: 15 },
  );
});

test('a timer that sets or cancels others while it fires does so safely', () => {
  const clock = new ManualClock(0);
  const queue = new TimerQueue(clock, 10, false);
  const fired: string[] = [];
  const target = {
    onTimer(kind: string) {
      fired.push(kind);
      if (kind === 'first') {
        queue.cancel(second);
        queue.schedule(0, target, 'third');
      }
    },
  };
  queue.schedule(50, target, 'first');
  const second = queue.schedule(50, target, 'second');
  clock.advance(1000);
  queue.advance();
  clock.advance(1000);
  queue.advance();
  expect(fired).toEqual(['first', 'third']);
});
