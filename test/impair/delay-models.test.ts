import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { infeasibility } from '../../src/impair/infeasibility.js';
import { stage } from '../../src/impair/spec.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { MILLION, meanOf, PTIME_MS, pipelineOf, send } from './harness.js';
import {
  autocorrelation,
  correlationThrough,
  ksBound,
  ksDistance,
  ksDistanceAt,
  normalCdf,
  rootOf,
} from './statistics.js';

const BASE = 400;
const SPREAD = 30;

/** Scale of a Lomax distribution with shape 3 whose mean is 1 when it is cut off at 20: s/2·(1 − (1 + 20/s)⁻²) = 1. */
const LOMAX_SCALE = rootOf((s) => (s / 2) * (1 - (1 + 20 / s) ** -2) - 1, 1, 3);

/** P(delay ≤ x). */
const CDFS = {
  uniform: (x: number) => (x - BASE + SPREAD) / (2 * SPREAD),
  normal: (x: number) => normalCdf((x - BASE) / SPREAD),
  pareto: (x: number) => 1 - (1 + (x - BASE) / SPREAD / LOMAX_SCALE) ** -3,
};

/** The value of each distribution at its quantile Φ(z), in units of the spread. */
const QUANTILES = {
  uniform: (z: number) => 2 * normalCdf(z) - 1,
  normal: (z: number) => z,
  pareto: (z: number) => Math.min(20, LOMAX_SCALE * (normalCdf(-z) ** (-1 / 3) - 1)),
  'pareto-normal': (z: number) => 0.25 * z + 0.75 * Math.min(4, (4 / 3) * (normalCdf(-z) ** (-1 / 3) - 1.5)),
};
type Distribution = keyof typeof QUANTILES;

/** The distribution function of pareto-normal, point by point: F(base + spread·Q(Φ(z))) = Φ(z). */
const PARETO_NORMAL = Array.from({ length: 2001 }, (_, i) => {
  const z = (i - 1000) / 200;
  return [BASE + SPREAD * QUANTILES['pareto-normal'](z), normalCdf(z)] as const;
});

function delaysOf(seed: number, distribution: Distribution, correlation = 0): Float64Array {
  const jitter = { distribution, spread: SPREAD, correlation };
  return send(pipelineOf(seed, { kind: 'delay', base: BASE, jitter }), MILLION).delays;
}

function distanceOf(delays: Float64Array, distribution: Distribution): number {
  if (distribution === 'pareto-normal') return ksDistanceAt(delays, PARETO_NORMAL);
  // The cut at 20 times the mean holds a share of its own.
  const below = distribution === 'pareto' ? BASE + 20 * SPREAD : undefined;
  return ksDistance(delays, CDFS[distribution], below);
}

describe('a delay without correlation', () => {
  for (const distribution of ['uniform', 'normal', 'pareto', 'pareto-normal'] as const) {
    it(`is ${distribution}: within the Kolmogorov–Smirnov distance of one sample in a thousand, over a million packets`, () => {
      const delays = delaysOf(41, distribution);
      expect(distanceOf(delays, distribution)).toBeLessThan(ksBound(MILLION));
      for (const distance of [1, 2]) expect(Math.abs(autocorrelation(delays, distance))).toBeLessThan(0.004);
    });
  }

  it('that is pareto ends at 20 times its mean, with the share that lies beyond', () => {
    const delays = delaysOf(42, 'pareto');
    const share = (1 + 20 / LOMAX_SCALE) ** -3;
    const cut = delays.filter((d) => d === BASE + 20 * SPREAD).length;
    expect(Math.abs(cut - MILLION * share)).toBeLessThan(4 * Math.sqrt(MILLION * share));
    expect(delays.filter((d) => d > BASE + 20 * SPREAD)).toHaveLength(0);
  });

  it('that is pareto-normal has the mean and deviation of the table that comes with netem: −0.025 σ and 0.834 σ', () => {
    const delays = delaysOf(43, 'pareto-normal').map((d) => (d - BASE) / SPREAD);
    const mean = meanOf(delays);
    expect(Math.abs(mean + 0.025)).toBeLessThan(0.01);
    expect(Math.abs(Math.sqrt(meanOf(delays.map((d) => (d - mean) ** 2))) - 0.834)).toBeLessThan(0.01);
  });
});

