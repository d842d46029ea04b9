import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import type { MediaHealth, MediaSnapshot } from '../../src/media/link/messages.js';
import { invalidities } from '../../src/metrics/validity.js';
import { parseProfile } from '../../src/profile/read.js';
import { composeSnapshot, RateMeter } from '../../src/run/compose-snapshot.js';
import { planOf } from '../../src/run/plan.js';
import { RunState } from '../../src/run/run-state.js';
import { StrainMonitor } from '../../src/run/strain-monitor.js';
import { summarise } from '../../src/run/summarise.js';
import type { Pulse } from '../../src/shard/messages.js';
import { emptyStats } from '../../src/sip/stats.js';
import { answeredRecord, failedRecord } from '../support/records.js';

function health(change: Partial<MediaHealth> = {}, pacing: number[] = []): MediaHealth {
  const counts = new Uint32Array(4);
  for (const bucket of pacing) counts[bucket]++;
  return {
    driver: 'native',
    timestampSource: 'kernel',
    pacingErrorMs: { bucketWidth: 1, counts, count: pacing.length, max: Math.max(0, ...pacing) },
    receiveDrops: 0,
    sendErrors: 0,
    slotsSkipped: 0,
    cpuMs: 0,
    ...change,
  };
}

function media(change: Partial<MediaSnapshot> = {}): MediaSnapshot {
  return {
    atMs: 0,
    sessions: 1,
    packetsSent: 100,
    packetsReceived: 95,
    packetsLost: 5,
    packetsExpected: 100,
    truth: { uplink: { packets: 100, dropped: 10 }, downlink: { packets: 0, dropped: 0 } },
    faults: {},
    digitsHeard: 0,
    malformed: 0,
    unattributed: 0,
    rtcpReceived: 0,
    health: health(),
    ...change,
  };
}

function pulse(change: Partial<Pulse> = {}): Pulse {
  return {
    attempted: 10,
    notStarted: 0,
    up: 0,
    inProgress: 4,
    established: 3,
    peakInProgress: 7,
    peakEstablished: 6,
    load: null,
    arrivalsDoneMs: null,
    trunk: null,
    group: null,
    sip: { ...emptyStats(), traces: null, retransmissionsSent: 1, retransmissionsReceived: 2, malformed: 3 },
    eventLoopDelayMs: null,
    cpuMs: null,
    departuresCpuMs: null,
    ...change,
  };
}

function stateOf(rest = '', target: string | null = null): RunState {
  const profile = parseProfile(
    `name: p\nload: [{ shape: constant, cps: 10, for: 1s }]\ncalls: { hold: 2s }\n${rest}`,
    'p',
  );
  const state = new RunState(profile, 'id', new Date(0), planOf(profile), target === null ? [] : [target]);
  state.startMs = 1000;
  return state;
}

const ended = (state: RunState) => summarise(state, 4000, '1.2.3');

