import { CODECS, type CodecName } from '../core/codecs.js';
import { type DigitFault, type DtmfMethod, eventFaults } from '../quality/digits.js';
import { DtmfDetector } from '../quality/dtmf-detector.js';
import type { GivenEquipments } from '../quality/equipment.js';
import type { HeardSpec } from '../quality/heard-spec.js';
import { HeardStream } from '../quality/heard-stream.js';
import { rateInterval, worstOf } from '../quality/intervals.js';
import { mosOf } from '../quality/mos.js';
import { PlayedAudio } from '../quality/played-audio.js';
import type { JitterBuffer } from '../quality/playout.js';
import type { HeardReport, IntervalReport, MosReport, PlayoutReport } from '../quality/reports.js';
import { codecOf } from '../sdp/codecs.js';
import { isComfortNoise, isEvent, type Payloads, type PayloadTypeReport } from './payload-types.js';
import type { Candidate } from './survey.js';

/** What a judgement of a capture assumes of the listener. */
export interface Assumptions {
  jitterBuffer: JitterBuffer;
  /** Packet-loss robustness of codecs whose receiver decides on it (G.113). */
  bpl: number;
  /** Whether digits are listened for as tones in the audio; left out, they are not. */
  inbandDtmf?: boolean;
  /** Modes, Ie and Bpl of codecs that are other than usual. */
  equipment?: GivenEquipments;
}

/** A digit within a stream: from the first packet of the capture on, tones as they are played. */
export interface CapturedDigit {
  digit: string;
  method: DtmfMethod;
  startMs: number;
  durationMs: number | null;
  volumeDbm0: number | null;
  twistDb: number | null;
  packets: number | null;
  faults: DigitFault[];
}

/** One stream of a capture. Times are in ms from its first packet on, ratios 0–1; what cannot be known is `null`. */
export interface StreamReport {
  source: string;
  destination: string;
  /** As eight hexadecimal digits. */
  ssrc: string;
  /** How many further SSRCs came from this source to this destination. */
  ssrcChanges: number;
  /** From the first packet of the capture to the first of the stream. */
  startMs: number;
  durationMs: number;
  payloadTypes: PayloadTypeReport[];
  /** The audio encoding of most packets, as in a=rtpmap; telephone-event or CN where there is nothing else. */
  encoding: string | null;
  encrypted: boolean;
  /** Duplicates included. */
  packets: number;
  packetsExpected: number;
  packetsLost: number;
  lossRatio: number | null;
  /** RFC 3550 A.3, where a duplicate makes up for a loss. */
  rfc3550CumulativeLost: number;
  duplicates: number;
  reordered: number;
  lateDiscarded: number;
  /** Mean and maximum of RFC 3550's J over the audio packets. */
  jitterMs: number | null;
  jitterMaxMs: number | null;
  longestGapMs: number | null;
  burstR: number | null;
  ptimeMs: number | null;
  /** Packets of comfort noise. */
  comfortNoise: number;
  /** RMS of what is not silent, in dBov; share of the audio packets that were digital silence or comfort noise. */
  levelDbov: number | null;
  silentRatio: number | null;
  /** Active speech level and activity (ITU-T P.56), noise floor, share of clipped samples. */
  activeLevelDbov: number | null;
  activityFactor: number | null;
  noiseFloorDbov: number | null;
  clippedRatio: number | null;
  digits: string | null;
  /** Each digit by telephone-event, and by tones where those are listened for, in the order of their starts. */
  dtmf: CapturedDigit[] | null;
  digitDuplicates: number | null;
  /** Packets of payload types of which nothing tells what they carry. */
  unknownPayload: number;
  rFactor: number | null;
  mosLq: number | null;
  /** The rating's inputs. A capture does not tell of delay: there is no conversational quality. */
  mosModel: Omit<MosReport, 'lq' | 'cq' | 'r' | 'oneWayDelayMs' | 'delaySource'> | null;
  /** How long an adaptive buffer kept packets on average, and the fastest at most. */
  playout: PlayoutReport | null;
  /** Each 10 s, the last 60; and the one with the lowest R of all. */
  intervals: CapturedInterval[];
  worstInterval: CapturedInterval | null;
}

