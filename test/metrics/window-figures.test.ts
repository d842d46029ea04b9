import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { callFigures } from '../../src/metrics/call-figures.js';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { CallRecord, DirectionRecord, DtmfRecord } from '../../src/metrics/call-record.js';
import { type Figure, figureOf, figurePaths } from '../../src/metrics/figures.js';
import type { Gate } from '../../src/metrics/gate-parser.js';
import { gateFrom } from '../../src/metrics/gate-spec.js';
import { type Figures, judgeGate } from '../../src/metrics/gates.js';
import { InboundMetrics } from '../../src/metrics/inbound-metrics.js';
import type { RegistrationResult } from '../../src/metrics/registration-metrics.js';
import { WindowFigures } from '../../src/metrics/window-figures.js';
import { isOfWindow } from '../../src/metrics/window-mistake.js';
import { parseProfile } from '../../src/profile/read.js';
import type { IntervalReport, MosReport } from '../../src/quality/reports.js';
import { planOf } from '../../src/run/plan.js';
import { roomNow } from '../../src/run/run-figures.js';
import { RunState } from '../../src/run/run-state.js';
import type { Pulse } from '../../src/shard/messages.js';
import { answeredRecord, failedRecord, heardReport, TRUTH } from '../support/records.js';

const SECONDS = 12;
const LENGTH_S = 4;
/** Ends of windows: of one that is not full yet, of one with a second without calls, of the last one. */
const LASTS = [1, 7, 11];
/** Keys of tables: some came, one never did. */
const KEYS = ['503', '486', 'one-way', 'lossy', 'busy', 'never'];
/** What calls do not tell: threads and registrars do. */
const NOT_OF_CALLS =
  /^(calls\.notStarted|sip\.(rrdMs|ira|retransmissions|parseErrors|server)|media\.(receiveDrops|malformed|unattributed))/;

function stateOf(rest = 'load: [{ shape: constant, cps: 1, for: 1s }]'): RunState {
  const profile = parseProfile(`name: p\n${rest}\n`, 'p');
  return new RunState(profile, 'id', new Date(0), planOf(profile), ['sip:t']);
}

/** Every figure that a window has, of the rooms given, and a percentile that no summary names of each distribution. */
function figuresIn(...rooms: string[]): Figure[] {
  const paths = figurePaths()
    .filter((path) => rooms.includes(path.split('.')[0]))
    .flatMap((path) => (path.includes('*') ? KEYS.map((key) => path.replace('*', key)) : [path]));
  const others = paths.filter((path) => path.endsWith('.p50')).map((path) => path.replace(/p50$/, 'p83.5'));
  return [...paths, ...others].map(figureOf).filter((figure) => figure !== null && isOfWindow(figure)) as Figure[];
}

const gateOn = (figure: Figure): Gate => ({
  ...gateFrom({ expression: 'calls.failed < 1', window: LENGTH_S * 1000, for: 0, abort: false }),
  figure,
});

class Draw {
  constructor(private readonly rng: Rng) {}

  is(share: number): boolean {
    return this.rng.uniform() < share;
  }

  between(from: number, to: number): number {
    return from + this.rng.uniform() * (to - from);
  }

  count(most: number): number {
    return Math.floor(this.between(0, most + 1));
  }

  maybe<T>(share: number, value: () => T): T | null {
    return this.is(share) ? value() : null;
  }

  mos(): MosReport {
    return {
      ...{ model: 'G.107', scale: 'CQEN', codec: 'PCMU', ie: 0, bpl: 25.1, equipmentSource: 'G.113' },
      ...{ pplPercent: 0, burstR: 1, jitterBufferMs: 60, ptimeMs: 20, lookAheadMs: 0, delaySource: 'path' },
      lq: this.between(1, 4.5),
      cq: this.maybe(0.7, () => this.between(1, 4.5)),
      r: this.between(0, 100),
      oneWayDelayMs: this.maybe(0.7, () => this.between(50, 400)),
    } as MosReport;
  }

