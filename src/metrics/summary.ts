import type { FaultCause } from '../quality/reports.js';
import type { StreamCounts } from '../sip/stats.js';
import type { AccountCallSummary } from './account-calls.js';
import type { FailoverSummary, TargetSummary } from './failover-summary.js';
import type { DirectionSummary, DtmfSummary, ProbeSummary, RtcpSummary, TruthSummary } from './media-summary.js';
import type { Percentiles } from './percentiles.js';
import type { RegistrationSummary } from './registration-metrics.js';

/** Response times while so many calls were in progress: `from` to `to`, both included. */
export interface ConcurrencyBin {
  from: number;
  to: number;
  responses: number;
  ms: Percentiles;
}

/** What callers felt of conversations in turns: all times at the caller's end, network and jitter buffers included. */
export interface VoiceSummary {
  /** Calls that took turns, and those in which the far end spoke first. */
  calls: number;
  firstWords: number;
  /** What we said, and how much of it had no response of its own. */
  utterances: number;
  unanswered: number;
  ttfwMs: Percentiles | null;
  responseMs: Percentiles | null;
  responseByInProgress: ConcurrencyBin[];
  /** How often we talked over the far end, and how often it did not stop. */
  bargeIns: number;
  bargeInsIgnored: number;
  bargeInMs: Percentiles | null;
  /** Calls with dead air, its share of the time from answer to end, and each stretch of it. */
  deadAir: { calls: number; ratio: number | null; ms: Percentiles | null };
  overlaps: number;
  overlapRatio: number | null;
  interruptions: number;
  /** What jitter buffers and paths of ours add to the times: there and back, mean over the calls. */
  pathMs: { uplink: number | null; downlink: number | null };
  /** Tones that were heard, by kind. */
  tones: Record<string, number>;
}

/** How the calls of one side went through its list of steps (`calls.flow`, `trunk.flow`). */
export interface FlowSummary {
  /** Calls that began the list: passed, failed, and those that were ended before it was over. */
  calls: number;
  callsPassed: number;
  callsFailed: number;
  callsUnfinished: number;
  /** callsFailed ÷ (callsPassed + callsFailed), 0–1. */
  failedRatio: number | null;
  /** In the order of the list; `ms` of each time that the step passed. */
  steps: { name: string; started: number; passed: number; failed: number; ms: Percentiles | null }[];
}

export type InvalidReason = 'receive-drops' | 'pacing-error' | 'thread-cpu' | 'event-loop-delay' | 'not-started';

export interface GateResult {
  expression: string;
  observed: number | string | boolean | null;
  pass: boolean;
  reason?: string;
  /** Only of a gate over sliding windows: their length; when it tripped, `null` if it did not; whether that ended the run. */
  windowMs?: number;
  trippedAtMs?: number | null;
  aborted?: boolean;
}

/** The slope of a figure over the run, by least squares, with the bounds of its 95 % confidence interval. */
export interface Slope {
  /** In the unit of the figure; memory as a share of its mean. */
  perHour: number;
  low: number;
  high: number;
  points: number;
}

/** The attempts of a part of the run, by when they started. */
export interface StretchSummary {
  calls: number;
  setupFailureRatio: number | null;
  /** Of the answered ones. */
  srdMs: Percentiles | null;
  ttfwMs: Percentiles | null;
}

/** How a run begins and how it goes on. Slopes leave its warm-up out, and are `null` where too few points tell. */
export interface TrendSummary {
  /** The profile's `warmUp`. */
  warmUpMs: number;
  /** Attempts of the warm-up, and those after. */
  cold: StretchSummary;
  warm: StretchSummary;
  srdMs: Slope | null;
  setupFailureRatio: Slope | null;
  /** Resident memory of our own process. */
  memory: Slope | null;
}

/** A criterion of readiness; `null` where it was not measured. */
export interface ReadinessResult {
  criterion: string;
  /** In words. */
  threshold: string;
  /** The gate that judges it; `null` where nothing measures it. */
  expression: string | null;
  measured: number | string | boolean | null;
  pass: boolean | null;
}

export interface SuccessFailure {
  success: Percentiles | null;
  failure: Percentiles | null;
}

/** What only a SIP server of ours can tell. Tables count by name and hold no zeros. */
export interface SipServerSummary {
  messagesSent: number;
  messagesReceived: number;
  /** By what was sent or came again: a method, or of a response the method and the status class, as `INVITE-2xx`. */
  retransmissionsSent: Record<string, number>;
  retransmissionsReceived: Record<string, number>;
  /** Waits that ended without what was waited for, by RFC 3261 timer; `ack`: for the ACK of a 2xx or a PRACK. */
  timerExpiries: { B: number; F: number; H: number; ack: number };
  /** What was no usable SIP message. */
  parseErrors: number;
  /** Responses and ACKs that belonged to nothing (any more). */
  strays: number;
  transportErrors: number;
  /** Connections of TCP and TLS; `closures` by cause. */
  connections: StreamCounts;
  /** Call records that carry their SIP trace, and those that would but for the bounds; `null` where none is asked for. */
  traces: { kept: number; leftOut: number } | null;
}

