import { CODECS, type CodecName } from '../core/codecs.js';
import { takeNumbers } from '../core/number-block.js';
import { comfortNoiseLevelAt } from '../rtp/comfort-noise.js';
import { isRtp, payloadEnd, payloadStart, payloadTypeOf, sequenceOf, ssrcOf, timestampOf } from '../rtp/packet.js';
import type { GivenEquipments } from './equipment.js';
import { HeardAudio } from './heard-audio.js';
import { HeardDigits } from './heard-digits.js';
import { type AcceptedPayloads, isAudio, kindsOf, Payload } from './heard-payload.js';
import { HeardSource } from './heard-source.js';
import { EarlierSources } from './heard-sources.js';
import { LEVEL_NUMBERS } from './levels.js';
import { burstRatio } from './loss-runs.js';
import { type KnownDelay, mosOf } from './mos.js';
import { judge } from './one-way.js';
import type { PlayedAudio } from './played-audio.js';
import type { HeardReport, Verdict } from './reports.js';
import { Arrival } from './rtp-receiver.js';

/** What is negotiated and expected in the direction that is heard. */
export interface HeardSpec {
  /** Payload types accepted: pt → what it carries. */
  acceptPayloadTypes: AcceptedPayloads;
  jitterBufferMs: number;
  mediaTimeoutMs: number;
  bpl: number;
  equipment?: GivenEquipments;
  /** Whether G.722 and Opus are decoded for their level; left out, they are. */
  measuresLevels?: boolean;
  expectAudio: boolean;
  hearDigits: boolean;
  /** RTP clock of the codec that is expected, in Hz. */
  clockRate: number;
  /** SSRC that we send with: packets that carry it are our own, sent back. */
  ownSsrc: number;
  /** Whether we lately sent a packet of this number and time: another one with our SSRC is not ours. Left out, all are. */
  hasSent?: (sequence: number, timestamp: number) => boolean;
  /** Told once: the far end has drawn our SSRC (RFC 3550, section 8.2). */
  onCollision?: () => void;
  /** Where somebody listens to the call. */
  played?: PlayedAudio;
}

/** Live totals, cheap to read. */
export interface HeardCounters {
  readonly packetsReceived: number;
  packetsLostSoFar(): number;
  packetsExpected(): number;
}

// Where the numbers of a stream lie; those of its levels follow.
const ANSWERED = 0;
const OWN_SSRC = 1;
/** SSRC of the current source, −1 before the first one. */
const CURRENT_SSRC = 2;
const PACKETS = 3;
const FIRST_ARRIVAL_MS = 4;
const LAST_ARRIVAL_MS = 5;
const LONGEST_GAP_MS = 6;
/** As the longest gap, only of the time in which audio was expected. */
const LONGEST_EXPECTED_GAP_MS = 7;
const STREAM_NUMBERS = 8;

/**
 * What is heard in one direction of one call. Pure over (packet, arrival): it reads no clock, and a packet costs no
 * allocation. Media before the answer is counted and otherwise left out, except for digits. A new SSRC or a restart of the
 * sequence numbers begins a new span; the figures are sums over the spans.
 */
export class HeardStream implements HeardCounters {
  // What every packet touches comes first, side by side.
  private readonly numbers: Float64Array;
  private readonly at: number;
  private kinds: Uint8Array;
  private current: HeardSource | null = null;
  private readonly audio: HeardAudio;
  private echo = false;

  private readonly earlier = new EarlierSources();
  private readonly digits = new HeardDigits();
  private answeredAtMs: number | null = null;
  private ssrcCollision = false;
  /** Packets received before the answer, from elsewhere, refused by SRTP, of unknown payload type, and what was no RTP. */
  private earlyMedia = 0;
  private wrongSource = 0;
  private unauthenticated = 0;
  private replayed = 0;
  private undecodable = 0;
  private malformed = 0;

  constructor(private spec: HeardSpec) {
    const { numbers, words, at } = takeNumbers(STREAM_NUMBERS + LEVEL_NUMBERS);
    this.numbers = numbers;
    this.at = at;
    numbers[at + CURRENT_SSRC] = -1;
    this.audio = new HeardAudio({ numbers, words, at: at + STREAM_NUMBERS });
    this.kinds = kindsOf(spec.acceptPayloadTypes, spec.measuresLevels ?? true);
    this.configure(spec);
  }

