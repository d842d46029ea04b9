import type { DirectionTruth } from '../impair/truth.js';
import type { MediaReport } from '../media/link/messages.js';
import type { ProbeFigures } from '../probe/judge.js';
import type { DigitFault, DtmfMethod } from '../quality/digits.js';
import type { DigitCounts, DigitResult } from '../quality/dtmf-match.js';
import type { Disagreement } from '../quality/far-end-view.js';
import type { HeardReport, Verdict } from '../quality/reports.js';
import type { FarEndView, RtcpReport } from '../rtp/rtcp-session.js';
import type { SipTrace } from '../sip/trace.js';
import type { DirectionFault } from './call-verdict.js';
import type { FlowRecord } from './flow-record.js';
import type { CallerHeard } from './inbound-record.js';
import type { TurnRecord } from './turn-record.js';

/** How an attempt ended. `stillUp`: answered and not ended when the run was. */
export type Outcome = 'completed' | 'dropped' | 'stillUp' | 'failed' | 'cancelled';

/** Moments of a call on the run's clock (ms); `null` where it did not happen. */
export interface CallTimings {
  /** First INVITE sent (or received, for inbound calls). */
  inviteMs: number | null;
  /** First 100; of the callers' calls only, and `null` too where SIP is not traced. */
  tryingMs: number | null;
  /** First provisional response above 100. */
  provisionalMs: number | null;
  /** First 180 or 183. */
  ringingMs: number | null;
  /** Final response to the INVITE. */
  finalMs: number | null;
  /** Our ACK of it, as `tryingMs`; of an inbound call the ACK of our 200. */
  ackMs: number | null;
  byeMs: number | null;
  /** Final response to the BYE, or Timer F: then `byeStatus` is 408. `null` too where the BYE could not be delivered. */
  byeFinalMs: number | null;
}

/** One direction of a call: who sent how much, and what the other side heard. */
export interface DirectionRecord {
  /** RTP packets that the sender sent; `null` where the sender is not ours. */
  packetsSent: number | null;
  /** What the receiver heard; `null` where nothing tells. */
  heard: HeardReport | null;
  /** Sent, but before the first or after the last packet received; `null` where the sender is not ours. */
  edgeLost: number | null;
  evidence: 'own-end' | 'rtcp' | 'probe' | 'echo' | 'local' | null;
}

/** What RTCP told of a call; see docs/figures.md. */
export interface RtcpRecord extends RtcpReport {
  farEnd: FarEndRecord | null;
  /** What that says of the uplink; it counts where the far end is not ours. */
  verdict: Verdict;
  /** Where the far end says otherwise than we know, beyond what spans and rounding explain. */
  disagreements: Disagreement[];
}

/** The far end's latest view of what we send, in relation to our first packet. */
export interface FarEndRecord extends FarEndView {
  /** Packets from our first one to the highest that it reported. */
  packetsExpected: number;
  /** cumulativeLost ÷ packetsExpected, 0–1: 0 where duplicates make up for all that was lost. */
  lossRatio: number | null;
}

/** A digit of one direction; see docs/figures.md. */
export interface DigitRecord {
  /** What became of it; `null` where only one side is known. */
  result: DigitResult | null;
  /** Key that was sent, and that was heard; `null` where it was not, or nobody knows. */
  sent: string | null;
  heard: string | null;
  method: DtmfMethod;
  sentMs: number | null;
  heardMs: number | null;
  delayMs: number | null;
  sentDurationMs: number | null;
  heardDurationMs: number | null;
  volumeDbm0: number | null;
  twistDb: number | null;
  /** Final status of the INFO that carried it. */
  status: number | null;
  packets: number | null;
  faults: DigitFault[];
}

/** Digits of one direction. */
export interface DtmfRecord {
  /** Digits that the sender sent; `null` where the sender is not ours. */
  sent: string | null;
  /** Digits that the receiver heard; `null` where nothing tells. */
  heard: string | null;
  /** `null` unless both are known. */
  counts: DigitCounts | null;
  /** Digits that came as telephone-events of a payload type that was not negotiated, and were not heard for that. */
  unnegotiated: string | null;
  digits: DigitRecord[];
}

/**
 * One try of an attempt: one for each target of a group that was tried, and, where the first server that a target's name
 * leads to did not serve the call (RFC 3263 4.3), one for each server.
 */