describe('the strain of the generator', () => {
  it('has a thread’s CPU over at least a second, its mean, its maximum, and how long it was saturated', () => {
    const strain = new StrainMonitor();
    strain.cpu('t', null, 0);
    expect(strain.threadLoads()).toEqual([]);
    for (const [cpuMs, nowMs] of [
      [100, 0],
      [300, 500],
      [600, 1000],
      [1600, 2000],
      [2600, 3000],
      [2700, 4000],
    ])
      strain.cpu('t', cpuMs, nowMs);
    expect(strain.threadLoads()).toEqual([{ name: 't', cpuRatio: 0.1, cpuMeanRatio: 0.65, cpuMaxRatio: 1 }]);
    expect(strain.strain(0, 1).saturatedMs).toEqual([{ name: 't', ms: 2000 }]);
    expect(invalidities(strain.strain(0, 1))).toEqual([]);
    for (let s = 5; s < 9; s++) strain.cpu('t', 2700 + (s - 4) * 1000, s * 1000);
    expect(invalidities(strain.strain(0, 1)).map((i) => i.reason)).toEqual(['thread-cpu']);
  });

  it('adds up what both media threads say, the newest of each', () => {
    const strain = new StrainMonitor();
    expect(strain.pacingErrorMs()).toBeNull();
    expect(strain.receiveDrops()).toBeNull();
    strain.media('swarm', health({ receiveDrops: 5 }, [0, 0]));
    strain.media('swarm', health({ receiveDrops: 2 }, [0, 0, 0]));
    strain.media('trunk', health({ receiveDrops: 1 }, [2]));
    expect(strain.receiveDrops()).toBe(3);
    expect(strain.pacingErrorMs()).toEqual({ p50: 1, p99: 2, max: 2 });
  });

  it('says which thread made a run invalid, and that one in time does not make up for one that was late', () => {
    const strain = new StrainMonitor();
    strain.media('swarm', health({ receiveDrops: 5 }, new Array(110_000).fill(1)));
    strain.media('trunk', health({ receiveDrops: 0 }, new Array(1000).fill(12)));
    strain.loopDelay('swarm', { p99: 3, max: 9, isBrief: false });
    strain.loopDelay('trunk', { p99: 25, max: 60, isBrief: false });
    expect(strain.pacingErrorMs()?.p99).toBeLessThan(10);
    expect(invalidities(strain.strain(0, 1)).map(({ observed }) => observed)).toEqual([
      'own receive drops 5 (swarm media)',
      'pacing error p99 12.0 ms (trunk media)',
      'event-loop delay p99 25.0 ms (trunk signalling)',
    ]);
  });

  it('forgets what was before it began anew, the worst pacing error too', () => {
    const strain = new StrainMonitor();
    strain.media('swarm', health({ receiveDrops: 5 }, [12, 12]));
    strain.loopDelay('swarm', { p99: 25, max: 60, isBrief: false });
    strain.restart();
    expect(strain.receiveDrops()).toBe(0);
    expect(strain.pacingErrorMs()).toBeNull();
    expect(strain.eventLoopDelayMs()).toBeNull();
    strain.media('swarm', health({ receiveDrops: 6 }, [12, 12, 1, 2]));
    expect(strain.receiveDrops()).toBe(1);
    expect(strain.pacingErrorMs()!.max).toBeLessThanOrEqual(3);
  });

  it('holds the worst value of a brief observation against five times the limit', () => {
    const reasonsOf = (pacingMs: number, delayMs: number): string[] => {
      const strain = new StrainMonitor();
      strain.media('swarm', health({}, new Array(999).fill(pacingMs)));
      strain.loopDelay('swarm', { p99: delayMs, max: delayMs, isBrief: true });
      return invalidities(strain.strain(0, 1)).map(({ observed, limit }) => `${observed}, limit ${limit}`);
    };
    expect(reasonsOf(50, 100)).toEqual([]);
    expect(reasonsOf(51, 101)).toEqual([
      'pacing error max 51.0 ms (swarm media), limit 50 ms',
      'event-loop delay max 101.0 ms (swarm signalling), limit 100 ms',
    ]);
  });

  it('takes the worse of the event loops', () => {
    const strain = new StrainMonitor();
    expect(strain.eventLoopDelayMs()).toBeNull();
    strain.loopDelay('swarm', { p99: 3, max: 9, isBrief: false });
    strain.loopDelay('trunk', { p99: 5, max: 6, isBrief: false });
    strain.loopDelay('trunk', null);
    expect(strain.eventLoopDelayMs()).toEqual({ p99: 5, max: 9 });
  });
});

describe('the rate', () => {
  it('is of the last second, wanted and started apart', () => {
    const meter = new RateMeter();
    expect(meter.rates()).toEqual({ offeredCps: 0, achievedCps: 0 });
    for (let i = 0; i <= 20; i++) meter.add(i * 250, i < 10 ? 0 : (i - 10) * 5, i < 10 ? 0 : (i - 10) * 10);
    expect(meter.rates()).toEqual({ offeredCps: 40, achievedCps: 20 });
  });

  it('is not that of counts which were held up and come together', () => {
    const meter = new RateMeter();
    for (let i = 0; i <= 8; i++) meter.add(i * 250, i * 5, i * 5);
    meter.add(4500, 85, 85);
    meter.add(4501, 90, 90);
    const { achievedCps } = meter.rates();
    expect(achievedCps).toBeGreaterThan(15);
    expect(achievedCps).toBeLessThan(25);
  });
});

