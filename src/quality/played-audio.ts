import { Decimator } from '../audio/decimator.js';
import { type AudioDecoder, openDecoder } from '../audio/decoder.js';
import { alawToLinear, ulawToLinear } from '../audio/g711.js';
import { CODECS, type DecodedCodec } from '../core/codecs.js';
import { DECODED, Payload } from './heard-payload.js';
import { type JitterBuffer, PlayoutBuffer } from './playout.js';

/** Rate in Hz at which listeners hear, whatever the codec's is. */
export const LISTENING_RATE = 8000;

/** Hears what a person at this end hears. */
export interface Listener {
  /**
   * The first `count` samples are played from `atMs` on. Blocks follow one another without a hole: what was lost, came too late or was
   * not sent is silence. The samples are the caller's and change after the call.
   */
  listen(samples: Int16Array, count: number, atMs: number): void;
  /**
   * Up to when it needs to hear nothing, at a time of playing: not later than that where it does. Left out, it hears all.
   * @param isWatched it can rest for good (+∞), as each packet is offered to `mayNeed`
   */
  restsUntil?(nowMs: number, isWatched: boolean): number;
  /** Whether anybody of its kind may need to hear a packet of G.711 and what follows. Left out, it is not asked. */
  readonly mayNeed?: PacketLook;
  /** How much later than it is played it may be told of what follows a packet that somebody may need; left out, it is told at once. */
  readonly patienceMs?: number;
  /** Somebody needs to hear what is played from then on. */
  wake?(atMs: number): void;
  /** What is played next follows nothing that was played before. */
  rest?(): void;
}

/** @param linear the sample of each code */
type PacketLook = (linear: Float64Array, bytes: Uint8Array, start: number, end: number) => boolean;

/** The longest packet holds 120 ms of 48 kHz. */
const MOST_SAMPLES = 5760;
const MOST_PAYLOAD_BYTES = 1500;
/** Packets that wait at a time; with more of them the first is played before its time. */
const MOST_WAITING = 256;
/** What is not there by then did not come: packets are taken off the socket some ms after they arrived. */
const GRACE_MS = 20;
/** A packet this close to the end of the one before follows it without a hole; schedules move by a little with the clocks. */
const SEAM_MS = 4;
/** A packet that came before the one that wakes may be played up to so long behind it. */
const REORDERED_MS = 100;
/** What says that it is to be played later than this has a timestamp that went astray. */
const FARTHEST_MS = 2000;
const SILENCE_BLOCK = LISTENING_RATE / 50;
/** Of a longer time without a packet, as where the clock of a capture was set, only the end is played. */
const LONGEST_PAUSE_MS = 3_600_000;
const PAUSE_END_MS = 1000;

/** A packet that waits for its time. */
interface Waiting {
  atMs: number;
  codec: DecodedCodec;
  bytes: Uint8Array;
  length: number;
}

/** Of the codec that came last. */
interface Ear {
  codec: DecodedCodec;
  decoder: AudioDecoder;
  decimator: Decimator | null;
}

/** The sample of each code, to reckon with. */
const ULAW = Float64Array.from(ulawToLinear);
const ALAW = Float64Array.from(alawToLinear);

const decoded = new Int16Array(MOST_SAMPLES);
const played = new Int16Array(MOST_SAMPLES);
const silence = new Int16Array(SILENCE_BLOCK);
/** Room for waiting packets, shared by the calls of a thread. */
const spare: Waiting[] = [];

/**
 * The received audio of a call as it is played: decoded in the order of its timestamps behind a playout buffer of its own, from the
 * first packet on, early media included. Nothing is played before `playUntil` or a later packet says that its time has come.
 */
export class PlayedAudio {
  /** Nothing is played until a packet comes that somebody may need, by this look. What every packet asks for comes first. */
  private isWatching = false;
  private readonly look: PacketLook;
  private readonly waiting: Waiting[] = [];
  private playout: PlayoutBuffer | null = null;
  private clockRate = 0;
  private ssrc = -1;
  private ear: Ear | null = null;
  /** When what was played last ends; NaN before the first packet. */
  private endMs = Number.NaN;
  /** What is to be played before this is not: nobody listens. */
  private restsUntilMs = Number.NEGATIVE_INFINITY;
  /** Until then packets only wait: to play many at once finds in the cache what each alone would not. */
  private waitsUntilMs = Number.NEGATIVE_INFINITY;
  private readonly patienceMs: number;

