import { describe, expect, it } from 'vitest';
import { pipeline } from '../../src/impair/spec.js';
import { quantile } from '../voice/scenes.js';
import { converse, errorsOf, type Scene } from './conversation.js';

const BAD_NETWORK = pipeline.parse([
  { kind: 'loss', ratio: 0.02 },
  { kind: 'delay', base: 40, jitter: { distribution: 'uniform', spread: 10 } },
]);

describe('conversations', () => {
  it.each<[string, Scene]>([
    ['over G.711', {}],
    ['over G.722', { codec: 'G722' }],
    ['over Opus', { codec: 'opus', calls: 1 }],
    ['with noise on the line', { audio: 'hum' }],
    ['with 2 % loss and jitter', { impairment: BAD_NETWORK, calls: 3 }],
  ])('are timed as the agent took its turns: %s', (_name, scene) => {
    const records = converse(scene);
    for (const { responses, agent } of records) {
      expect(responses).toHaveLength(4);
      expect(agent!.responseMs).toHaveLength(4);
    }
    const errors = errorsOf(records);
    if (process.env.VOICE_UTTERANCES) console.log([0.5, 0.95, 1].map((q) => quantile(errors, q).toFixed(1)));
    expect(quantile(errors, 0.95)).toBeLessThanOrEqual(30);
  });

  it('are answered after the delay that was asked for, to the packet', () => {
    const [{ ttfwMs, responses, pathMs }] = converse({ agent: { respondsAfterMs: [700] } });
    expect(Math.abs(ttfwMs! - 640 - pathMs.downlink!)).toBeLessThanOrEqual(25);
    for (const { ms } of responses)
      expect(Math.abs(ms! - 700 - pathMs.uplink! - pathMs.downlink!)).toBeLessThanOrEqual(30);
  });

  it('are cut short by an agent that is talked over, after its reaction time', () => {
    const records = converse({ caller: { bargeInAfterMs: 500, count: 3 }, agent: { stopsAfterMs: 300 } });
    for (const { bargeInMs, agent, pathMs, overlaps } of records) {
      expect(bargeInMs).toHaveLength(3);
      expect(overlaps).toBe(3);
      for (const [i, ms] of bargeInMs.entries()) {
        expect(Math.abs(agent!.stopMs[i] - 300)).toBeLessThanOrEqual(20);
        expect(Math.abs(ms! - agent!.stopMs[i] - pathMs.uplink! - pathMs.downlink!)).toBeLessThanOrEqual(30);
      }
    }
  });

  it('go on where an agent does not let itself be interrupted', () => {
    const [{ bargeInMs, overlapMs }] = converse({ caller: { bargeInAfterMs: 500, count: 1 }, ms: 8000 });
    // Until the end of its 3 s.
    expect(bargeInMs[0]).toBeGreaterThan(2200);
    expect(overlapMs).toBeGreaterThan(1000);
  });

  it('have dead air where the agent has nothing to say', () => {
    const scene = {
      caller: { waitMs: 3000, count: 2 },
      agent: { greeting: null, respondsAfterMs: [60_000] },
      ms: 15_000,
    };
    const [{ ttfwMs, responses, deadAir }] = converse(scene);
    expect(ttfwMs).toBeNull();
    expect(responses.map(({ ms }) => ms)).toEqual([null, null]);
    expect(deadAir).toHaveLength(3);
    expect(Math.abs(deadAir[0].ms - 3000)).toBeLessThanOrEqual(60);
  });

  it('may begin with the caller', () => {
    const [{ ttfwMs, responses }] = converse({
      caller: { speaksFirst: true, count: 2 },
      agent: { greeting: null },
      ms: 12_000,
    });
    expect(ttfwMs).toBeNull();
    expect(responses.every(({ ms }) => ms !== null)).toBe(true);
  });
});