  direction(): DirectionRecord {
    const expected = this.count(500);
    const lost = Math.floor(expected * this.between(0, 0.2));
    const heard = {
      packetsExpected: expected,
      packetsLost: lost,
      packetsReceived: expected - lost,
      rfc3550CumulativeLost: lost,
      lateDiscarded: this.count(3),
      lossRatio: this.maybe(0.9, () => this.between(0, 0.2)),
      jitterMs: this.between(0, 30),
      activeLevelDbov: this.maybe(0.8, () => this.between(-60, -10)),
      noiseFloorDbov: this.maybe(0.8, () => this.between(-90, -40)),
      activityFactor: this.between(0, 1),
      clippedRatio: this.between(0, 0.1),
      mos: this.maybe(0.8, () => this.mos()),
      worstInterval: { mosLq: this.between(1, 4.5) } as IntervalReport,
    };
    return {
      packetsSent: this.maybe(0.9, () => expected),
      heard: this.maybe(0.9, () => heardReport(heard)),
      edgeLost: this.maybe(0.8, () => this.count(3)),
      evidence: 'own-end',
    };
  }

  digits(): DtmfRecord {
    const [received, lost] = [this.count(4), this.count(2)];
    const digit = { result: 'received', delayMs: this.between(5, 300) };
    const rest = { merged: this.count(1), duplicated: this.count(2), wrong: this.count(1), short: 0, unended: 1 };
    return {
      sent: '12345',
      heard: '1',
      counts: this.maybe(0.8, () => ({ received, lost, late: this.count(1), ...rest })),
      unnegotiated: this.maybe(0.2, () => '77'),
      digits: [digit] as DtmfRecord['digits'],
    };
  }

  answered(inbound: boolean): CallRecord {
    const way = (): DirectionRecord | null => this.maybe(0.9, () => this.direction());
    const probe = () => ({
      ...{ sent: this.maybe(0.8, () => this.count(9)), heard: this.count(9), missed: this.count(2) },
      ...{ delayMs: this.between(20, 400), delaySource: 'one-way' as const, levelDb: 0 },
      ...{ crossed: this.count(1), crossedCall: null, echoes: this.count(1) },
      ...{ echoDelayMs: this.between(20, 400), echoReturnLossDb: this.between(5, 50) },
    });
    const truth = () => ({
      ...{ ...TRUTH, delivered: this.count(90), dropped: this.count(9), faults: { lossy: this.count(3) } },
      ...{ delayMeanMs: this.between(1, 50), delayMaxMs: 60 },
    });
    const steps = { stepsDone: 1, stepsFailed: 0, failedStep: null, reason: null, steps: [] };
    const flow = () => ({ result: this.is(0.7) ? ('passed' as const) : ('failed' as const), ...steps });
    const fault = { direction: 'uplink', cause: 'one-way' } as unknown as CallRecord['oneWay'];
    const record = answeredRecord({
      outcome: this.is(0.8) ? 'completed' : 'dropped',
      hangupBy: this.is(0.5) ? 'local' : 'remote',
      byeStatus: [200, 200, 408, 500][this.count(3)],
      uplink: way(),
      downlink: way(),
      oneWay: this.maybe(0.1, () => fault),
      noMedia: this.is(0.1),
      impaired: this.is(0.2) ? [fault!] : [],
      dtmf: this.maybe(0.8, () => ({ uplink: this.digits(), downlink: this.digits() })),
      probe: this.maybe(0.8, () => ({ uplink: probe(), downlink: probe() })),
      impairment: { uplink: truth(), downlink: truth() },
      flow: this.maybe(0.7, flow),
      trunkFlow: this.maybe(0.7, flow),
      rtcp: this.maybe(0.8, () => ({
        ...{ sent: this.count(5), received: this.count(5), malformed: this.count(1), wrongSource: 0 },
        ...{ unauthenticated: 0, unheardReports: 0, looped: 0, bye: false, verdict: { state: 'ok', cause: null } },
        roundTripMs: this.maybe(0.8, () => ({ samples: 1, mean: this.between(1, 99), min: 1, max: 99 })),
        farEnd: {
          ...{ reports: 1, cumulativeLost: 1, extendedHighest: 9, jitterMaxMs: 9, fractionLostMax: 0 },
          ...{ jitterMs: this.between(0, 9), packetsExpected: this.count(99), lossRatio: this.between(0, 0.1) },
        },
        voipMetrics: { mosLq: this.between(1, 4.5), rFactor: this.between(0, 100) },
        disagreements: [],
      })) as CallRecord['rtcp'],
    });
    record.turns = {
      ttfwMs: this.maybe(0.8, () => this.between(100, 2000)),
      responses: Array.from({ length: this.count(3) }, () => ({
        ...{ atMs: 0, inProgress: this.count(9), ms: this.maybe(0.8, () => this.between(100, 3000)) },
      })) as never,
      deadAir: this.is(0.2) ? [{ atMs: 0, ms: this.between(2000, 9000) }] : [],
      ...{ deadAirMs: this.count(2000), talkMs: 9000, overlaps: this.count(2), overlapMs: this.count(500) },
      ...{ interruptions: this.count(2), bargeInMs: [this.maybe(0.7, () => this.between(50, 900))], tones: [] },
      ...{ pathMs: { uplink: null, downlink: null }, agent: null },
    };
    Object.assign(record.timings, { provisionalMs: this.between(5, 90), byeMs: this.between(500, 9000) });
    record.timings.byeFinalMs = record.timings.byeMs! + this.between(1, 50);
    if (!inbound) return record;
    const machine = {
      ...{ greetingMs: 500, beepEndMs: this.maybe(0.5, () => 4000), talkOverMs: this.count(1) * this.between(10, 900) },
      messageMs: null,
    };
    return Object.assign(record, {
      ...{ direction: 'inbound', dealt: 'answered' },
      caller: {
        firstWordMs: this.maybe(0.8, () => this.between(100, 2000)),
        machine: this.maybe(0.4, () => ({ ...machine, messageMs: machine.beepEndMs && this.between(4100, 6000) })),
      },
    });
  }