  constructor(
    private readonly listeners: readonly Listener[],
    private readonly jitterBuffer: JitterBuffer,
  ) {
    this.patienceMs = Math.min(...listeners.map(({ patienceMs = 0 }) => patienceMs));
    const looks = listeners.flatMap(({ mayNeed }) => mayNeed ?? []);
    this.look =
      looks.length === 1
        ? looks[0]
        : (linear, bytes, start, end) => looks.some((mayNeed) => mayNeed(linear, bytes, start, end));
  }

  /**
   * Whether a packet need not be handed in, as nobody needs it and nothing is played.
   * @param schedule of its stream, with which the next packet can be handed in; `null` where that is not known
   */
  leavesOut(kind: number, bytes: Uint8Array, start: number, end: number, schedule: PlayoutBuffer | null): boolean {
    if (!this.isWatching || schedule === null || !schedule.isFixedAt(LISTENING_RATE)) return false;
    const linear = linearOf(codecOf(kind));
    return linear !== null && !this.look(linear, bytes, start, end);
  }

  /**
   * Takes one packet of audio that is decoded here; others are passed over, duplicates are heard once.
   * @param schedule of its stream, where packets were left out
   */
  hear(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    ssrc: number,
    timestamp: number,
    arrivalMs: number,
    startsTalkspurt = false,
    schedule: PlayoutBuffer | null = null,
  ): void {
    const codec = codecOf(kind);
    if (codec === null || end <= start || end - start > MOST_PAYLOAD_BYTES) return;
    if (!this.isWatching && arrivalMs >= this.waitsUntilMs) this.playUntil(arrivalMs);
    const { clockRate } = CODECS[codec];
    if (this.playout === null || clockRate !== this.clockRate) {
      this.playout = new PlayoutBuffer(this.jitterBuffer, clockRate);
      this.clockRate = clockRate;
    } else if (ssrc !== this.ssrc) {
      this.playout.restart();
    }
    this.ssrc = ssrc;
    if (this.isWatching && schedule?.isFixedAt(clockRate)) this.playout.adopt(schedule);
    if (!this.playout.accept(timestamp, arrivalMs, startsTalkspurt)) return;
    if (this.isWatching && !this.mayBeNeeded(codec, bytes, start, end)) return;
    const atMs = this.playout.playedAtMs(timestamp);
    if (this.isWatching) this.wake(atMs);
    if (atMs < this.restsUntilMs || atMs < this.endMs - SEAM_MS || atMs > arrivalMs + FARTHEST_MS) return;
    this.insert(codec, bytes, start, end, atMs);
  }

  /** Plays what is due at `nowMs`, silence where nothing is. */
  playUntil(nowMs: number): void {
    if (Number.isNaN(this.endMs) && this.waiting.length === 0) return;
    const dueMs = nowMs - GRACE_MS;
    while (this.waiting.length > 0 && this.waiting[0].atMs <= dueMs) this.playFirst();
    if (Number.isNaN(this.endMs)) return;
    this.pauseUntil(Math.min(dueMs, this.waiting[0]?.atMs ?? dueMs));
    this.rest();
  }

  /** Nothing is to be played before; −∞ where nobody rests, +∞ until a packet comes that somebody may need. */
  get nextMs(): number {
    return Math.max(this.restsUntilMs, this.waitsUntilMs);
  }

  /** Plays what still waits, up to the end of the call. */
  close(endMs: number): void {
    while (this.waiting.length > 0 && this.waiting[0].atMs <= endMs) this.playFirst();
    for (const packet of this.waiting.splice(0)) spare.push(packet);
    this.ear?.decoder.close();
    this.ear = null;
  }

  /** Stops playing for as long as nobody needs to hear anything. */
  private rest(): void {
    const { listeners, waiting, endMs } = this;
    const isWatched = this.ear !== null && linearOf(this.ear.codec) !== null;
    let untilMs = Number.POSITIVE_INFINITY;
    for (const listener of listeners)
      untilMs = Math.min(untilMs, listener.restsUntil === undefined ? endMs : listener.restsUntil(endMs, isWatched));
    if (untilMs <= endMs) return;
    this.restsUntilMs = untilMs;
    this.endMs = Number.NaN;
    this.isWatching = untilMs === Number.POSITIVE_INFINITY;
    for (const listener of listeners) listener.rest?.();
    while (waiting.length > 0 && waiting[0].atMs < this.restsUntilMs) {
      const { codec, bytes, length, atMs } = waiting[0];
      if (this.isWatching && this.mayBeNeeded(codec, bytes, 0, length)) this.wake(atMs);
      else spare.push(waiting.shift()!);
    }
  }

