import { describe, expect, it } from 'vitest';
import { CODECS, type CodecName } from '../../src/core/codecs.js';
import { type Pipeline, pipeline } from '../../src/impair/spec.js';
import type { SessionSpec } from '../../src/media/link/messages.js';
import { type TurnRecord, turnRecord } from '../../src/metrics/turn-record.js';
import type { AgentScript } from '../../src/voice/agent.js';
import type { CallerScript } from '../../src/voice/caller.js';
import { quantile } from '../voice/scenes.js';
import { remoteAt, TwoPlanes } from './two-planes.js';

const SESSION: SessionSpec = {
  audio: 'silence',
  ptimeMs: 20,
  hearDigits: true,
  expectAudio: true,
  jitterBuffer: { kind: 'fixed', delayMs: 60 },
  mediaTimeoutMs: 60_000,
  bpl: 25.1,
};

const CALLER: CallerScript = {
  say: ['question'],
  count: 4,
  speaksFirst: false,
  pauseMs: 1000,
  waitMs: 5000,
  bargeInAfterMs: null,
  deadAirMs: 2000,
};

const AGENT: AgentScript = {
  greeting: 'reply',
  afterMs: 640,
  says: ['reply'],
  respondsAfterMs: { min: 400, max: 1500 },
  stopsAfterMs: null,
};

const BAD_NETWORK = pipeline.parse([
  { kind: 'loss', ratio: 0.02 },
  { kind: 'delay', base: 40, jitter: { distribution: 'uniform', spread: 10 } },
]);

interface Scene {
  codec?: CodecName;
  caller?: Partial<CallerScript>;
  agent?: Partial<AgentScript>;
  audio?: string;
  impairment?: Pipeline;
  ms?: number;
  calls?: number;
}

/** What callers felt of conversations with the simulated agent, over a network in memory. */
function converse({
  codec = 'PCMU',
  caller,
  agent,
  audio = 'silence',
  impairment = [],
  ms = 30_000,
  calls = 1,
}: Scene): TurnRecord[] {
  const planes = new TwoPlanes();
  const { payloadType } = CODECS[codec];
  const remote = { codec, sendPayloadType: payloadType, acceptPayloadTypes: { [payloadType]: codec } };
  planes.near.plane.lease(calls);
  planes.far.plane.lease(calls);
  planes.run(20);
  const begun: number[] = [];
  for (let call = 0; call < calls; call++) {
    const near = planes.near.told.leases[call];
    const far = planes.far.told.leases[call];
    const ends = { call, uplink: impairment, downlink: impairment };
    const turns = { ...CALLER, ...caller };
    planes.near.plane.open(near.pair, { ...ends, name: `near-${call}`, session: { ...SESSION, audio, turns } });
    const callee = { ...SESSION, audio, agent: { ...AGENT, ...agent } };
    planes.far.plane.open(far.pair, { call, uplink: [], downlink: [], name: `far-${call}`, session: callee });
    begun.push(planes.clock.now());
    planes.near.plane.connect(call, remoteAt(far.rtpPort, remote), true, planes.clock.now());
    planes.far.plane.connect(call, remoteAt(near.rtpPort, remote), true, planes.clock.now());
    planes.run(37, 2);
  }
  planes.run(ms, 2);
  const endMs = planes.clock.now();
  for (let call = 0; call < calls; call++) {
    planes.near.plane.close(call, endMs);
    planes.far.plane.close(call, endMs);
  }
  planes.run(1500, 5);
  return begun.map((answeredMs, call) => {
    const [near, far] = [planes.near, planes.far].map(({ told }) => told.reports.get(call)!);
    return turnRecord(near, far, answeredMs, endMs)!;
  });
}

/** How far each figure is from what the agent did, the way and the buffers taken off. */
function errorsOf(records: readonly TurnRecord[]): number[] {
  return records.flatMap(({ ttfwMs, responses, agent, pathMs }) => [
    Math.abs(ttfwMs! - agent!.ttfwMs! - pathMs.downlink!),
    ...responses.map(({ ms }, i) => Math.abs(ms! - agent!.responseMs[i] - pathMs.uplink! - pathMs.downlink!)),
  ]);
}

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
