import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Due, DueWheel } from '../../src/media/due-wheel.js';

fc.configureGlobal({ seed: 20_260_101 });

/** Acts at the given times, and keeps when it did. */
class Acts implements Due {
  next: Due | null = null;
  readonly atMs: number[] = [];

  constructor(private readonly duesMs: number[]) {}

  get dueMs(): number {
    return this.duesMs[this.atMs.length];
  }

  onDue(nowMs: number): boolean {
    this.atMs.push(nowMs);
    return this.atMs.length < this.duesMs.length;
  }
}

describe('what comes seldom', () => {
  it('is run once for each of its times, never early, and at the first tick that is 4 ms after', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 7 }),
        (times, stepMs) => {
          const wheel = new DueWheel();
          const all = times.map((duesMs) => new Acts(duesMs.toSorted((a, b) => a - b).map((ms) => 5000 + ms)));
          for (const acts of all) wheel.add(acts);
          let count = 0;
          for (let nowMs = 5000; nowMs <= 25_050; nowMs += stepMs) count += wheel.run(nowMs);
          expect(count).toBe(times.flat().length);
          for (const [i, acts] of all.entries()) {
            const duesMs = times[i].toSorted((a, b) => a - b);
            for (const [k, atMs] of acts.atMs.entries()) {
              expect(atMs).toBeGreaterThanOrEqual(5000 + duesMs[k]);
              // One that is due again at once waits for the next bucket.
              expect(atMs).toBeLessThan(5000 + duesMs[k] + 4 * (k + 2) + 2 * stepMs * (k + 1));
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is run once after a stall, however long', () => {
    const wheel = new DueWheel();
    const all = [5100, 9000, 13_500, 60_000].map((dueMs) => new Acts([dueMs]));
    for (const acts of all) wheel.add(acts);
    wheel.run(5000);
    expect(wheel.run(50_000)).toBe(3);
    expect(all.map(({ atMs }) => atMs)).toEqual([[50_000], [50_000], [50_000], []]);
    expect(wheel.run(60_003)).toBe(1);
  });
});