/** A capture does not tell the delay, so there is no conversational quality. */
type CapturedInterval = Omit<IntervalReport, 'mosCq'>;

/** Stands for every codec that is not to be decoded: packets are counted and timed, and nothing is claimed of their level. */
const STAND_IN: CodecName = 'G729';

/** A stream of a capture, measured by what measures live calls. */
export class MeasuredStream {
  private readonly heard: HeardStream;
  /** Where tones are listened for. */
  private readonly tones: DtmfDetector | null;
  private readonly played: PlayedAudio | undefined;
  private firstMs = 0;
  private lastMs = 0;
  private packets = 0;
  /** Its payload can be looked into. */
  private readonly isReadable: boolean;

  constructor(
    readonly candidate: Candidate,
    private readonly payloads: Payloads,
    private readonly isEncrypted: boolean,
    private readonly assumptions: Assumptions,
  ) {
    this.isReadable = !isEncrypted && candidate.cutOff === 0;
    this.tones = assumptions.inbandDtmf && this.isReadable ? new DtmfDetector() : null;
    this.played = this.tones === null ? undefined : new PlayedAudio([this.tones], assumptions.jitterBuffer);
    this.heard = new HeardStream({
      acceptPayloadTypes: this.accepted(),
      jitterBuffer: assumptions.jitterBuffer,
      mediaTimeoutMs: Number.POSITIVE_INFINITY,
      bpl: assumptions.bpl,
      expectAudio: true,
      hearDigits: this.isReadable,
      clockRate: payloads.clockRate ?? CODECS.PCMU.clockRate,
      // No packet of a capture is our own.
      ownSsrc: -1,
      played: this.played,
    });
  }

  add(bytes: Uint8Array, start: number, length: number, atMs: number): void {
    if (this.packets++ === 0) {
      this.firstMs = atMs;
      this.heard.onAnswer(atMs);
    }
    this.lastMs = Math.max(this.lastMs, atMs);
    this.heard.onRtp(bytes, start, length, atMs);
  }

  report(ssrcChanges: number): StreamReport {
    const { candidate, payloads, isReadable } = this;
    const heard = this.heard.report(this.lastMs);
    this.heard.close();
    const mos = this.rate(heard);
    const isTimed = payloads.clockRate !== null;
    return {
      source: candidate.source,
      destination: candidate.destination,
      ssrc: candidate.ssrc.toString(16).padStart(8, '0'),
      ssrcChanges,
      startMs: this.firstMs,
      durationMs: this.lastMs - this.firstMs,
      payloadTypes: payloads.types,
      encoding: (payloads.main ?? payloads.types[0]).encoding,
      encrypted: this.isEncrypted,
      packets: heard.packetsReceived,
      packetsExpected: heard.packetsExpected,
      packetsLost: heard.packetsLost,
      lossRatio: heard.lossRatio,
      rfc3550CumulativeLost: heard.rfc3550CumulativeLost,
      duplicates: heard.duplicates,
      reordered: heard.reordered,
      lateDiscarded: heard.lateDiscarded,
      jitterMs: isTimed ? heard.jitterMs : null,
      jitterMaxMs: isTimed ? heard.jitterMaxMs : null,
      longestGapMs: heard.longestGapMs,
      burstR: heard.mos?.burstR ?? null,
      ptimeMs: isTimed ? this.ptimeMs(heard) : null,
      comfortNoise: heard.comfortNoise,
      levelDbov: isReadable ? heard.levelDbov : null,
      silentRatio: isReadable && payloads.codec !== null ? heard.silentRatio : null,
      activeLevelDbov: isReadable ? heard.activeLevelDbov : null,
      activityFactor: isReadable && payloads.codec !== null ? heard.activityFactor : null,
      noiseFloorDbov: isReadable ? heard.noiseFloorDbov : null,
      clippedRatio: isReadable ? heard.clippedRatio : null,
      digits: isReadable ? heard.digits : null,
      dtmf: isReadable ? this.digits() : null,
      digitDuplicates: isReadable ? heard.digitDuplicates : null,
      unknownPayload: heard.undecodable,
      rFactor: mos?.r ?? null,
      mosLq: mos?.lq ?? null,
      mosModel: mos && modelOf(mos),
      playout: isTimed ? heard.playout : null,
      ...this.intervals(heard, mos),
    };
  }

