import { describe, expect, it } from 'vitest';
import { LinearHistogram } from '../../src/core/linear-histogram.js';
import { deriveSeed, Rng } from '../../src/core/rng.js';
import { parseDuration, parseRatio } from '../../src/core/units.js';

describe('random numbers', () => {
  it('repeat for a seed and differ between seeds', () => {
    const draw = (seed: number): number[] =>
      Array.from(
        { length: 5 },
        (
          (rng) => () =>
            rng.uint32()
        )(new Rng(seed)),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('are uniform and normal within three standard errors', () => {
    const rng = new Rng(7);
    const n = 200_000;
    let sum = 0;
    let normalSum = 0;
    let normalSquares = 0;
    for (let i = 0; i < n; i++) {
      const u = rng.uniform();
      expect(u >= 0 && u < 1).toBe(true);
      sum += u;
      const z = rng.normal();
      normalSum += z;
      normalSquares += z * z;
    }
    expect(Math.abs(sum / n - 0.5)).toBeLessThan(3 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(normalSum / n)).toBeLessThan(3 / Math.sqrt(n));
    expect(Math.abs(normalSquares / n - 1)).toBeLessThan(3 * Math.sqrt(2 / n));
  });

  it('derive a stream of their own for each name', () => {
    const seeds = new Set<number>();
    for (let call = 0; call < 1000; call++)
      for (const way of ['up', 'down']) seeds.add(deriveSeed(1, call, way, 'loss'));
    expect(seeds.size).toBe(2000);
    expect(deriveSeed(1, 'a', 'bc')).not.toBe(deriveSeed(1, 'ab', 'c'));
  });
});

describe('units', () => {
  it.each([
    ['500ms', 500],
    ['20s', 20_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['250', 250],
    ['2h', 7_200_000],
    ['', null],
    ['s', null],
    ['5 parsecs', null],
    ['-5s', null],
  ])('duration %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    ['2%', 0.02],
    ['0.02', 0.02],
    ['100 %', 1],
    ['101%', null],
    ['2', null],
    ['two', null],
  ])('ratio %s', (text, value) => expect(parseRatio(text)).toBe(value));
});

describe('the linear histogram', () => {
  it('gives quantiles by bucket, the true maximum, and merges', () => {
    const a = new LinearHistogram(0.5, 10);
    const b = new LinearHistogram(0.5, 10);
    expect(a.quantile(0.5)).toBeNull();
    for (let i = 0; i < 98; i++) a.record(0.2);
    a.record(1.2);
    b.record(99);
    a.merge(b);
    expect([a.quantile(0.5), a.quantile(0.99), a.quantile(1), a.max, a.count]).toEqual([0.5, 1.5, 99, 99, 100]);
  });
});
