import { describe, expect, it } from 'vitest';
import { deriveSeed } from '../../src/core/rng.js';
import { isNetwork, type Network, networkNames, networkOf } from '../../src/impair/networks.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { meanOf, send } from './harness.js';

/** Calls of a minute, which see what bursts and slow changes do to whole calls. */
const CALLS = 120;
const PACKETS = 3000;

/** Mean over calls, and its standard error. */
function estimate(values: readonly number[]): { mean: number; error: number } {
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

function measure(network: Network, direction: 'uplink' | 'downlink') {
  const losses: number[] = [];
  const delays: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const line = new ImpairmentPipeline(network[direction], deriveSeed(11, network.name, direction, call));
    send(line, PACKETS);
    const truth = line.truth.snapshot();
    losses.push(truth.dropped / truth.packets);
    if (truth.delayMeanMs !== null) delays.push(truth.delayMeanMs);
  }
  return { loss: estimate(losses), delay: estimate(delays) };
}

describe('the named networks', () => {
  it('are those that the manual names', () => {
    expect(networkNames()).toEqual([
      '3g',
      'busy-wifi',
      'clean',
      'congested-sip-trunk',
      'dsl-bufferbloat',
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((severity) => `g1050-${severity}`),
      'geo-satellite',
      'intercontinental',
      'leo-satellite',
      'lte-good',
      'lte-poor',
    ]);
    for (const name of networkNames()) expect(networkOf(name).source.length).toBeGreaterThan(10);
  });

  it.each(networkNames())('%s loses and delays what its file says it amounts to', (name) => {
    const network = networkOf(name);
    for (const direction of ['uplink', 'downlink'] as const) {
      const { loss, delay } = measure(network, direction);
      const stated = network.amountsTo[direction];
      expect(Math.abs(loss.mean - stated.loss), `${direction} loss`).toBeLessThan(
        3.5 * loss.error + 0.02 * stated.loss + 1e-9,
      );
      expect(Math.abs(delay.mean - stated.delay), `${direction} delay`).toBeLessThan(
        3.5 * delay.error + 0.015 * stated.delay + 1e-9,
      );
    }
  });

  it('are refused by other names, with those that there are', () => {
    for (const name of ['nowhere', '../headroom', '', 'LTE-poor', 'clean.yaml']) {
      expect(isNetwork(name), name).toBe(false);
      expect(() => networkOf(name)).toThrow('no network');
    }
  });
});
