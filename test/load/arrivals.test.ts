import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivals } from '../../src/load/arrivals.js';
import { type LoadStage, loadSpec } from '../../src/load/spec.js';

const offsets = (stages: LoadStage[], holdMs = 10_000, seed = 1): number[] =>
  Array.from(arrivals(stages, holdMs, seed), ({ atMs }) => atMs);

/** How many of them lie within each of so many equal parts of the time. */
function counts(all: readonly number[], lengthMs: number, parts: number): number[] {
  const bins = new Array<number>(parts).fill(0);
  for (const atMs of all) bins[Math.floor((atMs / lengthMs) * parts)]++;
  return bins;
}

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

  it('of steps number each step’s rate, the last step as long as there is time', () => {
    const all = offsets([{ shape: 'steps', from: 10, by: 5, every: 2000, for: 5000 }]);
    expect(counts(all, 6000, 3)).toEqual([20, 30, 20]);
    const falling = offsets([{ shape: 'steps', from: 10, by: -5, every: 1000, for: 3000 }]);
    expect(counts(falling, 3000, 3)).toEqual([10, 5, 0]);
  });

  it('of a sawtooth number the area under each tooth, the last one cut off where the stage ends', () => {
    const all = offsets([{ shape: 'sawtooth', from: 0, to: 20, every: 2000, for: 5000 }]);
    expect(counts(all, 6000, 6)).toEqual([5, 15, 5, 15, 5, 0]);
    const gaps = offsets([
      { shape: 'sawtooth', from: 20, to: 0, every: 2000, for: 2000 },
      { shape: 'ramp', cps: 10, for: 1000 },
    ]);
    // The ramp starts where the tooth ended, at 0 cps.
    expect(counts(gaps, 3000, 3)).toEqual([15, 5, 5]);
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

  it('of a Poisson process follow from the seed alone', () => {
    const stages: LoadStage[] = [{ shape: 'constant', cps: 50, arrivals: 'poisson', for: 10_000 }];
    expect(offsets(stages, 0, 7)).toEqual(offsets(stages, 0, 7));
    expect(offsets(stages, 0, 7)).not.toEqual(offsets(stages, 0, 8));
  });

  it.each<[string, LoadStage]>([
    ['a constant rate', { shape: 'constant', cps: 100, for: 10_000 }],
    ['a ramp', { shape: 'ramp', cps: 200, for: 10_000 }],
    ['steps', { shape: 'steps', from: 50, by: 50, every: 2000, for: 10_000 }],
    ['a sawtooth', { shape: 'sawtooth', from: 0, to: 200, every: 5000, for: 10_000 }],
    ['a spike', { shape: 'spike', base: 50, cps: 500, at: 4000, lasts: 1000, for: 10_000 }],
  ])(
    'of a Poisson process expect the curve of %s in each tenth of it, and scatter as such a process does',
    (_name, stage) => {
      if (stage.shape === 'concurrent' || stage.shape === 'replay') return;
      const even = counts(offsets([stage]), 10_000, 10);
      const runs = Array.from({ length: 200 }, (_, seed) =>
        counts(offsets([{ ...stage, arrivals: 'poisson' }], 0, seed), 10_000, 10),
      );
      for (const [part, expected] of even.entries()) {
        const found = runs.map((run) => run[part]);
        const mean = found.reduce((a, b) => a + b) / found.length;
        const variance = found.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (found.length - 1);
        // The even spacing rounds each part to whole attempts; four standard errors of the mean on top.
        expect(Math.abs(mean - expected)).toBeLessThan(1 + 4 * Math.sqrt(expected / found.length));
        // Variance ÷ mean is 1; of 200 runs it lies within 1 ± 4·√(2/199).
        expect(Math.abs(variance / mean - 1)).toBeLessThan(4 * Math.sqrt(2 / 199));
      }
    },
  );

  it('of a Poisson process lie exponentially far apart', () => {
    const all = offsets([{ shape: 'constant', cps: 1000, arrivals: 'poisson', for: 20_000 }]);
    const gaps = all.slice(1).map((atMs, i) => atMs - all[i]);
    // Kolmogorov–Smirnov distance from 1 − e^−t/ms; 1.63/√n is exceeded by chance once in a hundred.
    gaps.sort((a, b) => a - b);
    const distance = Math.max(...gaps.map((gap, i) => Math.abs(1 - Math.exp(-gap) - (i + 0.5) / gaps.length)));
    expect(distance).toBeLessThan(1.63 / Math.sqrt(gaps.length));
  });

  it('of stages that are spaced differently begin anew, and number both curves', () => {
    const mean = (stages: LoadStage[]): number =>
      Array.from({ length: 300 }, (_, seed) => offsets(stages, 0, seed).length).reduce((a, b) => a + b) / 300;
    const found = mean([
      { shape: 'constant', cps: 3, for: 2000 },
      { shape: 'constant', cps: 3, arrivals: 'poisson', for: 2000 },
      { shape: 'constant', cps: 3, for: 2000 },
    ]);
    expect(Math.abs(found - 18)).toBeLessThan(4 * Math.sqrt(6 / 300));
  });

  it('of a concurrent stage follow the hold times that were drawn, whatever came before', () => {
    const stages: LoadStage[] = [
      { shape: 'constant', cps: 20, arrivals: 'poisson', for: 10_000 },
      { shape: 'concurrent', calls: 300, for: 10_000 },
      { shape: 'concurrent', calls: 300, for: 20_000 },
    ];
    for (const hold of [
      { kind: 'exponential', mean: 5000 },
      { kind: 'lognormal', mean: 5000, sigma: 1 },
    ] as const) {
      const all = [...arrivals(stages, hold, 3)];
      const up = (t: number): number => all.filter(({ atMs, holdMs }) => atMs <= t && t < atMs + holdMs).length;
      for (const t of [20_001, 25_000, 33_333, 39_999]) expect(up(t)).toBe(300);
    }
  });
});

describe('a stage', () => {
  it.each([
    [
      { shape: 'steps', from: 10, by: -5, every: '1s', for: '5s' },
      'the last of 5 steps would have -10 cps (10 + 4 × -5): it must lie within 0–20000',
    ],
    [{ shape: 'steps', from: 10, by: 5, every: '10ms', for: '5s' }, 'must be 100 ms or more'],
    [{ shape: 'sawtooth', from: 10, to: 20, every: 0, for: '5s' }, 'must be 100 ms or more'],
    [{ shape: 'constant', cps: 10, arrivals: 'sometimes', for: '5s' }, 'Invalid option'],
    [{ shape: 'concurrent', calls: 10, arrivals: 'poisson', for: '5s' }, 'Unrecognized key: "arrivals"'],
  ])('%j is refused', (stage, message) => {
    const issues = loadSpec.safeParse([stage]).error?.issues.map((issue) => issue.message) ?? [];
    expect(issues.join()).toContain(message);
  });
});
