import { type LevelDecoder, openLevelDecoder } from '../audio/decoder.js';
import { CODECS, type CodecName, type DecodedCodec, type OpaqueCodec } from '../core/codecs.js';
import { takeNumbers } from '../core/number-block.js';
import { comfortNoiseLevelAt } from '../rtp/comfort-noise.js';
import { isRtp, payloadEnd, payloadStart, payloadTypeOf, sequenceOf, ssrcOf, timestampOf } from '../rtp/packet.js';
import { durationAt, EVENT_PAYLOAD_BYTES, eventCodeAt, isEndAt } from '../rtp/telephone-event.js';
import { TelephoneEventReceiver } from './dtmf-receiver.js';
import type { KnownEquipment } from './equipment.js';
import { HeardSource, SourceTotals } from './heard-source.js';
import { energyOf, LEVEL_NUMBERS, LevelMeter } from './levels.js';
import { burstRatio } from './loss-runs.js';
import { type KnownDelay, mosOf } from './mos.js';
import { judge } from './one-way.js';
import type { HeardReport, Verdict } from './reports.js';
import { Arrival } from './rtp-receiver.js';

/** What is negotiated and expected in the direction that is heard. */
export interface HeardSpec {
  /** Payload types accepted: pt → what it carries. */
  acceptPayloadTypes: Record<number, CodecName | 'telephone-event' | 'CN'>;
  jitterBufferMs: number;
  mediaTimeoutMs: number;
  bpl: number;
  equipment?: KnownEquipment;
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
}

/** Live totals, cheap to read. */
export interface HeardCounters {
  readonly packetsReceived: number;
  packetsLostSoFar(): number;
  packetsExpected(): number;
}

const Payload = {
  undecodable: 0,
  pcmu: 1,
  pcma: 2,
  event: 3,
  comfortNoise: 4,
  g722: 5,
  l16: 6,
  l16Wide: 7,
  opus: 8,
  g729: 9,
  amr: 10,
  amrWide: 11,
  evs: 12,
} as const;
const PAYLOAD_OF = {
  PCMU: Payload.pcmu,
  PCMA: Payload.pcma,
  G722: Payload.g722,
  'L16/8000': Payload.l16,
  'L16/16000': Payload.l16Wide,
  opus: Payload.opus,
  G729: Payload.g729,
  AMR: Payload.amr,
  'AMR-WB': Payload.amrWide,
  EVS: Payload.evs,
  'telephone-event': Payload.event,
  CN: Payload.comfortNoise,
} as const;
/** The codecs whose packets have to be decoded for their level to be known. */
const DECODED: Readonly<Record<number, Exclude<DecodedCodec, 'PCMU' | 'PCMA'>>> = {
  [Payload.g722]: 'G722',
  [Payload.l16]: 'L16/8000',
  [Payload.l16Wide]: 'L16/16000',
  [Payload.opus]: 'opus',
};
/** The codecs whose level is not known. */
const OPAQUE: Readonly<Record<number, OpaqueCodec>> = {
  [Payload.g729]: 'G729',
  [Payload.amr]: 'AMR',
  [Payload.amrWide]: 'AMR-WB',
  [Payload.evs]: 'EVS',
};
/** Levels are counted in samples of this rate, whatever the codec's is. */
const LEVEL_RATE = 8000;