describe('a delay with correlation', () => {
  // The bound on the correlation is wider where few packets of the tail hold much of the variance.
  for (const [distribution, correlation, bound] of [
    ['uniform', 0.5, 0.004],
    ['uniform', 0.9, 0.004],
    ['normal', 0.3, 0.004],
    ['normal', 0.9, 0.004],
    ['pareto', 0.5, 0.015],
    ['pareto', 0.9, 0.02],
    ['pareto-normal', 0.7, 0.01],
  ] as const) {
    it(`of ${correlation} is ${distribution} all the same, by Kolmogorov–Smirnov, with that correlation between neighbours`, () => {
      const delays = delaysOf(44, distribution, correlation);
      const through = correlationThrough(QUANTILES[distribution]);
      const rho = rootOf((r) => through(r) - correlation, 0, 0.999);
      // n values of such a process tell as much as n·(1 − ρ)/(1 + ρ) independent ones.
      expect(distanceOf(delays, distribution)).toBeLessThan(ksBound((MILLION * (1 - rho)) / (1 + rho)));
      expect(Math.abs(autocorrelation(delays, 1) - correlation)).toBeLessThan(bound);
      // Further off it is that of the first-order process behind the delays.
      for (const distance of [2, 5])
        expect(Math.abs(autocorrelation(delays, distance) - through(rho ** distance))).toBeLessThan(bound);
    });
  }

  it('of uniform delays needs normal ones that are correlated by 2·sin(π·c/6)', () => {
    // The closed form for the uniform distribution (Pearson 1907), which the test above finds by summing.
    const through = correlationThrough(QUANTILES.uniform);
    for (const c of [0.1, 0.5, 0.9]) expect(through(2 * Math.sin((Math.PI * c) / 6))).toBeCloseTo(c, 4);
  });

  it('starts a call as it goes on: the first delay has the same distribution', () => {
    const first = Float64Array.from({ length: 20_000 }, (_, call) => {
      const jitter = { distribution: 'normal', spread: SPREAD, correlation: 0.95 };
      return send(pipelineOf(call, { kind: 'delay', base: BASE, jitter }), 1).delays[0];
    });
    expect(ksDistance(first, CDFS.normal)).toBeLessThan(ksBound(first.length));
  });

  it('keeps the order where that is asked for', () => {
    const jitter = { distribution: 'normal', spread: SPREAD, correlation: 0.5 };
    const line = pipelineOf(45, { kind: 'delay', base: BASE, jitter, keepOrder: true });
    send(line, 50_000);
    expect(line.truth.snapshot().reordered).toBe(0);
  });

  it('gives each copy of a packet a delay of its own, alike as neighbours are', () => {
    const correlation = 0.8;
    const jitter = { distribution: 'normal', spread: SPREAD, correlation };
    const { delays, delays2 } = send(
      pipelineOf(46, { kind: 'duplicate', ratio: 1 }, { kind: 'delay', base: BASE, jitter }),
      200_000,
    );
    // Both go on from the same packet before: their correlation is ρ².
    let product = 0;
    for (let i = 0; i < delays.length; i++) product += (delays[i] - BASE) * (delays2[i] - BASE);
    expect(Math.abs(product / delays.length / SPREAD ** 2 - correlation ** 2)).toBeLessThan(0.02);
  });

  it('below 1 only', () => {
    const jitter = { distribution: 'normal', spread: 30, correlation: '100%' };
    expect(stage.safeParse({ kind: 'delay', jitter }).error?.issues[0].message).toContain('below 100%');
  });
});