export interface CallTry {
  /** The target, as in `CallRecord.trunk`; or a server's SIP URI. */
  trunk: string;
  status: number | null;
  reason: string | null;
  cause: CallRecord['cause'];
  /** When its INVITE left, and the time from there to its final response or to our giving it up; `null` of all servers but the last. */
  startedMs: number | null;
  ms: number | null;
  /** Only of a server: the target whose name led to it. */
  target?: string;
}

/** One call attempt from first INVITE to last report: a line of calls.ndjson. */
export interface CallRecord {
  /** Number of the attempt in the plan, from 0. */
  id: number;
  sipCallIds: string[];
  direction: 'outbound' | 'inbound';
  from: string;
  to: string;
  /** The target that was called; of a group the last one that was tried. Its name in the profile, or its URI. */
  trunk: string;
  /** Every target that was tried, in order. */
  tries: CallTry[];
  /** When the attempt was due by the plan, and when it started. */
  dueMs: number;
  startedMs: number;
  answeredMs: number | null;
  endedMs: number | null;
  outcome: Outcome;
  /**
   * Why a failed attempt failed. `timeout` and `transport` also carry the status that RFC 3261 8.1.3.1 gives them;
   * `codec`: answered with nothing that was offered, and hung up for that; `srtp`: the same for want of agreed keys.
   */
  cause: 'status' | 'timeout' | 'transport' | 'cancelled' | 'dropped' | 'codec' | 'srtp' | 'internal' | null;
  /** Final status of the INVITE. */
  status: number | null;
  reason: string | null;
  /** Q.850 cause of a Reason header. */
  q850: number | null;
  retryAfterS: number | null;
  hangupBy: 'local' | 'remote' | null;
  /** Final status of our BYE; `null` when we sent none or none came. */
  byeStatus: number | null;
  timings: CallTimings;
  /** Calls in progress (this one left out) when its INVITE left and when its final response came. */
  inProgressAtInvite: number | null;
  inProgressAtFinal: number | null;
  codec: string | null;
  /** SRTP suite; `null` where RTP was not protected. */
  srtp: string | null;
  localMedia: string | null;
  remoteMedia: string | null;
  /** Where latching found the far end's media; `null` where that is `remoteMedia`, by its description. */
  latchedMedia: string | null;
  farEnd: 'own' | 'echo' | 'foreign' | null;
  uplink: DirectionRecord | null;
  downlink: DirectionRecord | null;
  /** `null` without RTCP, of a call that was not answered, and where the media part is missing. */
  rtcp: RtcpRecord | null;
  /** Set when exactly one side hears nothing: whose direction, and why. */
  oneWay: DirectionFault | null;
  /** Neither side hears anything. */
  noMedia: boolean;
  /** Where both sides hear something: what is not heard as it should be. */
  impaired: DirectionFault[];
  dtmf: { uplink: DtmfRecord; downlink: DtmfRecord } | null;
  /** Only of a call that took turns. */
  turns?: TurnRecord;
  /** What markers told; `null` of a call that was not answered, and where none are said. */
  probe: { uplink: ProbeFigures; downlink: ProbeFigures } | null;
  impairment: { uplink: DirectionTruth; downlink: DirectionTruth } | null;
  /** Why the media part is missing. */
  mediaMissing: string | null;
  /** What crossed our socket, where the call is one of those that carry it; see docs/figures.md. */
  trace: SipTrace | null;
  /** The same at the built-in trunk. */
  trunkTrace: SipTrace | null;
  /** Only of a call to a registered account: the user of ours that its INVITE came to, `null` for none that is registered. */
  reached?: string | null;
  /** How the call went through the caller's list of steps; `null` without one, and where it never began. */
  flow: FlowRecord | null;
  /** The same of the built-in trunk. */
  trunkFlow: FlowRecord | null;
  /** Only between threads, before both sides of a call are joined; never written. */
  media?: MediaReport | null;
  /** As `media`: the markers that this side said; `null` where it was to say none. */
  saidMarkers?: { identity: number; startsMs: number[] } | null;
  /** As `media`: when an answering machine began its greeting, and when its beep had ended. */
  machine?: { greetingMs: number | null; beepEndMs: number | null };
  /** Only of an answered call of a run whose load is what comes in. */
  caller?: CallerHeard;
  /** What the built-in trunk did to this call on purpose (inbound records only). */
  fault?: string | null;
  /** What it dealt to the call: `answered`, or one of `trunk.outcomes` (inbound records only). */
  dealt?: string;
}
