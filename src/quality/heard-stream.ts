import { CODECS, type CodecName } from '../core/codecs.js';
import { takeNumbers } from '../core/number-block.js';
import { comfortNoiseLevelAt } from '../rtp/comfort-noise.js';
import {
  isRtp,
  markerOf,
  payloadEnd,
  payloadStart,
  payloadTypeOf,
  sequenceOf,
  ssrcOf,
  timestampOf,
} from '../rtp/packet.js';
import { ARRIVAL_NUMBERS, ArrivalTimes } from './arrival-times.js';
import { HEARD_AUDIO_NUMBERS, HeardAudio } from './heard-audio.js';
import { HeardDigits } from './heard-digits.js';
import { isAudio, kindsOf, Payload } from './heard-payload.js';
import { HeardSource } from './heard-source.js';
import { EarlierSources } from './heard-sources.js';
import type { HeardSpec } from './heard-spec.js';
import { HeldTime } from './held-time.js';
import { INTERRUPTION_MS, InterruptionCounter } from './interruptions.js';
import { Intervals } from './intervals.js';
import { burstRatio } from './loss-runs.js';
import { type KnownDelay, mosOf, rateConversation } from './mos.js';
import { type DirectionFacts, hasStopped, judge } from './one-way.js';
import { playoutOf } from './playout.js';
import type { HeardFigures, HeardReport, Verdict } from './reports.js';
import { Arrival } from './rtp-receiver.js';
import { Strays } from './strays.js';

/** Live totals, cheap to read. */
export interface HeardCounters {
  readonly packetsReceived: number;
  packetsLostSoFar(): number;
  packetsExpected(): number;
}

