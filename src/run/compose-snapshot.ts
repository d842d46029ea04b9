import type { CallMetrics } from '../metrics/call-metrics.js';
import type { DirectionMetrics } from '../metrics/direction-metrics.js';
import type { Distribution } from '../metrics/distribution.js';
import type { DtmfMetrics } from '../metrics/dtmf-metrics.js';
import type { ProbeMetrics } from '../metrics/probe-metrics.js';
import type {
  DirectionSnapshot,
  DtmfSnapshot,
  InboundSnapshot,
  ProbeSnapshot,
  Snapshot,
  VoiceSnapshot,
} from '../metrics/snapshot.js';
import type { InboundSummary } from '../metrics/summary.js';
import type { TurnMetrics } from '../metrics/turn-metrics.js';
import { invalidities } from '../metrics/validity.js';
import { isImpairing } from '../quality/one-way.js';
import type { FaultCause } from '../quality/reports.js';
import type { RunState } from './run-state.js';
import type { MediaTotals } from './shards.js';

/** A rate over less is chance: counts that were held up come together. */
const LEAST_SPAN_MS = 500;
const SPAN_MS = 1000;

/** Attempts per second over the last second, or over longer where counts come more rarely. */
export class RateMeter {
  private readonly points: { atMs: number; attempted: number; due: number }[] = [];

  add(atMs: number, attempted: number, due: number): void {
    this.points.push({ atMs, attempted, due });
    while (this.points.length > 2 && atMs - this.points[1].atMs >= SPAN_MS) this.points.shift();
  }

  rates(): { offeredCps: number; achievedCps: number } {
    const first = this.points[0];
    const last = this.points.at(-1);
    if (!first || !last || last.atMs - first.atMs < LEAST_SPAN_MS) return { offeredCps: 0, achievedCps: 0 };
    const seconds = (last.atMs - first.atMs) / 1000;
    return { offeredCps: (last.due - first.due) / seconds, achievedCps: (last.attempted - first.attempted) / seconds };
  }
}

/** The state of a run at one moment. Reads, changes nothing. */
export function composeSnapshot(state: RunState, nowMs: number, meter: RateMeter): Snapshot {
  const { metrics, live, profile, swarmPulse, planned } = state;
  const verdict = metrics.exhaustion.verdict(swarmPulse?.peakInProgress ?? 0);
  const strain = state.strain.strain(swarmPulse?.notStarted ?? 0, planned.attempts);
  // Of calls that come in nothing is told before their record; those that are up are known by their number.
  const answered = state.inbound ? metrics.counts.answered + (swarmPulse?.established ?? 0) : live.answered;
  const liveFaults = state.swarmMedia?.faults ?? {};
  const oneWay = { calls: metrics.oneWay.calls, byCause: { ...metrics.oneWay.byCause } };
  const impaired = { calls: metrics.impaired.calls, byCause: { ...metrics.impaired.byCause } };
  for (const [cause, n] of Object.entries(liveFaults) as [FaultCause, number][]) {
    const faults = isImpairing(cause) ? impaired : oneWay;
    faults.byCause[cause] = (faults.byCause[cause] ?? 0) + n;
    faults.calls += n;
  }
  return {
    atMs: state.elapsedMs(nowMs),
    plannedMs: plannedMs(state),
    phase: state.phase,
    paused: state.paused,
    rateFactor: state.rateFactor,
    ...meter.rates(),
    calls: {
      ...metrics.counts,
      // Answers and failures come one by one, attempts with the pulse: what has a result was attempted.
      attempted: Math.max(swarmPulse?.attempted ?? 0, answered + metrics.counts.failed),
      answered,
      inProgress: swarmPulse?.inProgress ?? 0,
      established: swarmPulse?.established ?? 0,
      peakInProgress: swarmPulse?.peakInProgress ?? 0,
      notStarted: swarmPulse?.notStarted ?? 0,
      planned: planned.attempts,
    },
    responses: state.inbound ? { ...metrics.responses } : live.responses(metrics.responses),
    registrations: state.registrations?.snapshot() ?? null,
    accountCalls: state.accountCalls?.snapshot() ?? null,
    inbound: inbound(state.inboundSummary()),
    setupFailureRatio: state.inbound ? null : live.failureRatio(metrics.counts.failed),
    srdMs: three(live.srd),
    setupMs: three(live.setup),
    trunk: {
      channels: state.ownTrunk ? (state.trunkPulse?.trunk?.channels ?? profile.trunk.channels) : null,
      refusals: verdict.refusals,
      exhaustedAtInProgress: verdict.exhaustedAtInProgress,
      exhaustedAtMs: verdict.exhaustedAtMs,
      cause: verdict.cause,
    },
    targets: state.group?.snapshot(swarmPulse?.group ?? null, metrics.targets, live.answeredAt) ?? [],
    media: {
      uplink: direction(
        metrics.uplink,
        state.swarmMedia?.packetsSent ?? null,
        state.trunkMedia,
        injected(state, 'uplink'),
      ),
      downlink: direction(
        metrics.downlink,
        state.trunkMedia?.packetsSent ?? null,
        state.swarmMedia,
        injected(state, 'downlink'),
      ),
    },
    oneWay,
    noMedia: metrics.noMedia,
    impaired,
    dtmf: { uplink: digits(metrics.dtmfUplink), downlink: digits(metrics.dtmfDownlink) },
    voice: voice(metrics.turns),
    probe: probe(metrics.probe),
    health: {
      threads: state.strain.threadLoads().map(({ name, cpuRatio }) => ({ name, cpuRatio })),
      pacingErrorP99Ms: strain.pacingErrorP99Ms,
      eventLoopDelayP99Ms: strain.eventLoopDelayP99Ms,
      receiveDrops: strain.receiveDrops,
      problems: invalidities(strain),
    },
    gates: state.gates.states(),
    log: state.log.slice(),
  };
}

