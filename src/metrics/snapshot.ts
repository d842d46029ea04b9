import type { AccountCallSnapshot } from './account-calls.js';
import type { RegistrationSnapshot } from './registration-metrics.js';
import type { InboundSummary, MachineSummary } from './summary.js';
import type { Invalidity } from './validity.js';

/** The state of a run at one moment: a line of timeline.ndjson and what the screen shows. */
export interface Snapshot {
  /** Since the start of the run. */
  atMs: number;
  /** How long the plan takes, calls that end by themselves included. */
  plannedMs: number;
  phase: 'starting' | 'registering' | 'running' | 'draining' | 'stopping' | 'done';
  paused: boolean;
  /** Factor that the rate keys have set. */
  rateFactor: number;
  offeredCps: number;
  achievedCps: number;
  calls: {
    attempted: number;
    answered: number;
    failed: number;
    cancelled: number;
    completed: number;
    dropped: number;
    inProgress: number;
    established: number;
    peakInProgress: number;
    notStarted: number;
    planned: number;
  };
  /** Final results so far, by status, `timeout` and `transport`. */
  responses: Record<string, number>;
  /** `null` where no account registers. */
  registrations: RegistrationSnapshot | null;
  /** `null` where no registered account is called. */
  accountCalls: AccountCallSnapshot | null;
  /** `null` of a run that calls. */
  inbound: InboundSnapshot | null;
  setupFailureRatio: number | null;
  /** Only in the timeline: of the setups that ended since the line before, the share that was answered. */
  setupRatio?: number | null;
  srdMs: { p50: number; p95: number; p99: number } | null;
  setupMs: { p50: number; p95: number; p99: number } | null;
  trunk: {
    /** Known for our own trunk, otherwise `null` until refusals show it. */
    channels: number | null;
    refusals: number;
    exhaustedAtInProgress: number | null;
    exhaustedAtMs: number | null;
    cause: 'channels' | 'cps' | null;
  };
  /** The targets of a group; none where there is only one target. */
  targets: TargetSnapshot[];
  media: { uplink: DirectionSnapshot; downlink: DirectionSnapshot };
  oneWay: { calls: number; byCause: Record<string, number> };
  noMedia: number;
  /** Heard both ways, and not as it should be. */
  impaired: { calls: number; byCause: Record<string, number> };
  dtmf: { uplink: DtmfSnapshot; downlink: DtmfSnapshot };
  /** What callers felt of the conversations that have ended; `null` where no call took turns. */
  voice: VoiceSnapshot | null;
  /** What markers told of the calls that have ended; `null` where none was heard or said. */
  probe: { uplink: ProbeSnapshot; downlink: ProbeSnapshot } | null;
  health: {
    threads: { name: string; cpuRatio: number }[];
    pacingErrorP99Ms: number | null;
    eventLoopDelayP99Ms: number | null;
    receiveDrops: number | null;
    /** Why the run would be invalid if it ended now. */
    problems: Invalidity[];
  };
  /** Those over sliding windows; the others are judged at the end. */
  gates: GateState[];
  log: LogLine[];
}

/** How a gate over sliding windows stands. */
export interface GateState {
  expression: string;
  windowMs: number;
  /** `waiting`: nothing was to be judged yet; `out`: out of bounds, not for long enough to trip. */
  state: 'waiting' | 'ok' | 'out' | 'tripped';
  /** In the window before; of a gate that has tripped, when it did. */
  observed: number | string | boolean | null;
}

export interface DirectionSnapshot {
  packetsSent: number | null;
  packetsReceived: number | null;
  /** Observed so far, 0–1. */
  lossRatio: number | null;
  /** Dropped ÷ packets by the path's own count, 0–1; `null` where nothing is injected. */
  injectedLossRatio: number | null;
  jitterMsP95: number | null;
  mosLqP5: number | null;
  mosLqP50: number | null;
  /** Of the calls' worst 10 s. */
  mosLqWorstP5: number | null;
  /** Ended calls by MOS-LQ band of 0.5 from 1. */
  mosLqBands: number[];
  measured: number;
  unmeasured: number;
}

/** What those who call did so far; what was heard is of the calls that have ended. */
export interface InboundSnapshot
  extends Pick<InboundSummary, 'received' | 'refused' | 'abandoned' | 'notAcknowledged' | 'silentCalls'> {
  firstWordMs: { p50: number; p95: number } | null;
  machine: Pick<MachineSummary, 'calls' | 'hungUp' | 'talkedOver' | 'messages'>;
}

export interface DtmfSnapshot {
  sent: number | null;
  received: number | null;
  lost: number | null;
}

export interface VoiceSnapshot {
  /** Time to first word, from the answer. */
  ttfwMs: { p50: number; p95: number } | null;
  responseMs: { p50: number; p95: number } | null;
  unanswered: number;
  deadAirCalls: number;
}

export interface ProbeSnapshot {
  calls: number;
  mouthToEarMs: { p50: number; p95: number } | null;
  missed: number | null;
  crossedCalls: number | null;
  echoCalls: number | null;
}

/** A target of a group. */
export interface TargetSnapshot {
  target: string;
  /** `gone`: the DNS no longer names it. */
  state: 'up' | 'down' | 'left alone' | 'gone';
  /** Calls that are up included; the other figures are of attempts that are over. */
  answered: number;
  failed: number;
  refused: number;
  dropped: number;
}

/** One line of the event log. */
export interface LogLine {
  atMs: number;
  level: 'info' | 'warn' | 'error';
  text: string;
}