describe('a snapshot', () => {
  it('never has more answers and failures than attempts, which come with the pulse', () => {
    const state = stateOf();
    state.swarmPulse = pulse({ attempted: 2 });
    for (let i = 0; i < 3; i++) state.live.add({ status: 200, srdMs: 20, setupMs: 300 });
    state.metrics.add(failedRecord(503));
    expect(composeSnapshot(state, 2000, new RateMeter()).calls).toMatchObject({ attempted: 4, answered: 3, failed: 1 });
  });

  it('of a run that has only begun has nothing that was not measured', () => {
    const state = stateOf();
    state.phase = 'running';
    const snapshot = composeSnapshot(state, 1500, new RateMeter());
    expect(snapshot).toMatchObject({
      atMs: 500,
      plannedMs: 2900,
      phase: 'running',
      calls: { attempted: 0, planned: 10 },
      setupFailureRatio: null,
      srdMs: null,
      trunk: { channels: 100, exhaustedAtMs: null },
      media: { uplink: { packetsSent: null, lossRatio: null, injectedLossRatio: null } },
      dtmf: { uplink: { sent: null, lost: null } },
      health: { pacingErrorP99Ms: null, receiveDrops: null, problems: [] },
    });
  });

  it('takes live calls from the signalling, packets from the receiving side, and what was injected from the path', () => {
    const state = stateOf();
    state.swarmPulse = pulse();
    state.swarmMedia = media({ faults: { silence: 2 }, packetsSent: 40 });
    state.trunkMedia = media({ packetsReceived: 36, packetsLost: 4, packetsExpected: 40, packetsSent: 50 });
    for (let i = 0; i < 4; i++) state.live.add({ status: 200, srdMs: 20, setupMs: 300 });
    state.metrics.add(answeredRecord({ oneWay: { direction: 'downlink', cause: 'silence' } }));
    const { calls, media: heard, oneWay } = composeSnapshot(state, 2000, new RateMeter());
    expect(calls).toMatchObject({ attempted: 10, answered: 4, inProgress: 4, established: 3, peakInProgress: 7 });
    expect(heard.uplink).toMatchObject({
      packetsSent: 40,
      packetsReceived: 36,
      lossRatio: 0.1,
      injectedLossRatio: 0.1,
    });
    expect(heard.downlink).toMatchObject({
      packetsSent: 50,
      packetsReceived: 95,
      lossRatio: 0.05,
      injectedLossRatio: null,
    });
    expect(oneWay).toEqual({ calls: 3, byCause: { silence: 3 } });
  });

  it('of a run whose threads still start is of its very beginning, as the clock of a run starts with it', () => {
    const state = stateOf();
    state.note(4500, 'info', 'threads start');
    expect(composeSnapshot(state, 5000, new RateMeter())).toMatchObject({ atMs: 0, phase: 'starting' });
    expect(state.log).toEqual([{ atMs: 0, level: 'info', text: 'threads start' }]);
  });

  it('has failures among all attempts that ended, not among the few answered calls that are over', () => {
    const state = stateOf();
    for (let i = 0; i < 3; i++) state.live.add({ status: 200, srdMs: 20, setupMs: 300 });
    state.metrics.add(failedRecord(503));
    expect(composeSnapshot(state, 2000, new RateMeter())).toMatchObject({
      calls: { answered: 3, failed: 1, completed: 0 },
      responses: { '200': 3, '503': 1 },
      setupFailureRatio: 0.25,
      srdMs: { p50: 20 },
      setupMs: { p50: 300 },
    });
  });

  it('says nothing of channels and of the far end’s packets when the trunk is not ours', () => {
    const state = stateOf('', 'sip:t');
    state.swarmMedia = media();
    const snapshot = composeSnapshot(state, 2000, new RateMeter());
    expect(snapshot.trunk.channels).toBeNull();
    expect(snapshot.media.uplink).toMatchObject({ packetsSent: 100, packetsReceived: null, lossRatio: null });
    expect(snapshot.media.downlink).toMatchObject({ packetsSent: null, packetsReceived: 95 });
  });

  it('keeps the last 200 lines of the log, and knows how many there were', () => {
    const state = stateOf();
    state.phase = 'running';
    for (let i = 0; i < 250; i++) state.note(1000 + i, 'info', String(i));
    const { log } = composeSnapshot(state, 2000, new RateMeter());
    expect(log.length).toBe(200);
    expect(log[0]).toEqual({ atMs: 50, level: 'info', text: '50' });
    expect(state.logged).toBe(250);
  });
});

