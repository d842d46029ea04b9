import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivalOffsets } from '../../src/load/arrivals.js';
import type { LoadStage } from '../../src/load/spec.js';

const offsets = (stages: LoadStage[], holdMs = 10_000): number[] => [...arrivalOffsets(stages, holdMs)];

/** Calls up at `t` if every attempt were answered at once. */
const upAt = (all: number[], t: number, holdMs: number): number => all.filter((o) => o <= t && t < o + holdMs).length;

describe('arrival offsets', () => {
  it('of a constant rate are evenly spaced from the start', () => {
    expect(offsets([{ shape: 'constant', cps: 4, for: 1000 }])).toEqual([0, 250, 500, 750]);
  });

  it('of a ramp number the area under the rate', () => {
    const all = offsets([{ shape: 'ramp', cps: 20, for: 10_000 }]);
    expect(all.length).toBe(100);
    expect(all.filter((o) => o < 5000).length).toBe(25);
  });

  it('of consecutive stages keep the fraction of an attempt', () => {
    const all = offsets([
      { shape: 'constant', cps: 0.5, for: 3000 },
      { shape: 'constant', cps: 0.5, for: 3000 },
    ]);
    expect(all).toEqual([0, 2000, 4000]);
  });

  it('of a spike hold the base rate around it', () => {
    const all = offsets([{ shape: 'spike', base: 2, cps: 50, at: 4000, lasts: 1000, for: 10_000 }]);
    expect(all.filter((o) => o < 4000).length).toBe(8);
    expect(all.filter((o) => o >= 4000 && o < 5000).length).toBe(50);
    expect(all.filter((o) => o >= 5000).length).toBe(10);
  });

  it('of a concurrent stage reach the number wanted and keep it by replacing calls that end', () => {
    const stages: LoadStage[] = [
      { shape: 'concurrent', calls: 100, for: 20_000 },
      { shape: 'concurrent', calls: 100, for: 20_000 },
    ];
    const all = offsets(stages, 7000);
    for (const t of [1000, 5000, 9000, 15_000, 19_990])
      expect(Math.abs(upAt(all, t, 7000) - t / 200)).toBeLessThanOrEqual(1);
    for (const t of [20_001, 27_000, 33_333, 39_999]) expect(upAt(all, t, 7000)).toBe(100);
  });

  it('of a concurrent stage count the calls that are up from many before it', () => {
    const all = offsets(
      [
        { shape: 'constant', cps: 1000, for: 20_000 },
        { shape: 'concurrent', calls: 500, for: 10_000 },
        { shape: 'concurrent', calls: 0, for: 3000 },
        { shape: 'constant', cps: 10, for: 1000 },
      ],
      1000,
    );
    expect(upAt(all, 19_999, 1000)).toBe(1000);
    expect(upAt(all, 30_000, 1000)).toBe(500);
    expect(upAt(all, 33_500, 1000)).toBe(6);
  });

  it('of a falling concurrent stage start nothing while too many are up', () => {
    const all = offsets(
      [
        { shape: 'concurrent', calls: 50, for: 0 },
        { shape: 'concurrent', calls: 0, for: 10_000 },
      ],
      5000,
    );
    expect(all.filter((o) => o === 0).length).toBe(50);
    expect(upAt(all, 4999, 5000)).toBe(50);
    expect(upAt(all, 9999, 5000)).toBeLessThanOrEqual(25);
  });

  it('ascend, lie within the stages and number the integral of the rate, whatever the stages', () => {
    const stage = fc.oneof(
      fc.record({
        shape: fc.constant('constant' as const),
        cps: fc.integer({ min: 1, max: 50 }),
        for: fc.integer({ min: 100, max: 5000 }),
      }),
      fc.record({
        shape: fc.constant('ramp' as const),
        cps: fc.integer({ min: 1, max: 50 }),
        for: fc.integer({ min: 100, max: 5000 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(stage, { minLength: 1, maxLength: 5 }), (stages) => {
        const all = offsets(stages);
        let rate = 0;
        let area = 0;
        let length = 0;
        for (const s of stages) {
          area += ((s.shape === 'ramp' ? rate + s.cps : 2 * s.cps) / 2) * (s.for / 1000);
          rate = s.cps;
          length += s.for;
        }
        expect(Math.abs(all.length - area)).toBeLessThanOrEqual(1);
        for (let i = 0; i < all.length; i++) {
          expect(all[i]).toBeGreaterThanOrEqual(i > 0 ? all[i - 1] : 0);
          expect(all[i]).toBeLessThanOrEqual(length);
        }
      }),
    );
  });
});