  /** Takes over what an answer or a re-INVITE changed. `nowMs` matters only when `expectAudio` changes. */
  configure(spec: HeardSpec, nowMs?: number): void {
    const { numbers, at, audio } = this;
    const { levels } = audio;
    // Another clock makes another stream of it, the SSRC notwithstanding: times and timestamps go together anew.
    if (spec.clockRate !== this.spec.clockRate) this.endCurrent();
    this.spec = spec;
    this.kinds = kindsOf(spec.acceptPayloadTypes, spec.measuresLevels ?? true);
    numbers[at + OWN_SSRC] = spec.ownSsrc;
    const codec = Object.values(spec.acceptPayloadTypes).find((name) => name in CODECS);
    if (codec !== undefined && levels.audioPackets === 0) audio.codec = codec as CodecName;
    if (this.current) this.current.playout.bufferMs = spec.jitterBufferMs;
    if (this.answeredAtMs === null || spec.expectAudio === levels.isExpected) return;
    const changedMs = nowMs ?? Math.max(numbers[at + LAST_ARRIVAL_MS], this.answeredAtMs);
    if (!spec.expectAudio) {
      const gapMs = this.expectedGapAt(changedMs);
      if (gapMs > numbers[at + LONGEST_EXPECTED_GAP_MS]) numbers[at + LONGEST_EXPECTED_GAP_MS] = gapMs;
    }
    levels.expect(spec.expectAudio, changedMs);
  }

  /** We send with another SSRC from now on. */
  changeOwnSsrc(ssrc: number): void {
    this.spec = { ...this.spec, ownSsrc: ssrc };
    this.numbers[this.at + OWN_SSRC] = ssrc;
  }

  /** The call was answered: from here on the figures are kept. Further calls change nothing. */
  onAnswer(nowMs: number): void {
    if (this.answeredAtMs !== null) return;
    this.answeredAtMs = nowMs;
    this.numbers[this.at + ANSWERED] = 1;
    this.audio.levels.expect(this.spec.expectAudio, nowMs);
  }

  /** Takes one packet from the negotiated source. */
  onRtp(bytes: Uint8Array, offset: number, length: number, arrivalMs: number): void {
    if (!isRtp(bytes, offset, length)) {
      this.malformed++;
      return;
    }
    const { numbers, at } = this;
    const kind = this.kinds[payloadTypeOf(bytes, offset)];
    const ssrc = ssrcOf(bytes, offset);
    if (ssrc === numbers[at + OWN_SSRC] && !this.echo) this.noteOwnSsrc(bytes, offset);
    const { played } = this.spec;
    if (played !== undefined) {
      const start = payloadStart(bytes, offset);
      const end = payloadEnd(bytes, offset, length);
      played.hear(kind, bytes, start, end, ssrc, timestampOf(bytes, offset) | 0, arrivalMs);
    }
    if (numbers[at + ANSWERED] === 0) {
      this.earlyMedia++;
      if (kind === Payload.event) this.hearEvent(bytes, offset, length, ssrc);
      return;
    }
    this.noteArrival(arrivalMs);
    const source = ssrc === numbers[at + CURRENT_SSRC] ? this.current! : this.sourceOf(ssrc);
    // As a signed number the timestamp is passed on without an allocation; only differences are used.
    const timestamp = timestampOf(bytes, offset) | 0;
    const arrival = source.accept(sequenceOf(bytes, offset), timestamp, arrivalMs, isAudio(kind));
    if (arrival === Arrival.duplicate) return;
    switch (kind) {
      case Payload.pcmu:
        this.audio.hearLaw('PCMU', bytes, payloadStart(bytes, offset), payloadEnd(bytes, offset, length), arrivalMs);
        break;
      case Payload.pcma:
        this.audio.hearLaw('PCMA', bytes, payloadStart(bytes, offset), payloadEnd(bytes, offset, length), arrivalMs);
        break;
      case Payload.event:
        this.hearEvent(bytes, offset, length, ssrc);
        break;
      case Payload.comfortNoise:
        this.audio.levels.addComfortNoise(
          comfortNoiseLevelAt(bytes, payloadStart(bytes, offset), payloadEnd(bytes, offset, length)),
        );
        break;
      case Payload.undecodable:
        this.undecodable++;
        break;
      case Payload.g729:
      case Payload.amr:
      case Payload.amrWide:
      case Payload.evs:
      case Payload.g722Unmeasured:
      case Payload.opusUnmeasured:
        this.audio.hearUnmeasured(kind, timestamp);
        break;
      default:
        this.hearDecoded(kind, bytes, payloadStart(bytes, offset), payloadEnd(bytes, offset, length), arrivalMs);
    }
  }

