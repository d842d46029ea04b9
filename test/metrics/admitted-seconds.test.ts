import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { AdmittedSeconds } from '../../src/metrics/admitted-seconds.js';

/** Gives both the same attempts of so many seconds: some seconds refuse, some do not, attempts end a little late. */
function feed(all: readonly AdmittedSeconds[], seconds: number, admittedMost: number, seed: number): void {
  const rng = new Rng(seed);
  for (let s = 0; s < seconds; s++) {
    const refuses = rng.uniform() < 0.6;
    const admitted = refuses ? 20 : 5 + Math.floor(rng.uniform() * (admittedMost - 5));
    for (let n = 0; n < admitted; n++) {
      const level = Math.floor(rng.uniform() * 100);
      for (const one of all) one.add(Math.max(0, s - (n % 3)), level, 'admitted');
    }
    for (let n = 0; refuses && n < 3; n++) for (const one of all) one.add(s, 40 + n * 20, 'refused');
  }
}

describe('calls admitted by second', () => {
  it.each([15, 40])(
    'have the same figures whether old seconds are folded or kept, with up to %i in a free second',
    (most) => {
      const folding = new AdmittedSeconds(20);
      const keeping = new AdmittedSeconds(100_000);
      feed([folding, keeping], 500, most, 3);
      for (const plateau of [50, 90, 110, 200]) {
        const [found, expected] = [folding.figures(plateau), keeping.figures(plateau)];
        expect(found).toEqual({ ...expected, mean: expect.closeTo(expected.mean, 9) });
      }
    },
  );

  it('of few seconds leave none out, folded or not', () => {
    const folding = new AdmittedSeconds(5);
    const keeping = new AdmittedSeconds();
    for (const one of [folding, keeping])
      for (let s = 0; s < 60; s++) one.add(s, 10, s === 2 || s === 40 || s === 55 ? 'refused' : 'admitted');
    for (const one of [folding, keeping]) one.add(55, 10, 'admitted');
    expect(folding.figures(10)).toEqual(keeping.figures(10));
    expect(keeping.figures(10).mean).toBeCloseTo(1 / 3, 9);
  });

  it('of a week with refusals in every second are told, and take no more than those of hours', () => {
    const seconds = new AdmittedSeconds();
    for (let s = 0; s < 7 * 86_400; s++) {
      seconds.add(s, 100, 'admitted');
      seconds.add(s, 100, 'refused');
    }
    expect(seconds.figures(100)).toEqual({ mean: 1, steady: true, refusingBelowPlateau: 0 });
  });
});