  /** A call of any kind; in the middle of the run there is a time without any. */
  record(inbound: boolean): CallRecord {
    if (this.is(0.7)) return this.answered(inbound);
    const change = inbound ? { direction: 'inbound' as const, dealt: 'busy' } : {};
    if (this.is(0.3)) return failedRecord(487, 'cancelled', { outcome: 'cancelled', ...change, dealt: 'answered' });
    return this.is(0.2)
      ? failedRecord(408, 'timeout', change)
      : failedRecord(this.is(0.5) ? 503 : 486, 'status', change);
  }
}

/** What differs between a figure of a window and the same of a summary over the calls of that window alone. */
function differences(figures: readonly Figure[], windows: WindowFigures, last: number, ofCalls: Figures): string[] {
  return figures.flatMap((figure) => {
    const ofWindow = windows.figure(figure, last, LENGTH_S * 1000);
    // A count of what came before, and not here, is 0 of a window.
    const { observed } = judgeGate(gateOn(figure), ofCalls);
    const expected = observed === null && figure.kind === 'count' ? 0 : observed;
    if ((ofWindow ?? (figure.kind === 'count' ? 0 : null)) === expected) return [];
    const [is, should] = [ofWindow, expected] as (number | null)[];
    // Of distributions two digits are kept, of levels from -128 dBov on.
    const least = figure.kind === 'dbov' ? 128 : 0;
    const isNear = is !== null && should !== null && Math.abs(is - should) <= 0.01 * (should + least) + 1e-6;
    return isNear ? [] : [`${figure.path} ${figure.quantile ?? ''}: ${is}, not ${should}, up to second ${last}`];
  });
}