  /** Gives back what the decoder holds. Levels are no longer measured afterwards; everything else stays. */
  close(): void {
    this.audio.close();
  }

  /** A packet came from another address than the negotiated one. */
  onWrongSource(): void {
    this.wrongSource++;
  }

  /** A packet came before its key: that comes with the answer. */
  onUnopened(): void {
    this.earlyMedia++;
  }

  /** A packet of the negotiated source did not authenticate. */
  onUnauthenticated(): void {
    this.unauthenticated++;
  }

  /** A packet came a second time, by the index that SRTP gives it. */
  onReplayed(): void {
    this.replayed++;
  }

  /** A datagram was no RTP. */
  onMalformed(): void {
    this.malformed++;
  }

  get counters(): HeardCounters {
    return this;
  }

  get packetsReceived(): number {
    return this.earlier.received + (this.current?.receiver.received ?? 0);
  }

  packetsLostSoFar(): number {
    return this.earlier.lost + (this.current?.receiver.lost ?? 0);
  }

  packetsExpected(): number {
    return this.earlier.expected + (this.current?.receiver.expected ?? 0);
  }

  /** The source that is heard now; `null` before its first packet. */
  get source(): HeardSource | null {
    return this.current;
  }

  /** SSRC that is heard now; −1 before the first packet. */
  get ssrc(): number {
    return this.numbers[this.at + CURRENT_SSRC];
  }

  /** Digits heard so far. */
  get digitCount(): number {
    return this.digits.count;
  }

  /** What can be said at `nowMs`; it may change as long as the call lasts. */
  verdictAt(nowMs: number): Verdict {
    const { levels, unmeasured, packets } = this.audio;
    const { secondsExpected, secondsHeard, expectedMs } = levels.secondsAt(nowMs);
    return judge({
      isAnswered: this.answeredAtMs !== null,
      expectedMs,
      packets: this.numbers[this.at + PACKETS],
      wrongSource: this.wrongSource,
      unauthenticated: this.unauthenticated,
      undecodable: this.undecodable,
      decodable: packets + levels.comfortNoisePackets,
      unmeasured,
      longestGapMs: Math.max(this.numbers[this.at + LONGEST_EXPECTED_GAP_MS], this.expectedGapAt(nowMs)),
      mediaTimeoutMs: this.spec.mediaTimeoutMs,
      secondsExpected,
      secondsHeard,
      quietRatio: levels.quietRatio,
    });
  }

  /** The figures up to `endMs`. `delay` is the network's one-way delay where it is known. Nothing is changed by it. */
  report(endMs: number, delay: KnownDelay | null = null): HeardReport {
    const { numbers, at, audio, current: source } = this;
    const { levels, unmeasured } = audio;
    const totals = this.earlier.totals(source);
    const { secondsExpected, secondsHeard } = levels.secondsAt(endMs);
    const hasMedia = numbers[at + PACKETS] > 0;
    const lastArrivalMs = numbers[at + LAST_ARRIVAL_MS];
    return {
      packetsReceived: totals.received,
      duplicates: totals.duplicates,
      reordered: totals.reordered,
      packetsExpected: totals.expected,
      packetsLost: totals.lost,
      rfc3550CumulativeLost: totals.cumulativeLost,
      lateDiscarded: totals.late,
      bursts: totals.bursts,
      lossRatio: totals.expected === 0 ? null : totals.lost / totals.expected,
      jitterMs: totals.jitterPackets === 0 ? null : totals.jitterSumMs / totals.jitterPackets,
      jitterMaxMs: totals.jitterPackets === 0 ? null : totals.jitterMaxMs,
      ssrc: source ? source.ssrc : null,
      ssrcChanges: this.earlier.changes,
      firstSequence: source ? source.receiver.first : null,
      lastSequence: source ? source.receiver.last : null,
      firstArrivalMs: hasMedia ? numbers[at + FIRST_ARRIVAL_MS] : null,
      lastArrivalMs: hasMedia ? lastArrivalMs : null,
      longestGapMs: hasMedia ? Math.max(numbers[at + LONGEST_GAP_MS], endMs - lastArrivalMs) : null,
      comfortNoise: levels.comfortNoisePackets,
      comfortNoiseDbov: levels.comfortNoiseDbov,
      earlyMedia: this.earlyMedia,
      wrongSource: this.wrongSource,
      unauthenticated: this.unauthenticated,
      replayed: this.replayed,
      undecodable: this.undecodable,
      malformed: this.malformed,
      secondsExpected,
      secondsHeard: unmeasured > 0 ? null : secondsHeard,
      silentRatio: unmeasured > 0 ? null : levels.silentRatio,
      levelDbov: levels.levelDbov,
      echo: this.echo,
      ssrcCollision: this.ssrcCollision,
      verdict: this.verdictAt(endMs),
      mos:
        audio.packets === 0
          ? null
          : mosOf({
              codec: audio.codec,
              bpl: this.spec.bpl,
              equipment: this.spec.equipment,
              missing: totals.lost + totals.late,
              expected: totals.expected,
              burstR: burstRatio(totals.runs),
              jitterBufferMs: this.spec.jitterBufferMs,
              // What the far end sends, whatever was agreed on.
              ptimeMs: audio.packetMs,
              delay,
            }),
      digits: this.digits.digits,
      digitDuplicates: this.digits.duplicates,
    };
  }