// Where the numbers of a stream lie; those of its arrivals and levels follow.
const ANSWERED = 0;
const OWN_SSRC = 1;
/** SSRC of the current source, −1 before the first one. */
const CURRENT_SSRC = 2;
const INTERVAL_END_MS = 3;
const STREAM_NUMBERS = 4;

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
  private readonly arrivals: ArrivalTimes;
  private echo = false;
  private played: HeardSpec['played'];

  private readonly earlier = new EarlierSources();
  readonly digits = new HeardDigits();
  private answeredAtMs: number | null = null;
  private readonly held = new HeldTime();
  private readonly interruptions = new InterruptionCounter();
  private lastEventMs = Number.NaN;
  /** From the answer on. */
  private intervals: Intervals | null = null;
  private ssrcCollision = false;
  private readonly strays = new Strays();
  /** Packets received before the answer, refused by SRTP, and what was no RTP. */
  private earlyMedia = 0;
  private unauthenticated = 0;
  private replayed = 0;
  private malformed = 0;

  constructor(private spec: HeardSpec) {
    const { numbers, words, at } = takeNumbers(STREAM_NUMBERS + ARRIVAL_NUMBERS + HEARD_AUDIO_NUMBERS);
    this.numbers = numbers;
    this.at = at;
    numbers[at + CURRENT_SSRC] = -1;
    this.audio = new HeardAudio({ numbers, words, at: at + STREAM_NUMBERS + ARRIVAL_NUMBERS });
    this.arrivals = new ArrivalTimes({ numbers, words, at: at + STREAM_NUMBERS }, this.audio.levels);
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
    this.played = spec.played;
    this.kinds = kindsOf(spec.acceptPayloadTypes, spec.measuresLevels ?? true);
    numbers[at + OWN_SSRC] = spec.ownSsrc;
    const codec = Object.values(spec.acceptPayloadTypes).find((name) => name in CODECS);
    if (codec !== undefined && levels.audioPackets === 0) audio.codec = codec as CodecName;
    if (this.answeredAtMs === null) return;
    const changedMs = nowMs ?? Math.max(this.arrivals.lastMs ?? 0, this.answeredAtMs);
    if (!this.expectsAudio) this.arrivals.noteExpectedGap(changedMs);
    this.expect(changedMs);
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
    this.intervals = new Intervals(nowMs);
    this.numbers[this.at + INTERVAL_END_MS] = this.intervals.endMs;
    this.expect(nowMs);
  }

  /** Takes one packet from the negotiated source. */
  onRtp(bytes: Uint8Array, offset: number, length: number, arrivalMs: number): void {
    if (!isRtp(bytes, offset, length)) {
      this.malformed++;
      return;
    }
    const { numbers, at, audio, current, played } = this;
    current?.touch();
    audio.touch();
    const kind = this.kinds[payloadTypeOf(bytes, offset)];
    const ssrc = ssrcOf(bytes, offset);
    if (ssrc === numbers[at + OWN_SSRC] && !this.echo) this.noteOwnSsrc(bytes, offset);
    // As a signed number the timestamp is passed on without an allocation; only differences are used.
    const timestamp = timestampOf(bytes, offset) | 0;
    const start = payloadStart(bytes, offset);
    const end = payloadEnd(bytes, offset, length);
    if (played !== undefined) {
      // Of the source that is heard the schedule is known, whether its packets are handed in or not.
      const schedule = ssrc === numbers[at + CURRENT_SSRC] ? current!.playout : null;
      if (!played.leavesOut(kind, bytes, start, end, schedule))
        played.hear(kind, bytes, start, end, ssrc, timestamp, arrivalMs, markerOf(bytes, offset), schedule);
    }
    if (numbers[at + ANSWERED] === 0) {
      this.earlyMedia++;
      if (kind === Payload.event) this.hearEvent(bytes, offset, length, ssrc, arrivalMs);
      return;
    }
    const endsInterval = arrivalMs >= numbers[at + INTERVAL_END_MS];
    if (endsInterval) this.endInterval(arrivalMs);
    const sequence = sequenceOf(bytes, offset);
    const isCurrent = ssrc === numbers[at + CURRENT_SSRC];
    if (isCurrent && this.arrivals.silentFor(arrivalMs) >= INTERRUPTION_MS)
      this.noteGap(sequence, timestamp, arrivalMs);
    this.arrivals.note(arrivalMs);
    const source = isCurrent ? current! : this.sourceOf(ssrc, arrivalMs);
    const arrival = source.accept(sequence, timestamp, arrivalMs, isAudio(kind), markerOf(bytes, offset));
    if (endsInterval) source.extendInterval(this.intervals!.spread(this.packetsLostSoFar(), arrivalMs));
    if (arrival === Arrival.duplicate) return;
    switch (kind) {
      case Payload.pcmu:
        audio.hearLaw('PCMU', bytes, start, end, sequence, timestamp, arrivalMs);
        break;
      case Payload.pcma:
        audio.hearLaw('PCMA', bytes, start, end, sequence, timestamp, arrivalMs);
        break;
      case Payload.event:
        this.hearEvent(bytes, offset, length, ssrc, arrivalMs);
        break;
      case Payload.comfortNoise:
        audio.hearComfortNoise(comfortNoiseLevelAt(bytes, start, end), sequence, timestamp, arrivalMs);
        break;
      case Payload.undecodable:
        this.strays.noteUndecodable(arrivalMs, audio.decodable);
        if (this.spec.hearDigits) this.digits.hearStray(bytes, offset, length, this.spec.clockRate, arrivalMs);
        break;
      case Payload.g729:
      case Payload.amr:
      case Payload.amrWide:
      case Payload.evs:
      case Payload.g722Unmeasured:
      case Payload.opusUnmeasured:
        audio.hearUnmeasured(kind, timestamp);
        break;
      default:
        if (!audio.hearDecoded(kind, bytes, start, end, sequence, timestamp, arrivalMs))
          this.strays.noteUndecodable(arrivalMs, audio.decodable);
    }
  }

  /** Gives back what the decoder holds. Levels are no longer measured afterwards; everything else stays. */
  close(): void {
    this.audio.close();
  }

  /** A packet came from another address than the negotiated one. */
  onWrongSource(): void {
    this.strays.noteWrongSource(this.arrivals.lastMs);
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

  /** What can be said at `nowMs`; it may change as long as the call lasts. */
  verdictAt(nowMs: number): Verdict {
    return judge(this.factsAt(nowMs));
  }

  private factsAt(nowMs: number): DirectionFacts {
    const { arrivals, audio, strays } = this;
    return {
      isAnswered: this.answeredAtMs !== null,
      mediaTimeoutMs: this.spec.mediaTimeoutMs,
      unauthenticated: this.unauthenticated,
      interruptions: this.interruptions.totals,
      ...arrivals.factsAt(nowMs),
      ...audio.factsAt(nowMs),
      ...strays.factsAt(arrivals.lastMs),
    };
  }

  /** All up to `endMs`. `delay` is the network's one-way delay where it is known. Nothing is changed by it. */
  report(endMs: number, delay: KnownDelay | null = null): HeardReport {
    const figures = this.figures(endMs);
    const totals = this.earlier.totals(this.current);
    const parts = this.intervals?.report(totals, endMs, figures.mos) ?? { intervals: [], worstInterval: null };
    const heard = { ...figures, ...parts };
    if (delay !== null) rateConversation(heard, delay);
    return heard;
  }

  /** The figures of the whole. Nothing is changed by it. */
  figures(endMs: number): HeardFigures {
    const { audio, arrivals, strays, current: source } = this;
    const totals = this.earlier.totals(source);
    const facts = this.factsAt(endMs);
    const stoppedAtMs = hasStopped(facts) ? arrivals.longestExpectedGapFrom(endMs) : null;
    const playout = playoutOf(this.spec.jitterBuffer, totals);
    return {
      packetsReceived: totals.received,
      duplicates: totals.duplicates,
      reordered: totals.reordered,
      packetsExpected: totals.expected,
      packetsLost: totals.lost,
      rfc3550CumulativeLost: totals.cumulativeLost,
      lateDiscarded: totals.late,
      playout,
      bursts: totals.bursts,
      lossRatio: totals.expected === 0 ? null : totals.lost / totals.expected,
      jitterMs: totals.jitterPackets === 0 ? null : totals.jitterSumMs / totals.jitterPackets,
      jitterMaxMs: totals.jitterPackets === 0 ? null : totals.jitterMaxMs,
      ssrc: source ? source.ssrc : null,
      ssrcChanges: this.earlier.changes,
      firstSequence: source ? source.receiver.first : null,
      lastSequence: source ? source.receiver.last : null,
      firstArrivalMs: arrivals.firstMs,
      lastArrivalMs: arrivals.lastMs,
      longestGapMs: arrivals.longestGapAt(endMs),
      heldMs: this.held.at(endMs),
      startDelayMs: facts.startDelayMs,
      stoppedAfterMs: stoppedAtMs === null ? null : stoppedAtMs - this.answeredAtMs!,
      interruptions: facts.interruptions,
      garbledRatio: audio.garbledRatio,
      earlyMedia: this.earlyMedia,
      wrongSource: strays.wrongSource,
      unauthenticated: this.unauthenticated,
      replayed: this.replayed,
      undecodable: strays.undecodable,
      malformed: this.malformed,
      secondsExpected: facts.secondsExpected,
      secondsHeard: audio.unmeasured > 0 ? null : facts.secondsHeard,
      ...audio.figures,
      echo: this.echo,
      ssrcCollision: this.ssrcCollision,
      verdict: judge(facts),
      mos:
        audio.packets === 0 || playout === null
          ? null
          : mosOf({
              codec: audio.codec,
              bpl: this.spec.bpl,
              equipment: this.spec.equipment,
              missing: totals.lost + totals.late,
              expected: totals.expected,
              burstR: burstRatio(totals.runs),
              jitterBufferMs: playout.meanMs,
              // What the far end sends, whatever was agreed on.
              ptimeMs: audio.packetMs,
              delay: null,
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

  private endInterval(arrivalMs: number): void {
    const { earlier, current } = this;
    const intervals = this.intervals!;
    const lastMs = this.arrivals.lastMs ?? this.answeredAtMs!;
    intervals.end(earlier.totals(current), lastMs, arrivalMs, this.audio.packetMs);
    earlier.endInterval(current);
    this.numbers[this.at + INTERVAL_END_MS] = intervals.endMs;
  }

  private noteGap(sequence: number, timestamp: number, arrivalMs: number): void {
    const { receiver, clockRate } = this.current!;
    const lost = (((sequence - receiver.last) << 16) >> 16) - 1;
    // Within a telephone-event timestamps stand still: there the sequence numbers alone tell.
    const isWithinEvent = this.lastEventMs === this.arrivals.lastMs;
    const elapsedMs = (((timestamp - receiver.lastTimestamp) | 0) * 1000) / clockRate;
    const gapMs = this.arrivals.expectedGapAt(arrivalMs);
    this.interruptions.note(gapMs, lost * this.audio.packetMs, isWithinEvent ? gapMs : elapsedMs);
  }

  private get expectsAudio(): boolean {
    return this.spec.expectAudio && this.spec.isHeld !== true;
  }

  private expect(nowMs: number): void {
    this.audio.expect(this.expectsAudio, nowMs);
    this.held.note(this.spec.isHeld === true, nowMs);
  }

  private endCurrent(): void {
    this.earlier.end(this.current);
    this.current = null;
    this.numbers[this.at + CURRENT_SSRC] = -1;
  }

  private hearEvent(bytes: Uint8Array, offset: number, length: number, ssrc: number, arrivalMs: number): void {
    this.lastEventMs = arrivalMs;
    const { clockRate, hearDigits } = this.spec;
    if (!this.digits.hear(bytes, offset, length, ssrc, clockRate, arrivalMs, hearDigits)) this.malformed++;
  }

  /** The source of another SSRC than the current one: the one before, or a new one. */
  private sourceOf(ssrc: number, arrivalMs: number): HeardSource {
    const source = this.earlier.find(ssrc) ?? new HeardSource(ssrc, this.spec.clockRate, this.spec.jitterBuffer);
    if (this.earlier.isLate(source, this.current, arrivalMs)) return source;
    this.earlier.begin(source, this.current);
    this.numbers[this.at + CURRENT_SSRC] = ssrc;
    this.current = source;
    return source;
  }
}