describe('a delay trace', () => {
  it('adds value n to packet n, and begins again or stops', () => {
    const values = [10, '1s', 0.5];
    const again = send(pipelineOf(1, { kind: 'delay-trace', values }), 5).delays;
    expect([...again]).toEqual([10, 1000, 0.5, 10, 1000]);
    const once = send(
      pipelineOf(1, { kind: 'delay', base: 5 }, { kind: 'delay-trace', values, repeat: false }),
      5,
    ).delays;
    expect([...once]).toEqual([15, 1005, 5.5, 5, 5]);
  });

  it('lets packets overtake or keeps their order', () => {
    const values = [100, 10, 50];
    const free = pipelineOf(1, { kind: 'delay-trace', values });
    send(free, 3);
    expect(free.truth.snapshot().reordered).toBe(1);
    const fifo = pipelineOf(1, { kind: 'delay-trace', values, keepOrder: true });
    expect([...send(fifo, 3).delays]).toEqual([100, 80, 60]);
  });

  it('comes from a file or from values', () => {
    const file = join(temporaryFolder(), 'delays.txt');
    writeFileSync(file, '# ms\n12.5\n0, 40\n');
    expect([...send(pipelineOf(1, { kind: 'delay-trace', file }), 4).delays]).toEqual([12.5, 0, 40, 12.5]);
    expect(infeasibility(stage.parse({ kind: 'delay-trace' }))).toContain('one of the two');
  });
});

describe('delay spikes', () => {
  it('begin at their share of the packets, and fall by 1 ms a millisecond', () => {
    const ratio = 0.01;
    const line = pipelineOf(47, { kind: 'spike', ratio, height: 200 });
    const { delays } = send(line, MILLION);
    // 200 − 20·k ms for a packet before which the last spike began k packets ago: p·(1 − p)^k.
    for (let k = 0; k < 200 / PTIME_MS; k++) {
      const share = ratio * (1 - ratio) ** k;
      const seen = delays.filter((d) => Math.abs(d - (200 - k * PTIME_MS)) < 1e-5).length;
      expect(Math.abs(seen - MILLION * share)).toBeLessThan(4 * Math.sqrt(MILLION * share));
    }
    const untouched = (1 - ratio) ** (200 / PTIME_MS);
    const sigma = Math.sqrt(10 * MILLION * untouched * (1 - untouched));
    expect(Math.abs(delays.filter((d) => d === 0).length - MILLION * untouched)).toBeLessThan(4 * sigma);
    expect(line.truth.snapshot().reordered).toBe(0);
  });

  it('hold what is in them together, and leave the order of what jitters before', () => {
    const jitter = { distribution: 'uniform', spread: 30 };
    const line = pipelineOf(48, { kind: 'delay', base: 50, jitter }, { kind: 'spike', ratio: 0.02, height: 150 });
    const plain = pipelineOf(48, { kind: 'delay', base: 50, jitter });
    const held = send(line, 50_000).delays;
    const free = send(plain, 50_000).delays;
    for (let i = 0; i < held.length; i++) expect(held[i]).toBeGreaterThanOrEqual(free[i]);
    expect(held.filter((d, i) => d > free[i]).length / held.length).toBeCloseTo(1 - 0.98 ** 7.5, 1);
    expect(line.truth.snapshot().reordered).toBeLessThan(plain.truth.snapshot().reordered);
    expect(line.truth.snapshot().reordered).toBeGreaterThan(0);
  });
});

describe('clock skew', () => {
  it('of a slow clock lets each packet come later than the one before by its share of the time', () => {
    const { delays } = send(pipelineOf(1, { kind: 'clock-skew', ppm: -50 }), 100_001, 7);
    // A packet each 20 ms/(1 − 50·10⁻⁶).
    expect(delays[0]).toBe(0);
    expect(delays[100_000]).toBeCloseTo(100_000 * PTIME_MS * (1 / (1 - 50e-6) - 1), 6);
    expect(delays[50_000] / delays[100_000]).toBeCloseTo(0.5, 9);
  });

  it('of a fast clock eats up the delay before it and stops at none', () => {
    const { delays } = send(pipelineOf(1, { kind: 'delay', base: 100 }, { kind: 'clock-skew', ppm: 100 }), 100_000);
    const perPacket = PTIME_MS * (1 - 1 / (1 + 100e-6));
    expect(delays[10_000]).toBeCloseTo(100 - 10_000 * perPacket, 6);
    expect(delays[50_100]).toBe(0);
    expect(delays[99_999]).toBe(0);
  });
});
