import { callFigures } from '../metrics/call-figures.js';
import { round } from '../metrics/distribution.js';
import type { Figures } from '../metrics/gates.js';
import { withQuotients } from '../metrics/quotient.js';
import { sessionRatios } from '../metrics/session-ratios.js';
import type { OwnTrunkSummary, SipServerSummary, Summary, TrunkScriptSummary } from '../metrics/summary.js';
import type { Pulse } from '../shard/messages.js';
import type { TrunkCounts } from '../trunk/trunk.js';
import type { RunState } from './run-state.js';

/** What was measured by now. A room is put together when it is read. @param nowMs on the machine's clock */
export function figuresOf(state: RunState, nowMs: number): Omit<Figures, 'schema' | 'run'> {
  const { metrics, swarmPulse, strain } = state;
  const ofCalls = callFigures(metrics);
  return {
    get calls() {
      return {
        ...ofCalls.calls,
        notStarted: swarmPulse?.notStarted ?? 0,
        peakInProgress: swarmPulse?.peakInProgress ?? 0,
        peakEstablished: swarmPulse?.peakEstablished ?? 0,
      };
    },
    get responses() {
      return ofCalls.responses;
    },
    get load() {
      return ofCalls.load;
    },
    get sip() {
      return sip(state, nowMs);
    },
    get registrations() {
      return state.registrations?.summary() ?? null;
    },
    get accountCalls() {
      return state.accountCalls?.summary(state.trunkPulse?.trunk?.accounts ?? null) ?? null;
    },
    get inbound() {
      return state.inboundSummary();
    },
    get trunk() {
      return { ...metrics.exhaustion.verdict(swarmPulse?.peakInProgress ?? 0), own: ownTrunk(state) };
    },
    get trunks() {
      return metrics.targets.summary(state.group?.names);
    },
    get failover() {
      return state.group?.summary(swarmPulse?.group ?? null, state.startMs, nowMs) ?? null;
    },
    get media() {
      return {
        ...ofCalls.media,
        pacingErrorMs: rounded(strain.pacingErrorMs()),
        receiveDrops: strain.receiveDrops(),
        malformed: sum(state.swarmMedia?.malformed, state.trunkMedia?.malformed),
        unattributed: sum(state.swarmMedia?.unattributed, state.trunkMedia?.unattributed),
      };
    },
    get dtmf() {
      return ofCalls.dtmf;
    },
    get voice() {
      return ofCalls.voice;
    },
    get flow() {
      return ofCalls.flow;
    },
    get probe() {
      return ofCalls.probe;
    },
    get impairment() {
      return ofCalls.impairment;
    },
    get trend() {
      return ofCalls.trend;
    },
  };
}

/** Rooms of which nothing is known before a call has ended. */
const OF_CALLS = ['calls', 'responses', 'load', 'media', 'dtmf', 'flow', 'probe', 'impairment'];

/** A room of the figures while calls are up: setups count once they are answered. Calls that come in tell nothing before they have ended. */
export function roomNow(state: RunState, room: string, nowMs: number): unknown {
  const { live, metrics } = state;
  if (OF_CALLS.includes(room) && live.answered + metrics.counts.attempted === 0) return null;
  const figures = figuresOf(state, nowMs);
  if (state.inbound) return figures[room as keyof typeof figures];
  const { attempted, answered, cancelled, failed } = metrics.counts;
  const setups = live.answered + attempted - answered;
  switch (room) {
    case 'calls':
      return { ...figures.calls, attempted: setups };
    case 'responses':
      return live.responses(metrics.responses);
    case 'sip': {
      const { sip } = figures;
      // Whether a session ended as it should is known of calls that have ended.
      const { scr: _scr, ...ratios } = sessionRatios(live.responses(metrics.responses), {
        attempted: setups,
        cancelled,
        failed,
        completed: 0,
      });
      const srdMs = { success: live.srd.percentiles(), failure: sip.srdMs.failure };
      return withQuotients(Object.assign(sip, { srdMs, setupMs: live.setup.percentiles() }), ratios);
    }
    default:
      return figures[room as keyof typeof figures];
  }
}

function sip(state: RunState, nowMs: number): Summary['sip'] {
  const { metrics, swarmPulse, planned, registrations } = state;
  const { attempted } = metrics.counts;
  const arrivalMs = Math.max(
    planned.lastMs,
    (swarmPulse?.arrivalsDoneMs ?? nowMs) - state.startMs - state.beforeCallsMs,
  );
  const perSecond = (n: number): number | null =>
    attempted > 1 && arrivalMs > 0 ? round(n / (arrivalMs / 1000)) : null;
  const inbound = state.inboundSummary();
  const figures = Object.assign(metrics.sip(), {
    rrdMs: registrations?.rrdMs ?? null,
    offeredCps: inbound ? null : perSecond(attempted + (swarmPulse?.notStarted ?? 0)),
    achievedCps: inbound ? inbound.receivedCps : perSecond(attempted),
    retransmissionsSent: swarmPulse?.sip?.retransmissionsSent ?? null,
    retransmissionsReceived: swarmPulse?.sip?.retransmissionsReceived ?? null,
    // An external server does not tell; what our own trunk alone counted would be half a figure.
    parseErrors: swarmPulse?.sip ? sum(swarmPulse.sip.malformed, state.trunkPulse?.sip?.malformed) : null,
    server: sipServer(swarmPulse),
  });
  return withQuotients(figures, { ira: registrations?.ira ?? [0, 0] });
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
