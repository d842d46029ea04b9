import { describe, expect, it } from 'vitest';
import { Concurrency } from '../../src/run/concurrency.js';

describe('calls in progress over time', () => {
  it('are those of the first pulse from a moment on, or of the last one', () => {
    const concurrency = new Concurrency();
    expect(concurrency.at(0)).toBeNull();
    for (const [ms, calls] of [
      [250, 1],
      [500, 4],
      [750, 9],
    ])
      concurrency.note(ms, calls);
    expect([0, 250, 251, 500, 600, 750, 5000].map((ms) => concurrency.at(ms))).toEqual([1, 1, 4, 4, 9, 9, 9]);
  });

  it('are those of the last hour, however long a run lasts', () => {
    const concurrency = new Concurrency();
    const pulses = 3 * 4 * 3600 + 7;
    for (let n = 0; n < pulses; n++) concurrency.note(n * 250, n);
    const lastMs = (pulses - 1) * 250;
    const oldest = pulses - 4 * 3600;
    expect(concurrency.at(lastMs)).toBe(pulses - 1);
    expect(concurrency.at(lastMs - 1000)).toBe(pulses - 5);
    expect(concurrency.at(oldest * 250)).toBe(oldest);
    expect(concurrency.at(0)).toBe(oldest);
  });
});
