import { round } from '../metrics/distribution.js';
import { type Figures, judgeGate } from '../metrics/gates.js';
import { readinessOf } from '../metrics/readiness.js';
import type { OwnTrunkSummary, SipServerSummary, Summary, TrunkScriptSummary } from '../metrics/summary.js';
import { invalidities } from '../metrics/validity.js';
import { gatesOf } from '../profile/schema.js';
import type { Pulse } from '../shard/messages.js';
import type { TrunkCounts } from '../trunk/trunk.js';
import type { RunState } from './run-state.js';

/** The figures of a run that is over, its gates judged. */
export function summarise(state: RunState, endMs: number, version: string): Summary {
  const { metrics, swarmPulse, profile, strain, planned } = state;
  const notStarted = swarmPulse?.notStarted ?? 0;
  const invalid = invalidities(strain.strain(notStarted, planned.attempts));
  const arrivalMs = Math.max(
    planned.lastMs,
    (swarmPulse?.arrivalsDoneMs ?? endMs) - state.startMs - state.beforeCallsMs,
  );
  const attempted = metrics.counts.attempted;
  const perSecond = (n: number): number | null =>
    attempted > 1 && arrivalMs > 0 ? round(n / (arrivalMs / 1000)) : null;
  const inbound = state.inboundSummary();
  const trunk = metrics.exhaustion.verdict(swarmPulse?.peakInProgress ?? 0);
  const delay = strain.eventLoopDelayMs();
  const summary: Figures = {
    schema: 1,
    run: {
      id: state.id,
      name: profile.name,
      seed: profile.seed,
      target: state.target,
      startedAt: state.startedAt.toISOString(),
      durationMs: Math.round(endMs - state.startMs),
      version,
      node: process.version,
      valid: invalid.length === 0,
      invalidReasons: invalid,
      interrupted: state.interrupted,
      failure: state.failure && { code: state.failure.code, message: state.failure.message },
      timestampSource: state.timestampSource,
      threads: strain.threadLoads().map(({ name, cpuMeanRatio, cpuMaxRatio }) => ({
        name,
        cpuMeanRatio: round(cpuMeanRatio),
        cpuMaxRatio: round(cpuMaxRatio),
      })),
      eventLoopDelayMs: delay && { p99: round(delay.p99), max: round(delay.max) },
    },
    calls: {
      ...metrics.counts,
      notStarted,
      peakInProgress: swarmPulse?.peakInProgress ?? 0,
      peakEstablished: swarmPulse?.peakEstablished ?? 0,
    },
    responses: { ...metrics.responses },
    load: metrics.load.summary(),
    sip: {
      ...metrics.sip(),
      ...(state.registrations?.figures ?? { rrdMs: null, ira: null }),
      offeredCps: inbound ? null : perSecond(attempted + notStarted),
      achievedCps: inbound ? inbound.receivedCps : perSecond(attempted),
      retransmissionsSent: swarmPulse?.sip?.retransmissionsSent ?? null,
      retransmissionsReceived: swarmPulse?.sip?.retransmissionsReceived ?? null,
      // An external server does not tell; what our own trunk alone counted would be half a figure.
      parseErrors: swarmPulse?.sip ? sum(swarmPulse.sip.malformed, state.trunkPulse?.sip?.malformed) : null,
      server: sipServer(swarmPulse),
    },
    registrations: state.registrations?.summary() ?? null,
    accountCalls: state.accountCalls?.summary(state.trunkPulse?.trunk?.accounts ?? null) ?? null,
    inbound,
    trunk: { ...trunk, own: ownTrunk(state) },
    trunks: metrics.targets.summary(state.group?.names),
    failover: state.group?.summary(swarmPulse?.group ?? null, state.startMs, endMs) ?? null,
    media: {
      ...metrics.media(),
      pacingErrorMs: rounded(strain.pacingErrorMs()),
      receiveDrops: strain.receiveDrops(),
      malformed: sum(state.swarmMedia?.malformed, state.trunkMedia?.malformed),
      unattributed: sum(state.swarmMedia?.unattributed, state.trunkMedia?.unattributed),
    },
    dtmf: { uplink: metrics.dtmfUplink.summary(), downlink: metrics.dtmfDownlink.summary() },
    voice: metrics.turns.summary(),
    flow: { caller: metrics.flow.caller.summary(), callee: metrics.flow.callee.summary() },
    probe: { uplink: metrics.probe.uplink.summary(), downlink: metrics.probe.downlink.summary() },
    impairment: { uplink: metrics.truthUplink.summary(), downlink: metrics.truthDownlink.summary() },
    trend: metrics.trend.summary(),
  };
  const windowed = state.gates.results();
  const judged = gatesOf(profile).map((gate) => ({
    gate,
    result: gate.window === null ? judgeGate(gate, summary) : windowed.shift()!,
  }));
  const gates = judged.map(({ result }) => result);
  const readiness = readinessOf(profile.readiness, judged.slice(profile.gates.length), state.capacity);
  return { ...summary, gates, readiness, verdict: verdictOf(summary, gates, readiness) };
}

function ownTrunk(state: RunState): OwnTrunkSummary | null {
  const counts = state.trunkPulse?.trunk;
  if (!counts) return null;
  return {
    channels: state.profile.trunk.channels,
    peakChannels: counts.peak,
    admitted: counts.admitted,
    refusedFull: counts.refusedFull,
    refusedTooFast: counts.refusedTooFast,
    faults: { ...state.faults },
    screening: counts.screening,
    identity: counts.identity,
    refusedPerCaller: counts.refusedPerCaller,
    slowed: counts.slowed,
    outcomes: counts.outcomes,
    script: scriptSummary(counts.script),
    server: sipServer(state.trunkPulse),
  };
}

function scriptSummary(script: TrunkCounts['script']): TrunkScriptSummary | null {
  if (script === null) return null;
  const { refused, unheard, restarts, forgotten } = script;
  return { refused, unheard, restarts, forgotten };
}

function sipServer(pulse: Pulse | null): SipServerSummary | null {
  if (!pulse?.sip) return null;
  const { sip } = pulse;
  return {
    messagesSent: sip.messagesSent,
    messagesReceived: sip.messagesReceived,
    retransmissionsSent: sip.sentAgain,
    retransmissionsReceived: sip.receivedAgain,
    timerExpiries: sip.timerExpiries,
    parseErrors: sip.malformed,
    strays: sip.strays,
    transportErrors: sip.transportErrors,
    connections: sip.streams,
    traces: sip.traces,
  };
}

/** The sum of what is known of both sides; `null` when nothing is. */
function sum(...counts: (number | undefined)[]): number | null {
  const known = counts.filter((n) => n !== undefined);
  return known.length === 0 ? null : known.reduce((a, b) => a + b);
}

function rounded(
  figure: { p50: number; p99: number; max: number } | null,
): { p50: number; p99: number; max: number } | null {
  return figure && { p50: round(figure.p50), p99: round(figure.p99), max: round(figure.max) };
}

function verdictOf(summary: Figures, gates: Summary['gates'], readiness: Summary['readiness']): Summary['verdict'] {
  if (summary.run.interrupted) return 'interrupted';
  if (summary.run.failure) return 'fail';
  if (!summary.run.valid) return 'invalid';
  return gates.every(({ pass }) => pass) && readiness.every(({ pass }) => pass !== false) ? 'pass' : 'fail';
}
