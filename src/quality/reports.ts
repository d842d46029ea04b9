import type { BurstTotals } from './burst-gaps.js';
import type { EquipmentSource, Scale } from './equipment.js';
import type { Interruptions } from './interruptions.js';

/** Why one direction of a call was not heard, or not as it should be; see `one-way.ts`. */
export type FaultCause =
  /** No RTP for 2 s from the answer. */
  | 'no-rtp'
  /** RTP came and then stopped for at least `mediaTimeoutMs`. */
  | 'stopped'
  /** Digital silence or comfort noise only: ≥ 95 % over ≥ 5 s in which audio was expected. */
  | 'silence'
  /** RTP came from an address other than the negotiated one, and nothing from that one, or nothing any more. */
  | 'wrong-source'
  /** SRTP came from the negotiated address, and none of it authenticated by the negotiated key. */
  | 'unauthenticated'
  /** The payload type or codec was not negotiated. */
  | 'undecodable'
  /** Heard, but decoded wrong: A-law for µ-law or the reverse, L16 of the other byte order, or bytes that are no audio. */
  | 'garbled'
  /** Heard, but with repeated interruptions. */
  | 'intermittent'
  /** Heard, but the first RTP came more than 1 s after the answer. */
  | 'late';

/** What can be said of one direction. `unknown` where nothing tells. */
export interface Verdict {
  state: 'ok' | 'fault' | 'unknown';
  cause: FaultCause | null;
}

/** One MOS by the E-model, with everything it rests on. */
export interface MosReport {
  model: 'G.107' | 'G.107.1' | 'G.107.2';
  scale: Scale;
  /** Listening quality: loss and codec only. */
  lq: number;
  /** Conversational quality: with delay; `null` while the one-way delay is unknown. */
  cq: number | null;
  /** R of the listening quality. */
  r: number;
  codec: string;
  ie: number;
  /** `null` where nobody tells how the codec bears loss, and nothing was lost. */
  bpl: number | null;
  /** Where both are from. */
  equipmentSource: EquipmentSource;
  /** Packet loss for the E-model in percent: network loss and late discards together. */
  pplPercent: number;
  /** As measured; G.107 alone has a term for it. */
  burstR: number;
  /** Playout delay: of a fixed buffer its length, of an adaptive one the mean over the packets. */
  jitterBufferMs: number;
  /** How much audio the far end puts into a packet, on average. */
  ptimeMs: number;
  /** What the codec must hear beyond a packet. */
  lookAheadMs: number;
  /** What the conversational quality took: network, jitter buffer, packet and look-ahead; `null` as long as it is. */
  oneWayDelayMs: number | null;
  /** `path`: both ends are ours and on this machine; what our path added is known, the loopback adds well below 1 ms. */
  delaySource: 'probe' | 'rtcp' | 'path' | 'none';
}

/** How loud what was heard was. Levels are in dBov, 0 being a square wave of full scale; shares are 0–1. */
export interface HeardLevels {
  /** Packets that carried comfort noise (RFC 3389). */
  comfortNoise: number;
  /** Mean of the levels that they carried. */
  comfortNoiseDbov: number | null;
  /** Share of the audio packets that were digital silence or comfort noise. */
  silentRatio: number | null;
  /** RMS level of the non-silent audio. */
  levelDbov: number | null;
  /** Active speech level by ITU-T P.56, method B; `null` where nothing was active. */
  activeLevelDbov: number | null;
  /** Share of the time that was active by the same. */
  activityFactor: number | null;
  /** What comfort noise says that it is; without any, the level of the quietest packets. */
  noiseFloorDbov: number | null;
  /** Share of the samples that were clipped; `null` of codecs other than G.711 and L16. */
  clippedRatio: number | null;
}

/** How long packets waited in the playout buffer; all three are the length of a fixed one. */
export interface PlayoutReport {
  kind: 'fixed' | 'adaptive';
  /** What a packet of average delay waited. */
  meanMs: number;
  /** What the fastest packet of its time waited at most. */
  maxMs: number;
  /** What it may wait at most. */
  limitMs: number;
}