/** What each payload type carries: one table for all streams that accept the same, so that it stays in the cache. */
function kindsOf(acceptPayloadTypes: HeardSpec['acceptPayloadTypes']): Uint8Array {
  const key = JSON.stringify(acceptPayloadTypes);
  const known = tables.get(key);
  if (known) return known;
  const kinds = new Uint8Array(128).fill(Payload.undecodable);
  for (const [type, name] of Object.entries(acceptPayloadTypes)) kinds[Number(type)] = PAYLOAD_OF[name];
  tables.set(key, kinds);
  return kinds;
}
const tables = new Map<string, Uint8Array>();

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
  /** Packets received before the answer, from elsewhere, refused by SRTP, of unknown payload type, and what was no RTP. */
  private earlyMedia = 0;
  private wrongSource = 0;
  private unauthenticated = 0;
  private replayed = 0;
  private undecodable = 0;
  private malformed = 0;
  /** Packets of codecs that are not decoded, and the least time between two of them in timestamp units: their length. */
  private unmeasured = 0;
  private unmeasuredUnits = 0;
  private unmeasuredTimestamp = 0;
  private echo = false;
  private ssrcCollision = false;

  private readonly numbers: Float64Array;
  private readonly at: number;
  private kinds: Uint8Array;
  private codec: CodecName = 'PCMU';
  /** Of the codec that came last, where its packets have to be decoded for their level. */
  private decoder: { codec: CodecName; levels: LevelDecoder } | null = null;
  private readonly levels: LevelMeter;
  private readonly events = new TelephoneEventReceiver();
  private eventSsrc = -1;
  private ssrcChanges = 0;
  /** SSRC of the source that began last. */
  private lastSsrc = -1;

  private answeredAtMs: number | null = null;
  private current: HeardSource | null = null;
  /** The source before: its late packets are still its own. */
  private previous: HeardSource | null = null;
  private readonly ended = new SourceTotals();

  constructor(private spec: HeardSpec) {
    const { numbers, words, at } = takeNumbers(STREAM_NUMBERS + LEVEL_NUMBERS);
    this.numbers = numbers;
    this.at = at;
    numbers[at + CURRENT_SSRC] = -1;
    this.levels = new LevelMeter(LEVEL_RATE, { numbers, words, at: at + STREAM_NUMBERS });
    this.kinds = kindsOf(spec.acceptPayloadTypes);
    this.configure(spec);
  }

  /** Takes over what an answer or a re-INVITE changed. `nowMs` matters only when `expectAudio` changes. */
  configure(spec: HeardSpec, nowMs?: number): void {
    const { numbers, at } = this;
    // Another clock makes another stream of it, the SSRC notwithstanding: times and timestamps go together anew.
    if (spec.clockRate !== this.spec.clockRate) this.endCurrent();
    this.spec = spec;
    this.kinds = kindsOf(spec.acceptPayloadTypes);
    numbers[at + OWN_SSRC] = spec.ownSsrc;
    const codec = Object.values(spec.acceptPayloadTypes).find((name) => name in CODECS);
    if (codec !== undefined && this.levels.audioPackets === 0) this.codec = codec as CodecName;
    if (this.current) this.current.playout.bufferMs = spec.jitterBufferMs;
    if (this.answeredAtMs === null || spec.expectAudio === this.levels.isExpected) return;
    const changedMs = nowMs ?? Math.max(numbers[at + LAST_ARRIVAL_MS], this.answeredAtMs);
    if (!spec.expectAudio) {
      const gapMs = this.expectedGapAt(changedMs);
      if (gapMs > numbers[at + LONGEST_EXPECTED_GAP_MS]) numbers[at + LONGEST_EXPECTED_GAP_MS] = gapMs;
    }
    this.levels.expect(spec.expectAudio, changedMs);
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
    this.levels.expect(this.spec.expectAudio, nowMs);
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
    if (numbers[at + ANSWERED] === 0) {
      this.earlyMedia++;
      if (kind === Payload.event) this.hearEvent(bytes, offset, length, ssrc);
      return;
    }
    this.noteArrival(arrivalMs);
    const source = ssrc === numbers[at + CURRENT_SSRC] ? this.current! : this.sourceOf(ssrc);
    const isAudio = kind === Payload.pcmu || kind === Payload.pcma || kind >= Payload.g722;
    // As a signed number the timestamp is passed on without an allocation; only differences are used.
    const timestamp = timestampOf(bytes, offset) | 0;
    const arrival = source.accept(sequenceOf(bytes, offset), timestamp, arrivalMs, isAudio);
    if (arrival === Arrival.duplicate) return;
    switch (kind) {
      case Payload.pcmu:
      case Payload.pcma: {
        const law = kind === Payload.pcmu ? 'PCMU' : 'PCMA';
        this.codec = law;
        const start = payloadStart(bytes, offset);
        const end = payloadEnd(bytes, offset, length);
        this.levels.addAudio(energyOf(law, bytes, start, end), end - start, arrivalMs);
        break;
      }
      case Payload.event:
        this.hearEvent(bytes, offset, length, ssrc);
        break;
      case Payload.comfortNoise:
        this.levels.addComfortNoise(
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
        this.hearOpaque(kind, timestamp);
        break;
      default:
        this.hearDecoded(kind, payloadStart(bytes, offset), payloadEnd(bytes, offset, length), bytes, arrivalMs);
    }
  }

  /** Gives back what the decoder holds. Levels are no longer measured afterwards; everything else stays. */
  close(): void {
    this.decoder?.levels.close();
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
    return this.ended.received + (this.previous?.receiver.received ?? 0) + (this.current?.receiver.received ?? 0);
  }

  packetsLostSoFar(): number {
    return this.ended.lost + (this.previous?.receiver.lost ?? 0) + (this.current?.receiver.lost ?? 0);
  }

  packetsExpected(): number {
    return this.ended.expected + (this.previous?.receiver.expected ?? 0) + (this.current?.receiver.expected ?? 0);
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
    return this.events.count;
  }

  /** What can be said at `nowMs`; it may change as long as the call lasts. */
  verdictAt(nowMs: number): Verdict {
    const { secondsExpected, secondsHeard, expectedMs } = this.levels.secondsAt(nowMs);
    return judge({
      isAnswered: this.answeredAtMs !== null,
      expectedMs,
      packets: this.numbers[this.at + PACKETS],
      wrongSource: this.wrongSource,
      unauthenticated: this.unauthenticated,
      undecodable: this.undecodable,
      decodable: this.levels.audioPackets + this.levels.comfortNoisePackets + this.unmeasured,
      unmeasured: this.unmeasured,
      longestGapMs: Math.max(this.numbers[this.at + LONGEST_EXPECTED_GAP_MS], this.expectedGapAt(nowMs)),
      mediaTimeoutMs: this.spec.mediaTimeoutMs,
      secondsExpected,
      secondsHeard,
      quietRatio: this.levels.quietRatio,
    });
  }

  /** The figures up to `endMs`. `delay` is the network's one-way delay where it is known. Nothing is changed by it. */
  report(endMs: number, delay: KnownDelay | null = null): HeardReport {
    const totals = new SourceTotals();
    totals.merge(this.ended);
    if (this.previous) totals.add(this.previous);
    if (this.current) totals.add(this.current);
    const source = this.current;
    const { levels, numbers, at } = this;
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
      ssrcChanges: this.ssrcChanges,
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
      secondsHeard: this.unmeasured > 0 ? null : secondsHeard,
      silentRatio: this.unmeasured > 0 ? null : levels.silentRatio,
      levelDbov: levels.levelDbov,
      echo: this.echo,
      ssrcCollision: this.ssrcCollision,
      verdict: this.verdictAt(endMs),
      mos:
        levels.audioPackets + this.unmeasured === 0
          ? null
          : mosOf({
              codec: this.codec,
              bpl: this.spec.bpl,
              equipment: this.spec.equipment,
              missing: totals.lost + totals.late,
              expected: totals.expected,
              burstR: burstRatio(totals.runs),
              jitterBufferMs: this.spec.jitterBufferMs,
              // What the far end sends, whatever was agreed on; resampled codecs are not whole to the last bit.
              ptimeMs: Math.round((levels.packetMs || this.unmeasuredMs) * 1000) / 1000,
              delay,
            }),
      digits: this.events.digits,
      digitDuplicates: this.events.duplicates,
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
    const { numbers, at, levels } = this;
    if (numbers[at + PACKETS] === 0 || !levels.isExpected) return 0;
    return nowMs - Math.max(numbers[at + LAST_ARRIVAL_MS], levels.sinceMs);
  }

  private hearDecoded(kind: number, start: number, end: number, bytes: Uint8Array, arrivalMs: number): void {
    const codec = DECODED[kind];
    this.codec = codec;
    if (this.decoder?.codec !== codec) {
      this.decoder?.levels.close();
      this.decoder = { codec, levels: openLevelDecoder(codec) };
    }
    const { levels } = this.decoder;
    const energy = levels.energy(bytes, start, end);
    if (levels.samples === 0) {
      this.undecodable++;
      return;
    }
    const scale = LEVEL_RATE / CODECS[codec].sampleRate;
    this.levels.addAudio(energy * scale, levels.samples * scale, arrivalMs);
  }

  private hearOpaque(kind: number, timestamp: number): void {
    this.codec = OPAQUE[kind];
    const units = (timestamp - this.unmeasuredTimestamp) | 0;
    if (this.unmeasured++ > 0 && units > 0 && (this.unmeasuredUnits === 0 || units < this.unmeasuredUnits))
      this.unmeasuredUnits = units;
    this.unmeasuredTimestamp = timestamp;
  }

  /** How much audio an opaque packet carries, by its timestamps; 0 without two of them. */
  private get unmeasuredMs(): number {
    return (this.unmeasuredUnits * 1000) / CODECS[this.codec].clockRate;
  }

  private endCurrent(): void {
    if (this.previous) this.ended.add(this.previous);
    this.previous = null;
    if (this.current) this.ended.add(this.current);
    this.current = null;
    this.numbers[this.at + CURRENT_SSRC] = -1;
  }

  private hearEvent(bytes: Uint8Array, offset: number, length: number, ssrc: number): void {
    const start = payloadStart(bytes, offset);
    if (payloadEnd(bytes, offset, length) - start < EVENT_PAYLOAD_BYTES) {
      this.malformed++;
      return;
    }
    if (!this.spec.hearDigits) return;
    if (ssrc !== this.eventSsrc) {
      this.eventSsrc = ssrc;
      this.events.restart();
    }
    this.events.accept(
      eventCodeAt(bytes, start),
      isEndAt(bytes, start),
      durationAt(bytes, start),
      timestampOf(bytes, offset),
      sequenceOf(bytes, offset),
    );
  }

  /** The source of another SSRC than the current one: the one before, or a new one. */
  private sourceOf(ssrc: number): HeardSource {
    if (this.previous?.ssrc === ssrc) return this.previous;
    if (this.previous) this.ended.add(this.previous);
    this.previous = this.current;
    this.numbers[this.at + CURRENT_SSRC] = ssrc;
    if (this.lastSsrc >= 0 && ssrc !== this.lastSsrc) this.ssrcChanges++;
    this.lastSsrc = ssrc;
    this.current = new HeardSource(ssrc, this.spec.clockRate, this.spec.jitterBufferMs);
    return this.current;
  }
}