  /** Whether somebody may need to hear a packet, as far as that can be told before it is played. */
  private mayBeNeeded(codec: DecodedCodec, bytes: Uint8Array, start: number, end: number): boolean {
    const linear = linearOf(codec);
    return linear === null || this.look(linear, bytes, start, end);
  }

  private wake(atMs: number): void {
    this.isWatching = false;
    this.restsUntilMs = atMs - REORDERED_MS;
    this.waitsUntilMs = atMs + this.patienceMs;
    for (const listener of this.listeners) listener.wake?.(atMs);
  }

  private insert(codec: DecodedCodec, bytes: Uint8Array, start: number, end: number, atMs: number): void {
    const { waiting } = this;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1].atMs > atMs) at--;
    if (at > 0 && atMs - waiting[at - 1].atMs < 1) return;
    if (waiting.length === MOST_WAITING) {
      this.playFirst();
      at = Math.max(0, at - 1);
    }
    const packet = spare.pop() ?? { atMs: 0, codec, bytes: new Uint8Array(MOST_PAYLOAD_BYTES), length: 0 };
    packet.atMs = atMs;
    packet.codec = codec;
    packet.length = end - start;
    for (let i = start; i < end; i++) packet.bytes[i - start] = bytes[i];
    if (at === waiting.length) waiting.push(packet);
    else waiting.splice(at, 0, packet);
  }

  private playFirst(): void {
    const packet = this.waiting.shift()!;
    if (Number.isNaN(this.endMs)) this.endMs = packet.atMs;
    // Where timestamps go astray packets overlap: the first one is heard.
    if (packet.atMs < this.endMs - SEAM_MS) {
      spare.push(packet);
      return;
    }
    this.pauseUntil(packet.atMs);
    const { decoder, decimator } = this.earFor(packet.codec);
    const count = decoder.decode(packet.bytes, 0, packet.length, decoded);
    spare.push(packet);
    if (count === 0) return;
    if (decimator === null) {
      this.play(decoded, count, packet.atMs);
    } else {
      const delayMs = (decimator.delaySamples * 1000) / LISTENING_RATE;
      this.play(played, decimator.take(decoded, count, played), packet.atMs, delayMs);
    }
  }

  /** Silence up to `untilMs`, in blocks of 20 ms and a rest. */
  private pauseUntil(untilMs: number): void {
    if (untilMs - this.endMs > LONGEST_PAUSE_MS) this.endMs = untilMs - PAUSE_END_MS;
    while (untilMs - this.endMs >= SEAM_MS) {
      const missing = Math.floor(((untilMs - this.endMs) * LISTENING_RATE) / 1000);
      this.play(silence, Math.min(SILENCE_BLOCK, missing), this.endMs);
    }
  }

  /** @param delayMs by how much the filter that made the samples was late */
  private play(samples: Int16Array, count: number, atMs: number, delayMs = 0): void {
    for (const listener of this.listeners) listener.listen(samples, count, atMs - delayMs);
    this.endMs = atMs + (count * 1000) / LISTENING_RATE;
  }

  private earFor(codec: DecodedCodec): Ear {
    if (this.ear?.codec === codec) return this.ear;
    this.ear?.decoder.close();
    const factor = CODECS[codec].sampleRate / LISTENING_RATE;
    const decimator = factor === 1 ? null : new Decimator(factor);
    this.ear = { codec, decoder: openDecoder(codec), decimator };
    return this.ear;
  }
}

/** The samples of the codes of G.711; `null` for other codecs, whose packets say nothing each for itself. */
function linearOf(codec: DecodedCodec | null): Float64Array | null {
  return codec === 'PCMU' ? ULAW : codec === 'PCMA' ? ALAW : null;
}

/** What is decoded of a kind of payload, also where its level is not asked for; `null` for what is not. */
function codecOf(kind: number): DecodedCodec | null {
  switch (kind) {
    case Payload.pcmu:
      return 'PCMU';
    case Payload.pcma:
      return 'PCMA';
    case Payload.g722Unmeasured:
      return 'G722';
    case Payload.opusUnmeasured:
      return 'opus';
    default:
      return DECODED[kind] ?? null;
  }
}
