import type { Sound } from '../../src/audio/sound.js';
import { CODECS, type CodecName } from '../../src/core/codecs.js';
import type { Pipeline } from '../../src/impair/spec.js';
import type { SessionSpec } from '../../src/media/link/messages.js';
import { type TurnRecord, turnRecord } from '../../src/metrics/turn-record.js';
import type { AgentScript } from '../../src/voice/agent.js';
import type { CallerScript } from '../../src/voice/caller.js';
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

export interface Scene {
  codec?: CodecName;
  caller?: Partial<CallerScript>;
  agent?: Partial<AgentScript>;
  audio?: string;
  impairment?: Pipeline;
  ms?: number;
  calls?: number;
  /** Sounds beside those that there are, by name. */
  sounds?: Record<string, Sound>;
}

/** What callers felt of conversations with the simulated agent, over a network in memory. */
export function converse({
  codec = 'PCMU',
  caller,
  agent,
  audio = 'silence',
  impairment = [],
  ms = 30_000,
  calls = 1,
  sounds = {},
}: Scene): TurnRecord[] {
  const planes = new TwoPlanes(false, sounds);
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
export function errorsOf(records: readonly TurnRecord[]): number[] {
  return records.flatMap(({ ttfwMs, responses, agent, pathMs }) => [
    Math.abs(ttfwMs! - agent!.ttfwMs! - pathMs.downlink!),
    ...responses.map(({ ms }, i) => Math.abs(ms! - agent!.responseMs[i] - pathMs.uplink! - pathMs.downlink!)),
  ]);
}