describe('figures of a sliding window', () => {
  it('are those of a summary over the calls of the window alone', () => {
    const rooms = ['calls', 'responses', 'sip', 'media', 'dtmf', 'voice', 'flow', 'probe', 'impairment'];
    const figures = figuresIn(...rooms).filter(({ path }) => !NOT_OF_CALLS.test(path));
    const state = stateOf();
    const windows = new WindowFigures(figures.map(gateOn), (room) => roomNow(state, room, 0));
    const draw = new Draw(new Rng(7));
    const calls: { second: number; record: CallRecord }[] = [];
    const seen = new Set<Figure>();
    for (let atMs = 300; atMs < SECONDS * 1000; atMs += draw.between(10, 250)) {
      const second = Math.floor(atMs / 1000);
      if (second === 6) continue;
      const record = draw.record(false);
      windows.read(atMs);
      const { inviteMs, provisionalMs, finalMs } = record.timings;
      if (record.answeredMs !== null)
        state.live.add({ status: 200, srdMs: provisionalMs! - inviteMs!, setupMs: finalMs! - inviteMs! });
      state.metrics.add(record);
      calls.push({ second, record });
    }
    windows.read(SECONDS * 1000);
    for (const last of LASTS) {
      const metrics = new CallMetrics();
      for (const { second, record } of calls) if (second <= last && second > last - LENGTH_S) metrics.add(record);
      const ofCalls = { ...callFigures(metrics) } as unknown as Figures;
      expect(differences(figures, windows, last, ofCalls)).toEqual([]);
      for (const figure of figures) if (judgeGate(gateOn(figure), ofCalls).observed !== null) seen.add(figure);
    }
    const unseen = figures.filter((figure) => !seen.has(figure)).map(({ path }) => path);
    expect(unseen).toEqual([]);
  });

  it('are those of the callers of the window alone where the load is what comes in', () => {
    const figures = figuresIn('inbound', 'calls', 'responses');
    const state = stateOf('inbound: { for: 10s }');
    const windows = new WindowFigures(figures.map(gateOn), (room) => roomNow(state, room, 0));
    const draw = new Draw(new Rng(8));
    const calls: { second: number; record: CallRecord }[] = [];
    const came = (received: number, admitted: number) => ({
      ...{ received, admitted, firstMs: 0, lastMs: 0, peakCps: 1, refusedLate: 0 },
    });
    for (let atMs = 100; atMs < SECONDS * 1000; atMs += draw.between(10, 250)) {
      windows.read(atMs);
      const record = draw.record(true);
      state.metrics.add(record);
      state.inbound!.add(record);
      calls.push({ second: Math.floor(atMs / 1000), record });
      const { received, admitted, ...intake } = came(2 * calls.length, calls.length);
      state.trunkPulse = { trunk: { intake: { received, ...intake }, admitted } } as unknown as Pulse;
    }
    windows.read(SECONDS * 1000);
    for (const last of LASTS) {
      const [metrics, inbound] = [new CallMetrics(), new InboundMetrics()];
      const within = calls.filter(({ second }) => second <= last && second > last - LENGTH_S);
      for (const { record } of within) {
        metrics.add(record);
        inbound.add(record);
      }
      const ofCallers = inbound.summary(came(2 * within.length, within.length));
      const ofCalls = { ...callFigures(metrics), inbound: ofCallers } as unknown as Figures;
      expect(differences(figures, windows, last, ofCalls)).toEqual([]);
    }
  });

  it('are told of setups when they are answered, of all else when the call has ended', () => {
    const { state, at, windows } = watched('calls.attempted', 'calls.answered', 'sip.asr', 'responses.200');
    const call = { status: 200, srdMs: 10, setupMs: 100 };
    for (const atMs of [100, 200, 300]) {
      windows.read(atMs);
      state.live.add(call);
    }
    windows.read(1500);
    state.metrics.add(failedRecord(503));
    windows.read(9500);
    for (let i = 0; i < 3; i++) state.metrics.add(answeredRecord());
    windows.read(10_000);
    expect([1, 9].map((last) => at('calls.attempted', last))).toEqual([4, 0]);
    expect([1, 9].map((last) => at('responses.200', last))).toEqual([3, 0]);
    expect([1, 9].map((last) => at('sip.asr', last))).toEqual([0.75, null]);
    expect([1, 9].map((last) => at('calls.answered', last))).toEqual([0, 3]);
  });

  it('are not measured before the first call has ended or was answered; then a count of nothing is 0', () => {
    const { state, at, windows } = watched('calls.failed', 'media.uplink.streams', 'voice.calls', 'sip.asr');
    for (const atMs of [1000, 2000, 3000]) windows.read(atMs);
    state.metrics.add(failedRecord(503));
    windows.read(20_000);
    expect([2, 3, 19].map((last) => at('calls.failed', last))).toEqual([null, 1, 0]);
    expect([2, 3, 19].map((last) => at('media.uplink.streams', last))).toEqual([null, 0, 0]);
    expect([3, 19].map((last) => at('sip.asr', last))).toEqual([0, null]);
    expect(at('voice.calls', 19)).toBeNull();
  });

  it('have what threads and registrars count, as the difference between the two ends of the window', () => {
    const paths = ['sip.retransmissionsSent', 'trunk.own.identity.refused.437', 'trunk.own.outcomes.busy'];
    const { state, at, windows } = watched(...paths, 'media.malformed', 'registrations.failed', 'sip.ira');
    const figures = (last: number) =>
      [...paths, 'media.malformed', 'registrations.failed', 'sip.ira'].map((path) => at(path, last));
    state.metrics.add(failedRecord(503));
    for (const [atMs, retransmissionsSent, refused, busy, malformed] of [
      [500, 3, {}, 1, 0],
      [2500, 5, { 437: 2 }, 1, 7],
      [6500, 9, { 437: 5 }, 4, 7],
    ] as const) {
      windows.read(atMs);
      state.swarmPulse = { sip: { retransmissionsSent, malformed: 0 } } as unknown as Pulse;
      const trunk = { identity: { refused }, outcomes: { busy }, script: null };
      state.trunkPulse = { trunk, sip: null } as unknown as Pulse;
      state.swarmMedia = { malformed } as unknown as typeof state.swarmMedia;
      for (const status of [200, 503]) state.registrations!.add(registered(status));
    }
    windows.read(7000);
    expect(figures(0)).toEqual([3, 0, 1, 0, 1, 0.5]);
    expect(figures(3)).toEqual([5, 2, 1, 7, 2, 0.5]);
    expect(figures(6)).toEqual([4, 3, 3, 0, 1, 0.5]);
    expect(figures(5)).toEqual([2, 2, 0, 7, 1, 0.5]);
  });

  it('have ratings of the scale that most streams of the run are on, and of no second those that came to be it', () => {
    const { state, at, windows } = watched('media.uplink.mosLq.min');
    const rate = (scale: 'CQEN' | 'CQEW', lq: number): void => {
      const mos = { ...new Draw(new Rng(1)).mos(), scale, lq };
      const heard = heardReport({ mos });
      state.metrics.add(
        answeredRecord({ uplink: { packetsSent: 1, heard, edgeLost: 0, evidence: 'own-end' }, downlink: null }),
      );
    };
    rate('CQEN', 4);
    rate('CQEN', 3);
    windows.read(1000);
    rate('CQEW', 2);
    windows.read(2000);
    rate('CQEW', 2);
    rate('CQEW', 2);
    windows.read(3000);
    rate('CQEW', 3.5);
    windows.read(4000);
    expect([0, 1, 2, 3].map((last) => at('media.uplink.mosLq.min', last, 1))).toEqual([3, null, null, 3.5]);
  });
});

/** Windows over figures of a run in which accounts register and calls are made. */
function watched(...paths: string[]) {
  const registrations = 'registrations: { accounts: a.csv, registrar: "sip:192.0.2.1", cps: 10 }';
  const state = stateOf(`load: [{ shape: constant, cps: 1, for: 1s }]\n${registrations}`);
  const figures = new Map(paths.map((path) => [path, figureOf(path)!]));
  const windows = new WindowFigures([...figures.values()].map(gateOn), (room) => roomNow(state, room, 0));
  const at = (path: string, last: number, lengthS = LENGTH_S) =>
    windows.figure(figures.get(path)!, last, lengthS * 1000);
  return { state, windows, at };
}

function registered(status: number): RegistrationResult {
  const isOk = status === 200;
  const rest = { delayMs: 5, challenges: 0, otherRealm: null, isFirst: false, change: 0 as const };
  return { kind: 'register', isOk, status, response: String(status), ...rest };
}
