import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FramePacer } from '../../src/ui/frame-pacer.js';

describe('the pace of frames', () => {
  let nowMs = 0;
  let drawn: number[] = [];
  let costMs = 0;
  const pacer = () =>
    new FramePacer(
      () => {
        drawn.push(nowMs);
        nowMs += costMs;
      },
      200,
      () => nowMs,
    );
  const pass = (ms: number) => {
    nowMs += ms;
    vi.advanceTimersByTime(ms);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    nowMs = 0;
    drawn = [];
    costMs = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('the first request draws at once, later ones at the end of the interval, many as one', () => {
    const p = pacer();
    p.request();
    for (let i = 0; i < 19; i++) {
      pass(10);
      p.request();
    }
    expect(drawn).toEqual([0]);
    pass(10);
    expect(drawn).toEqual([0, 200]);
    pass(1000);
    expect(drawn).toEqual([0, 200]);
  });

  test('a costly frame waits longer, so that drawing takes no more than a twentieth of the time', () => {
    costMs = 40;
    const p = pacer();
    p.request();
    p.request();
    pass(759);
    expect(drawn).toEqual([0]);
    pass(1);
    expect(drawn).toEqual([0, 800]);
  });

  test('after a stop nothing that was due is drawn', () => {
    const p = pacer();
    p.request();
    p.request();
    p.stop();
    pass(1000);
    expect(drawn).toEqual([0]);
  });
});