/** The ground truth of the built-in trunk. */
export interface OwnTrunkSummary {
  channels: number;
  peakChannels: number;
  admitted: number;
  refusedFull: number;
  refusedTooFast: number;
  /** Answered calls that it gave each fault, by the fault's name in the profile. */
  faults: Record<string, number>;
  /** Calls whose number might not be shown; `null` without screening. */
  screening: { refused: number; withheld: number } | null;
  /** Calls by what their Identity header was worth; `null` where none is verified. */
  identity: {
    /** By attestation. */
    verified: { A: number; B: number; C: number };
    /** Taken without one. */
    missing: number;
    /** By the status that they got. */
    refused: Record<string, number>;
  } | null;
  /** Calls beyond the limits of their caller number; `null` without such. */
  refusedPerCaller: { full: number; tooFast: number } | null;
  /** Calls that were set up later for the channels in use; `null` where none would be. */
  slowed: number | null;
  /** Calls that it admitted, by what it dealt to them (`answered`, `busy`, …); `null` where it answers every call. */
  outcomes: Record<string, number> | null;
  /** `null` without a script. */
  script: TrunkScriptSummary | null;
  server: SipServerSummary | null;
}

/** What the script of our own trunk did. */
export interface TrunkScriptSummary {
  /** Calls that it refused by `refuse`. */
  refused: number;
  /** SIP messages that came in silence. */
  unheard: number;
  restarts: number;
  /** Calls that were up or ringing when the trunk was restarted. */
  forgotten: number;
}

/** How those who call behave, where the load is what comes in (`inbound`). */
export interface InboundSummary {
  /** New INVITEs, refused ones included; per second from the first to the last, and the most of any second. */
  received: number;
  receivedCps: number | null;
  peakCps: number | null;
  /** Those that were turned away by limits or scripts of ours: no fault of the callers. The other figures are of the rest. */
  refused: number;
  /** Of those the ones that came when no further call was taken: after `for` or `calls`, or while the run was paused. */
  refusedLate: number;
  /** By what was dealt: `answered`, or one of `trunk.outcomes`. */
  dealt: Record<string, number>;
  /** Cancelled before an answer, and the time from INVITE to CANCEL. */
  cancelled: number;
  cancelMs: Percentiles | null;
  /** Those of them that a person or a machine was about to answer, and ÷ all such calls, 0–1. */
  abandoned: number;
  abandonedRatio: number | null;
  /** Answered, and our 200 was never acknowledged. */
  notAcknowledged: number;
  /** From the 200 to its ACK. */
  ackMs: Percentiles | null;
  /** Answered calls by who hung up. */
  endedByCaller: number;
  endedByUs: number;
  /** Answered calls that were listened to; those in which the caller never spoke to a person; and from our answer to its first word. */
  heard: number;
  silentCalls: number;
  firstWordMs: Percentiles | null;
  /** `null` where no machine answered. */
  machine: MachineSummary | null;
}

/** How callers treat answering machines: calls that were listened to, all times in ms. */
export interface MachineSummary {
  calls: number;
  /** Those that the caller ended before the end of the beep, and from our answer to its BYE. */
  hungUp: number;
  hangUpMs: Percentiles | null;
  /** Those in which it spoke between the beginning of the greeting and the end of the beep, and for how long in each. */
  talkedOver: number;
  talkOverMs: Percentiles | null;
  /** Those in which it spoke after the beep, and how long after. */
  messages: number;
  messageMs: Percentiles | null;
}

/** How the load that was made compares with the plan, and the traffic that it amounts to (ITU-T E.600). */
export interface LoadSummary {
  /** Attempts that were due by the plan until the last one was made, or the run was stopped. */
  plannedAttempts: number | null;
  /** Attempts per second from the first to the last: as they were due, and as they were started. */
  plannedCps: number | null;
  startedCps: number | null;
  /** startedCps ÷ plannedCps. */
  startedRatio: number | null;
  /** How long after it was due an attempt was started. */
  scheduleErrorMs: Percentiles | null;
  /** startedCps × mean of the hold times planned. */
  offeredErlang: number | null;
  /** Mean number of calls in progress, from the start of the run to its last attempt. */
  carriedErlang: number | null;
  /** startedCps × 3600. */
  attemptsPerHour: number | null;
  /** Attempts in the 60 min that had most of them, and carried traffic in those that had most of that; `null` of a shorter run. */
  bhca: number | null;
  busyHourErlang: number | null;
}