  /** Our own packet has come back, or the far end has drawn our SSRC (RFC 3550, section 8.2). */
  private noteOwnSsrc(bytes: Uint8Array, offset: number): void {
    const { hasSent, onCollision } = this.spec;
    if (hasSent === undefined || hasSent(sequenceOf(bytes, offset), timestampOf(bytes, offset))) this.echo = true;
    else if (!this.ssrcCollision) {
      this.ssrcCollision = true;
      onCollision?.();
    }
  }

  private noteArrival(arrivalMs: number): void {
    const { numbers, at } = this;
    const lastMs = numbers[at + LAST_ARRIVAL_MS];
    if (numbers[at + PACKETS]++ === 0) {
      numbers[at + FIRST_ARRIVAL_MS] = arrivalMs;
    } else {
      const gapMs = arrivalMs - lastMs;
      if (gapMs > numbers[at + LONGEST_GAP_MS]) numbers[at + LONGEST_GAP_MS] = gapMs;
      // The part of it in which audio was expected is not longer.
      if (gapMs > numbers[at + LONGEST_EXPECTED_GAP_MS]) {
        const expectedGapMs = this.expectedGapAt(arrivalMs);
        if (expectedGapMs > numbers[at + LONGEST_EXPECTED_GAP_MS])
          numbers[at + LONGEST_EXPECTED_GAP_MS] = expectedGapMs;
      }
    }
    if (arrivalMs > lastMs) numbers[at + LAST_ARRIVAL_MS] = arrivalMs;
  }

  /** For how long nothing has come at `nowMs` although it was expected; 0 before the first packet. */
  private expectedGapAt(nowMs: number): number {
    const { numbers, at } = this;
    const { levels } = this.audio;
    if (numbers[at + PACKETS] === 0 || !levels.isExpected) return 0;
    return nowMs - Math.max(numbers[at + LAST_ARRIVAL_MS], levels.sinceMs);
  }

  private hearDecoded(kind: number, bytes: Uint8Array, start: number, end: number, arrivalMs: number): void {
    if (!this.audio.hearDecoded(kind, bytes, start, end, arrivalMs)) this.undecodable++;
  }

  private endCurrent(): void {
    this.earlier.end(this.current);
    this.current = null;
    this.numbers[this.at + CURRENT_SSRC] = -1;
  }

  private hearEvent(bytes: Uint8Array, offset: number, length: number, ssrc: number): void {
    if (!this.digits.hear(bytes, offset, length, ssrc, this.spec.hearDigits)) this.malformed++;
  }

  /** The source of another SSRC than the current one: the one before, or a new one. */
  private sourceOf(ssrc: number): HeardSource {
    const before = this.earlier.find(ssrc);
    if (before !== null) return before;
    this.earlier.begin(ssrc, this.current);
    this.numbers[this.at + CURRENT_SSRC] = ssrc;
    this.current = new HeardSource(ssrc, this.spec.clockRate, this.spec.jitterBufferMs);
    return this.current;
  }
}