  private intervals(heard: HeardReport, mos: MosReport | null): Pick<StreamReport, 'intervals' | 'worstInterval'> {
    const rated = (interval: IntervalReport): IntervalReport => {
      const { jitterMs, ...rest } = rateInterval(interval, mos);
      return { ...rest, jitterMs: this.payloads.clockRate === null ? null : jitterMs };
    };
    const intervals = heard.intervals.map(rated);
    const worst = worstOf(heard.worstInterval ? [rated(heard.worstInterval), ...intervals] : intervals);
    return { intervals: intervals.map(captured), worstInterval: worst && captured(worst) };
  }

  private digits(): CapturedDigit[] {
    const { heard, tones } = this;
    this.played?.close(Number.POSITIVE_INFINITY);
    tones?.close();
    const digits = [...heard.digits.list(), ...(tones?.list() ?? [])].sort((a, b) => a.startMs - b.startMs);
    return digits.map((d) => ({
      digit: d.digit,
      method: d.method,
      startMs: d.startMs,
      durationMs: d.durationMs,
      volumeDbm0: d.volumeDbm0,
      twistDb: d.twistDb,
      packets: d.packets,
      faults: eventFaults(d),
    }));
  }

  /** What the receiver is told of the payload types. One that nothing tells of is left out, and counted. */
  private accepted(): HeardSpec['acceptPayloadTypes'] {
    const accepted: HeardSpec['acceptPayloadTypes'] = {};
    for (const { payloadType, encoding } of this.payloads.types) {
      if (encoding === null) continue;
      if (isEvent(encoding)) accepted[payloadType] = 'telephone-event';
      else if (isComfortNoise(encoding)) accepted[payloadType] = 'CN';
      else accepted[payloadType] = (this.isReadable ? codecOf(encoding) : null) ?? STAND_IN;
    }
    return accepted;
  }

  /** How much audio a packet carries; stood in for, its timestamps were taken for those of another clock. */
  private ptimeMs({ mos }: HeardReport): number | null {
    if (mos === null) return null;
    const { codec, clockRate } = this.payloads;
    if (this.isReadable && codec !== null) return mos.ptimeMs;
    return clockRate === null ? null : (mos.ptimeMs * CODECS[STAND_IN].clockRate) / clockRate;
  }

  /** The listening quality; `null` for a codec of which we do not know how it fares. */
  private rate(heard: HeardReport): MosReport | null {
    const { ratedAs } = this.payloads;
    if (ratedAs === null || heard.mos === null) return null;
    return mosOf({
      codec: ratedAs,
      bpl: this.assumptions.bpl,
      equipment: this.assumptions.equipment,
      missing: heard.packetsLost + heard.lateDiscarded,
      expected: heard.packetsExpected,
      burstR: heard.mos.burstR,
      jitterBufferMs: heard.mos.jitterBufferMs,
      ptimeMs: this.ptimeMs(heard) ?? 0,
      delay: null,
    });
  }
}

function captured({ mosCq, ...interval }: IntervalReport): CapturedInterval {
  return interval;
}

function modelOf({ lq, cq, r, oneWayDelayMs, delaySource, ...model }: MosReport): StreamReport['mosModel'] {
  return model;
}