/** summary.json, schema 1. Ratios 0–1, times in ms, `null` = not measured. */
export interface Summary {
  schema: 1;
  run: {
    id: string;
    name: string;
    seed: number;
    target: string;
    startedAt: string;
    durationMs: number;
    version: string;
    node: string;
    valid: boolean;
    invalidReasons: { reason: InvalidReason; observed: string; limit: string }[];
    interrupted: boolean;
    /** What made the run impossible or ended it early, such as a target that never answered; by the codes of docs/exit-codes.md. */
    failure: { code: string; message: string } | null;
    timestampSource: 'kernel' | 'user' | null;
    threads: { name: string; cpuMeanRatio: number; cpuMaxRatio: number }[];
    eventLoopDelayMs: { p99: number; max: number } | null;
  };
  calls: {
    attempted: number;
    answered: number;
    failed: number;
    cancelled: number;
    completed: number;
    dropped: number;
    stillUp: number;
    notStarted: number;
    peakInProgress: number;
    peakEstablished: number;
  };
  responses: Record<string, number>;
  load: LoadSummary;
  sip: {
    setupFailureRatio: number | null;
    ner: number | null;
    asr: number | null;
    ser: number | null;
    seer: number | null;
    isa: number | null;
    ira: number | null;
    scr: number | null;
    srdMs: SuccessFailure;
    sddMs: SuccessFailure;
    setupMs: Percentiles | null;
    pddMs: Percentiles | null;
    /** Sessions that ended as they do, and those whose BYE nobody answered, up to Timer F. */
    sdtMs: Percentiles | null;
    sdtFailureMs: Percentiles | null;
    /** Mean duration of the answered calls, from the 2xx to the BYE of either side. */
    acdMs: number | null;
    rrdMs: Percentiles | null;
    /** What the plan asked for and what was started, attempts per second over the arrival phase. */
    offeredCps: number | null;
    achievedCps: number | null;
    retransmissionsSent: number | null;
    retransmissionsReceived: number | null;
    /** Datagrams on SIP ports of ours that were no SIP, the built-in trunk's included. */
    parseErrors: number | null;
    /** Of the callers' side; `null` on an external drachtio-server. */
    server: SipServerSummary | null;
  };
  /** `null` where no account registers. */
  registrations: RegistrationSummary | null;
  /** `null` where no registered account is called. */
  accountCalls: AccountCallSummary | null;
  /** `null` of a run that calls. */
  inbound: InboundSummary | null;
  trunk: {
    exhausted: boolean | null;
    exhaustedAtInProgress: number | null;
    /** From the start of the run. */
    exhaustedAtMs: number | null;
    /** `channels`: refusals at a plateau of calls in progress; `cps`: refusals follow the rate. */
    cause: 'channels' | 'cps' | null;
    refusals: number;
    evidence: string | null;
    /** What our own trunk says it did, to hold the figures against; `null` for any other target. */
    own: OwnTrunkSummary | null;
  };
  /** One for each target that was tried. */
  trunks: TargetSummary[];
  /** `null` where no group of targets is called. */
  failover: FailoverSummary | null;
  media: {
    uplink: DirectionSummary;
    downlink: DirectionSummary;
    /** `loop` when the far end echoes: figures are of both directions together. */
    label: 'one-way' | 'loop';
    oneWay: {
      calls: number;
      byCause: Partial<Record<FaultCause, number>>;
      byDirection: { uplink: number; downlink: number };
    };
    noMedia: { calls: number };
    /** Heard both ways, and not as it should be. Causes and directions are those of directions: a call may have two. */
    impaired: {
      calls: number;
      byCause: Partial<Record<FaultCause, number>>;
      byDirection: { uplink: number; downlink: number };
    };
    /** Answered calls of which a direction is unknown. */
    unknown: { uplink: number; downlink: number };
    rtcp: RtcpSummary;
    pacingErrorMs: { p50: number; p99: number; max: number } | null;
    receiveDrops: number | null;
    /** Datagrams on media ports of ours that were neither RTP nor RTCP, the built-in trunk's included. */
    malformed: number | null;
    /** RTP and RTCP packets on ports that calls share of which nobody could say whose they were; 0 without shared ports. */
    unattributed: number | null;
  };
  dtmf: { uplink: DtmfSummary; downlink: DtmfSummary };
  /** `null` where no call took turns. */
  voice: VoiceSummary | null;
  /** A side is `null` where none of its calls began a list of steps. */
  flow: { caller: FlowSummary | null; callee: FlowSummary | null };
  /** By markers within the audio (`calls.probe`). */
  probe: { uplink: ProbeSummary; downlink: ProbeSummary };
  impairment: { uplink: TruthSummary; downlink: TruthSummary };
  trend: TrendSummary;
  gates: GateResult[];
  /** Empty where the profile has no such criteria. Their gates are in `gates`, too. */
  readiness: ReadinessResult[];
  verdict: 'pass' | 'fail' | 'invalid' | 'interrupted';
}