/** What was heard in 10 s of a call, the last ones in fewer. */
export interface IntervalReport {
  /** Since the answer. */
  startMs: number;
  durationMs: number;
  packetsExpected: number;
  packetsLost: number;
  lateDiscarded: number;
  /** Mean of J. */
  jitterMs: number | null;
  /** Mean of an adaptive buffer; `null` where it is fixed or nothing came. */
  playoutDelayMs: number | null;
  burstR: number | null;
  /** `null` where less than a second of audio was expected. */
  r: number | null;
  mosLq: number | null;
  /** With the delay of the call; `null` while that is unknown. */
  mosCq: number | null;
}

/** What was heard in one direction of one call, as a whole. Counters count RTP packets, times are on the run's clock in ms. */
export interface HeardFigures extends HeardLevels {
  /** Packets of the accepted stream, duplicates included. */
  packetsReceived: number;
  duplicates: number;
  reordered: number;
  /** Extended sequence numbers from the first to the last received, both included. 0 when nothing came. */
  packetsExpected: number;
  /** Distinct extended sequence numbers never received between the first and the last received. */
  packetsLost: number;
  /** RFC 3550 A.3: expected − received, where duplicates count as received. What tshark prints. */
  rfc3550CumulativeLost: number;
  /** Received, but too late for the playout buffer. */
  lateDiscarded: number;
  /** `null` when nothing was received. */
  playout: PlayoutReport | null;
  /** Bursts of packets lost or discarded (RFC 3611, section 4.7.2, Gmin 16): their packets, and those of them that miss. */
  bursts: BurstTotals;
  /** packetsLost ÷ packetsExpected, 0–1. */
  lossRatio: number | null;
  /** Mean of RFC 3550's J over the packets, telephone-event and comfort noise left out. */
  jitterMs: number | null;
  jitterMaxMs: number | null;
  ssrc: number | null;
  /** How often another SSRC began: the figures are kept for each, and summed. */
  ssrcChanges: number;
  /** Extended sequence numbers, cycles from the first packet. */
  firstSequence: number | null;
  lastSequence: number | null;
  firstArrivalMs: number | null;
  lastArrivalMs: number | null;
  /** The longest time without any packet of the stream after the first one. */
  longestGapMs: number | null;
  /** For how long the far end was not to send, by the direction that was negotiated: no fault then. */
  heldMs: number;
  /** How long after the answer the first packet came; `null` where none came, or audio was not expected then. */
  startDelayMs: number | null;
  /** When RTP stopped for `mediaTimeoutMs` or more, after the answer; `null` where it did not. */
  stoppedAfterMs: number | null;
  /** Times of 200 ms or more in which no packet came, though there was audio: it was lost, or held back. */
  interruptions: Interruptions;
  /** Share of the blocks of audio looked at that were decoded wrong; `null` where none could be judged. */
  garbledRatio: number | null;
  /** Packets before the answer. */
  earlyMedia: number;
  /** Packets from another source than the negotiated one; never mixed in. */
  wrongSource: number;
  /** SRTP packets from the negotiated source that did not authenticate; never mixed in. */
  unauthenticated: number;
  /** SRTP packets that came a second time, or too late to tell: duplicates, where RTP is protected. */
  replayed: number;
  /** Packets with a payload type that was not negotiated. */
  undecodable: number;
  /** Datagrams that were no RTP. */
  malformed: number;
  /** Seconds in which audio was expected, and those of them with a decoded level above −50 dBov. */
  secondsExpected: number;
  secondsHeard: number | null;
  /** The far end sent our own packets back (own SSRC): figures are of the loop. */
  echo: boolean;
  /** The far end sent with our SSRC what we had not sent. It is heard as any other source, and we took another one. */
  ssrcCollision: boolean;
  verdict: Verdict;
  /** `null` when no RTP was received. */
  mos: MosReport | null;
  /** Digits heard by RFC 4733, in order. */
  digits: string;
  /** Events heard again after they had ended (same digit, same timestamp, restarted). */
  digitDuplicates: number;
}

/** What was heard in one direction of one call, and when. */
export interface HeardReport extends HeardFigures {
  /** Each 10 s from the answer on, the last 60. */
  intervals: IntervalReport[];
  /** The one with the lowest R of all. */
  worstInterval: IntervalReport | null;
}

/** What one side sent. */
export interface SentReport {
  packetsSent: number;
  ssrc: number;
  /** Sequence number of the first packet. */
  firstSequence: number;
  firstSentMs: number | null;
  lastSentMs: number | null;
  /** Digits whose events were sent to the end. */
  digits: string;
}
