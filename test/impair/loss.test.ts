import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { deriveSeed } from '../../src/core/rng.js';
import { infeasibility } from '../../src/impair/infeasibility.js';
import { gilbertOf } from '../../src/impair/loss.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { lossesOf, meanOf, pipelineOf, send, stages } from './harness.js';

const MILLION = 1_000_000;

describe('independent loss', () => {
  it('loses its share within three standard deviations over a million packets', () => {
    for (const ratio of [0.001, 0.02, 0.3]) {
      const { copies } = send(pipelineOf(1, { kind: 'loss', ratio }), MILLION);
      const sigma = Math.sqrt((ratio * (1 - ratio)) / MILLION);
      expect(Math.abs(lossesOf(copies).ratio - ratio)).toBeLessThan(3 * sigma);
    }
  });

  it('has runs of the length of independent losses, 1/(1 − L)', () => {
    const { copies } = send(pipelineOf(2, { kind: 'loss', ratio: 0.1 }), MILLION);
    expect(lossesOf(copies).meanRun / (1 / 0.9)).toBeCloseTo(1, 1.5);
  });

  it('loses nothing at 0 and everything at 1, bursts or not', () => {
    expect(lossesOf(send(pipelineOf(1, { kind: 'loss', ratio: 0 }), 10_000).copies).ratio).toBe(0);
    expect(lossesOf(send(pipelineOf(1, { kind: 'loss', ratio: 1 }), 10_000).copies).ratio).toBe(1);
    expect(lossesOf(send(pipelineOf(1, { kind: 'loss', ratio: 1, burst: 3 }), 10_000).copies).ratio).toBe(1);
  });
});

describe('loss in bursts', () => {
  // Loss, mean run, p and r of the simple Gilbert process.
  const channels = [
    [0.01, 1.5, 0.006734, 0.666667],
    [0.01, 3, 0.003367, 0.333333],
    [0.02, 2, 0.010204, 0.5],
    [0.03, 3, 0.010309, 0.333333],
    [0.05, 2, 0.026316, 0.5],
    [0.05, 4, 0.013158, 0.25],
  ] as const;

  it('is the simple Gilbert process of the wanted loss and run', () => {
    for (const [ratio, burst, p, r] of channels) {
      expect(gilbertOf(ratio, burst)?.p).toBeCloseTo(p, 6);
      expect(gilbertOf(ratio, burst)?.r).toBeCloseTo(r, 6);
    }
  });

  it('has the wanted share within three standard deviations and the wanted mean run within 3 %', () => {
    for (const [ratio, burst, p, r] of channels) {
      const { copies } = send(pipelineOf(11, { kind: 'loss', ratio, burst }), MILLION);
      const observed = lossesOf(copies);
      // Losses that come together tell less about their mean: ρ = 1 − p − r is the correlation of neighbours.
      const sigma = Math.sqrt((ratio * (1 - ratio) * ((2 - p - r) / (p + r))) / MILLION);
      expect(Math.abs(observed.ratio - ratio)).toBeLessThan(3 * sigma);
      expect(Math.abs(observed.meanRun / burst - 1)).toBeLessThan(0.03);
    }
  });

  it('is unbiased for short calls, because the first state is drawn from the stationary distribution', () => {
    const calls = 40_000;
    const ratios = new Float64Array(calls);
    for (let call = 0; call < calls; call++) {
      const line = pipelineOf(deriveSeed(5, call), { kind: 'loss', ratio: 0.2, burst: 10 });
      ratios[call] = lossesOf(send(line, 5).copies).ratio;
    }
    // The five packets of a call share their fate nearly entirely: σ of a call is at most √(0.2·0.8).
    expect(Math.abs(meanOf(ratios) - 0.2)).toBeLessThan((3 * 0.4) / Math.sqrt(calls));
  });

  it('is refused with the reason when no such process exists', () => {
    const [impossible] = stages({ kind: 'loss', ratio: 0.8, burst: 2 });
    expect(infeasibility(impossible)).toContain('at least 4 packets');
    expect(() => new ImpairmentPipeline([impossible], 1)).toThrow(AppError);
    const [limit] = stages({ kind: 'loss', ratio: 0.8, burst: 4 });
    expect(infeasibility(limit)).toBeNull();
    expect(Math.abs(lossesOf(send(new ImpairmentPipeline([limit], 1), 200_000).copies).meanRun / 4 - 1)).toBeLessThan(
      0.03,
    );
  });
});

describe('Gilbert–Elliott loss', () => {
  it('has the mean loss (r·lossGood + p·lossBad)/(p + r)', () => {
    for (const [p, r, lossGood, lossBad, mean] of [
      [0.01, 0.25, 0, 1, 0.03846],
      [0.02, 0.2, 0.001, 0.7, 0.06455],
      [0.005, 0.1, 0, 0.5, 0.02381],
      [0, 1, 0.1, 1, 0.1],
    ] as const) {
      const { copies } = send(pipelineOf(3, { kind: 'gilbert-elliott', p, r, lossGood, lossBad }), MILLION);
      const observed = lossesOf(copies).ratio;
      // Bounded by the worst case, in which the state alone decides.
      const sigma = Math.sqrt((mean * (1 - mean) * ((2 - p - r) / (p + r))) / MILLION);
      expect(Math.abs(observed - mean)).toBeLessThan(3 * sigma + 1e-5);
    }
  });

  it('has runs of mean 1/r when the bad state loses everything', () => {
    const { copies } = send(pipelineOf(4, { kind: 'gilbert-elliott', p: 0.01, r: 0.25 }), MILLION);
    expect(Math.abs(lossesOf(copies).meanRun / 4 - 1)).toBeLessThan(0.03);
  });
});
