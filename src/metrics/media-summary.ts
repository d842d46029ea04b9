import type { DisagreementKind } from '../quality/far-end-view.js';
import type { MosReport } from '../quality/reports.js';
import type { LowPercentiles, Percentiles, SpreadPercentiles } from './percentiles.js';

/** What a rating rests on, in the terms of `MosReport`. */
export type RatedEquipment = Pick<MosReport, 'codec' | 'ie' | 'bpl' | 'equipmentSource' | 'lookAheadMs'>;

/**
 * What the ratings of a statistic rest on: one model and scale; codec, Ie and Bpl of most of its streams, and of the others
 * beside them.
 */
export interface MosModel extends Pick<MosReport, 'model' | 'scale'>, RatedEquipment {
  /** Whether R depends on how bursty the loss is: `measured`, or `none`, as the model has no term for it. */
  burstR: 'measured' | 'none';
  /** Mean over the streams. */
  jitterBufferMs: number;
  ptimeMs: number;
  /** Where the delay in the conversational quality is from; `mixed` where not all streams have it from the same place. */
  delaySource: MosReport['delaySource'] | 'mixed';
  /** Streams that have a conversational quality. */
  conversational: number;
  others: (RatedEquipment & { streams: number })[];
}

/** Ratings of one scale. */
export interface ScaleSummary {
  streams: number;
  mosLq: LowPercentiles | null;
  /** Of each stream the 10 s with the lowest R. */
  mosLqWorst: LowPercentiles | null;
  mosCq: LowPercentiles | null;
  rFactor: LowPercentiles | null;
  mosModel: MosModel;
}

/** How loud what was heard was, over the streams of which that was measured. */
export interface LevelSummary {
  activeLevelDbov: SpreadPercentiles | null;
  activityFactor: LowPercentiles | null;
  noiseFloorDbov: Percentiles | null;
  clippedRatio: Percentiles | null;
}

export interface DirectionSummary extends LevelSummary {
  /** Answered calls in which this direction carries audio. */
  streams: number;
  /** Streams with a MOS, and streams without. */
  measured: number;
  unmeasured: number;
  packetsSent: number | null;
  packetsReceived: number | null;
  packetsLost: number | null;
  edgeLost: number | null;
  rfc3550CumulativeLost: number | null;
  lateDiscarded: number | null;
  /** packetsLost ÷ packets expected over all streams, 0–1. */
  lossRatio: number | null;
  lossRatioPerStream: Percentiles | null;
  jitterMs: Percentiles | null;
  /** What packets waited in the playout buffer, of each stream the mean. */
  playoutDelayMs: Percentiles | null;
  /** From mouth to ear, of each stream of which the network's delay is known. */
  oneWayDelayMs: Percentiles | null;
  mosLq: LowPercentiles | null;
  /** Of each stream the 10 s with the lowest R. */
  mosLqWorst: LowPercentiles | null;
  mosCq: LowPercentiles | null;
  rFactor: LowPercentiles | null;
  mosModel: MosModel | null;
  /** Calls by MOS-LQ band of 0.5: [1–1.5), [1.5–2), … [4–4.5]. */
  mosLqBands: number[] | null;
  /** The streams that were rated on other scales: the figures above are of the scale that most were on. */
  otherScales: ScaleSummary[];
}

export interface DtmfSummary {
  sent: number | null;
  received: number | null;
  lost: number | null;
  /** Of those lost: heard as one with an equal digit beside them. */
  merged: number | null;
  duplicated: number | null;
  wrong: number | null;
  /** Of those received: later than the limit, told to be shorter than they were sent, without an end. */
  late: number | null;
  short: number | null;
  unended: number | null;
  /** Came as telephone-events of a payload type that was not negotiated. */
  unnegotiated: number | null;
  /** Of the digits sent in calls of which both sides are known, 0–1. */
  lossRatio: number | null;
  mergedRatio: number | null;
  duplicatedRatio: number | null;
  wrongRatio: number | null;
  lateRatio: number | null;
  /** From sent to heard. */
  delayMs: Percentiles | null;
  /** Calls that lost at least one digit. */
  callsAffected: number | null;
}

/** What markers told of one direction; all `null` and 0 where none were said. */
export interface ProbeSummary {
  /** Answered calls of which markers tell something. */
  calls: number;
  sent: number | null;
  heard: number | null;
  missed: number | null;
  /** missed ÷ sent, 0–1. */
  missedRatio: number | null;
  /** Over the calls, of each the median. */
  mouthToEarMs: Percentiles | null;
  /** `half-round-trip` as soon as one of them is. */
  delaySource: 'one-way' | 'half-round-trip' | null;
  /** Calls in which another call's marker was heard, and those in which the own one came back. */
  crossedCalls: number | null;
  echoCalls: number | null;
  echoDelayMs: Percentiles | null;
  /** A negative one counts as 0: the echo was louder than what was said. */
  echoReturnLossDb: LowPercentiles | null;
}

export interface TruthSummary {
  packets: number;
  dropped: number;
  droppedWithin: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  recoded: number;
  eventsDropped: number;
  /** What faults, queues and corruption did, by kind; see `DirectionTruth`. */
  faults: Record<string, number>;
  /** What was in force for a time, by its name: how many times over all calls, and what it did. Empty where nothing changed. */
  periods: Record<string, { times: number; packets: number; dropped: number }>;
  /** dropped ÷ packets. */
  lossRatio: number | null;
  delayMs: { mean: number | null; max: number } | null;
}

/** What RTCP told of the answered calls. Compound packets are counted. */
export interface RtcpSummary {
  /** Calls whose far end sent reports of its own. */
  calls: number;
  sent: number;
  received: number;
  malformed: number;
  wrongSource: number;
  /** Over the calls, of each the mean; `null` where no far end reported on a sender report of ours. */
  roundTripMs: Percentiles | null;
  /** What far ends said of what we sent them, by the last report of each. */
  farEnd: {
    calls: number;
    lossRatio: number | null;
    lossRatioPerCall: Percentiles | null;
    jitterMs: Percentiles | null;
    /** By their VoIP metrics. */
    mosLq: LowPercentiles | null;
    rFactor: LowPercentiles | null;
  };
  /** Calls whose far end says otherwise than we know, and of what kind that is. */
  disagreements: { calls: number; byKind: Partial<Record<DisagreementKind, number>> };
}