/** Accounts that register before the calls are part of it; how long they take is known once they have. */
function plannedMs({ planned, profile, phase, beforeCallsMs, registrations }: RunState): number {
  const spec = profile.registrations;
  const isBefore = spec !== undefined && phase === 'registering';
  const beforeMs = isBefore ? (registrations!.snapshot().accounts / spec.cps) * 1000 : beforeCallsMs;
  return beforeMs + (planned.attempts > 0 || profile.inbound ? planned.endMs : (spec?.hold ?? 0));
}

function injected(state: RunState, way: 'uplink' | 'downlink'): number | null {
  const truth = state.swarmMedia?.truth[way];
  return !truth || truth.packets === 0 ? null : truth.dropped / truth.packets;
}

/** Packets and loss are live, from the media thread of the receiving side; MOS is of the calls that have ended. */
function direction(
  metrics: DirectionMetrics,
  packetsSent: number | null,
  receiver: MediaTotals | null,
  injectedLossRatio: number | null,
): DirectionSnapshot {
  const ended = metrics.summary();
  return {
    packetsSent,
    packetsReceived: receiver?.packetsReceived ?? null,
    lossRatio: receiver && receiver.packetsExpected > 0 ? receiver.packetsLost / receiver.packetsExpected : null,
    injectedLossRatio,
    jitterMsP95: ended.jitterMs?.p95 ?? null,
    mosLqP5: ended.mosLq?.p5 ?? null,
    mosLqP50: ended.mosLq?.p50 ?? null,
    mosLqWorstP5: ended.mosLqWorst?.p5 ?? null,
    mosLqBands: ended.mosLqBands ?? [0, 0, 0, 0, 0, 0, 0],
    measured: ended.measured,
    unmeasured: ended.unmeasured,
  };
}

function inbound(all: InboundSummary | null): InboundSnapshot | null {
  if (all === null) return null;
  const { received, refused, abandoned, notAcknowledged, silentCalls } = all;
  const { calls, hungUp, talkedOver, messages } = all.machine ?? { calls: 0, hungUp: 0, talkedOver: 0, messages: 0 };
  return {
    received,
    refused,
    abandoned,
    notAcknowledged,
    silentCalls,
    firstWordMs: two(all.firstWordMs),
    machine: { calls, hungUp, talkedOver, messages },
  };
}

function digits(metrics: DtmfMetrics): DtmfSnapshot {
  const { sent, received, lost } = metrics.summary();
  return { sent, received, lost };
}

function voice(metrics: TurnMetrics): VoiceSnapshot | null {
  const ended = metrics.summary();
  if (!ended) return null;
  const { ttfwMs, responseMs, unanswered, deadAir } = ended;
  return { ttfwMs: two(ttfwMs), responseMs: two(responseMs), unanswered, deadAirCalls: deadAir.calls };
}

function probe({ uplink, downlink }: CallMetrics['probe']): Snapshot['probe'] {
  const of = (metrics: ProbeMetrics): ProbeSnapshot => {
    const { calls, mouthToEarMs, missed, crossedCalls, echoCalls } = metrics.summary();
    return { calls, mouthToEarMs: two(mouthToEarMs), missed, crossedCalls, echoCalls };
  };
  const both = { uplink: of(uplink), downlink: of(downlink) };
  return both.uplink.calls + both.downlink.calls === 0 ? null : both;
}

function two(all: { p50: number; p95: number } | null): { p50: number; p95: number } | null {
  return all && { p50: all.p50, p95: all.p95 };
}

function three(distribution: Distribution): { p50: number; p95: number; p99: number } | null {
  const all = distribution.percentiles();
  return all && { p50: all.p50, p95: all.p95, p99: all.p99 };
}