describe('a summary', () => {
  it('balances, counts rates over the arrivals, and adds up what came on all our ports', () => {
    const state = stateOf();
    state.swarmPulse = pulse({ notStarted: 2, arrivalsDoneMs: 2000 });
    const { sip } = pulse();
    state.swarmPulse.sip = { ...sip!, sentAgain: { INVITE: 1 }, strays: 5, traces: { kept: 1, leftOut: 0 } };
    state.trunkPulse = pulse({ sip: { ...sip!, retransmissionsSent: 50, malformed: 4, strays: 9 } });
    state.swarmMedia = media({ malformed: 5 });
    state.trunkMedia = media({ malformed: 6 });
    for (let i = 0; i < 7; i++) state.metrics.add(answeredRecord());
    state.metrics.add(failedRecord(503));
    const summary = ended(state);
    expect(summary.run).toMatchObject({
      id: 'id',
      durationMs: 3000,
      version: '1.2.3',
      interrupted: false,
      failure: null,
    });
    expect(summary.calls).toMatchObject({ attempted: 8, answered: 7, failed: 1, notStarted: 2, peakInProgress: 7 });
    expect(summary.sip).toMatchObject({
      achievedCps: 8,
      offeredCps: 10,
      retransmissionsSent: 1,
      retransmissionsReceived: 2,
      parseErrors: 7,
      server: {
        retransmissionsSent: { INVITE: 1 },
        parseErrors: 3,
        strays: 5,
        timerExpiries: { B: 0, F: 0, H: 0, ack: 0 },
        connections: { opened: 0, closures: {} },
        traces: { kept: 1, leftOut: 0 },
      },
    });
    expect(summary.media.malformed).toBe(11);
  });

  it('has null for what no thread ever told', () => {
    const { sip, media: heard, trunk, run } = ended(stateOf());
    expect(sip).toMatchObject({
      parseErrors: null,
      server: null,
      retransmissionsSent: null,
      achievedCps: null,
      setupFailureRatio: null,
    });
    expect(heard).toMatchObject({ malformed: null, receiveDrops: null, pacingErrorMs: null });
    expect(trunk.own).toBeNull();
    expect(run.eventLoopDelayMs).toBeNull();
  });

  it('passes without gates, and fails by one that failed or was not measured', () => {
    expect(ended(stateOf()).verdict).toBe('pass');
    expect(ended(stateOf('gates: [calls.attempted == 0]')).verdict).toBe('pass');
    expect(ended(stateOf('gates: [calls.attempted == 1]')).verdict).toBe('fail');
    expect(ended(stateOf('gates: [media.uplink.mosLq.p5 > 1]')).verdict).toBe('fail');
  });

  it('is interrupted before it is failed, failed before it is invalid, invalid before a gate failed', () => {
    const invalid = stateOf('gates: [calls.attempted == 1]');
    invalid.swarmPulse = pulse({ notStarted: 10 });
    expect(ended(invalid)).toMatchObject({
      verdict: 'invalid',
      run: { valid: false, invalidReasons: [{ reason: 'not-started' }] },
    });
    invalid.failure = new AppError('TARGET_SILENT', 'The target never answered');
    expect(ended(invalid)).toMatchObject({ verdict: 'fail', run: { failure: { code: 'TARGET_SILENT' } } });
    invalid.interrupted = true;
    expect(ended(invalid).verdict).toBe('interrupted');
  });
});
