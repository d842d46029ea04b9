import { Decimator } from '../audio/decimator.js';
import { type AudioDecoder, openDecoder } from '../audio/decoder.js';
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
  /** Up to when it needs to hear nothing, at a time of playing: not later than that where it does. Left out, it hears all. */
  restsUntil?(nowMs: number): number;
}

/** The longest packet holds 120 ms of 48 kHz. */
const MOST_SAMPLES = 5760;
const MOST_PAYLOAD_BYTES = 1500;
/** Packets that wait at a time; with more of them the first is played before its time. */
const MOST_WAITING = 256;
/** What is not there by then did not come: packets are taken off the socket some ms after they arrived. */
const GRACE_MS = 20;
/** A packet this close to the end of the one before follows it without a hole; schedules move by a little with the clocks. */
const SEAM_MS = 4;
/** What says that it is to be played later than this has a timestamp that went astray. */
const FARTHEST_MS = 2000;
const SILENCE_BLOCK = LISTENING_RATE / 50;

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
  private readonly waiting: Waiting[] = [];
  private playout: PlayoutBuffer | null = null;
  private clockRate = 0;
  private ssrc = -1;
  private ear: Ear | null = null;
  /** When what was played last ends; NaN before the first packet. */
  private endMs = Number.NaN;
  /** What is to be played before this is not: nobody listens. */
  private restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly listeners: readonly Listener[],
    private readonly jitterBuffer: JitterBuffer,
  ) {}

  /** Takes one packet of audio that is decoded here; others are passed over, duplicates are heard once. */
  hear(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    ssrc: number,
    timestamp: number,
    arrivalMs: number,
    startsTalkspurt = false,
  ): void {
    const codec = codecOf(kind);
    if (codec === null || end <= start || end - start > MOST_PAYLOAD_BYTES) return;
    this.playUntil(arrivalMs);
    const { clockRate } = CODECS[codec];
    if (this.playout === null || clockRate !== this.clockRate) {
      this.playout = new PlayoutBuffer(this.jitterBuffer, clockRate);
      this.clockRate = clockRate;
    } else if (ssrc !== this.ssrc) {
      this.playout.restart();
    }
    this.ssrc = ssrc;
    if (!this.playout.accept(timestamp, arrivalMs, startsTalkspurt)) return;
    const atMs = this.playout.playedAtMs(timestamp);
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

  /** Nothing is played before; −∞ where nobody rests. */
  get nextMs(): number {
    return this.restsUntilMs;
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
    const { listeners, waiting } = this;
    let untilMs = Number.POSITIVE_INFINITY;
    for (const listener of listeners)
      untilMs = Math.min(untilMs, listener.restsUntil === undefined ? this.endMs : listener.restsUntil(this.endMs));
    if (untilMs <= this.endMs) return;
    this.restsUntilMs = untilMs;
    this.endMs = Number.NaN;
    while (waiting.length > 0 && waiting[0].atMs < untilMs) spare.push(waiting.shift()!);
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
    packet.bytes.set(bytes.subarray(start, end));
    waiting.splice(at, 0, packet);
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
