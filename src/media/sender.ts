import { deriveSeed, Rng } from '../core/rng.js';
import type { SentReport } from '../quality/reports.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../rtp/packet.js';
import { TelephoneEventSender } from '../rtp/telephone-event-sender.js';
import type { PacketizedAudio } from './audio-library.js';
import type { Paced } from './pacing-wheel.js';
import type { Direction } from './path.js';
import type { PacketMemory } from './udp.js';

const CLOCK_RATE = 8000;

/**
 * The sending half of a local RTP session: one packet each ptime at its deadline, telephone-events in place of audio
 * while digits are sent. A slot that comes late by more than one ptime is left out (its timestamp passes, its sequence
 * number does not), so that a stall is never followed by a burst.
 */
export class RtpSender implements Paced {
  nextSlotMs = 0;
  nextInBucket: Paced | null = null;
  readonly ssrc: number;
  packetsSent = 0;
  /** Slots left out because the thread was late. */
  slotsSkipped = 0;

  private readonly firstSequence: number;
  private sequence: number;
  private timestamp: number;
  private readonly slotUnits: number;
  private readonly events: TelephoneEventSender;
  private audio: PacketizedAudio | null = null;
  private frame = 0;
  private payloadType = 0;
  private eventPayloadType: number | null = null;
  private marker = true;
  private active = false;
  private firstSentMs: number | null = null;
  private lastSentMs: number | null = null;

  /**
   * @param seed decides SSRC, first sequence number and first timestamp (RFC 3550, section 5.1)
   * @param scratch room for one packet, used within a slot only and shared by all senders
   * @param outbound the path's direction that starts here
   */
  constructor(
    seed: number,
    readonly ptimeMs: number,
    private readonly scratch: PacketMemory,
    private readonly outbound: Direction,
  ) {
    const rng = new Rng(deriveSeed(seed, 'rtp'));
    this.ssrc = rng.uint32();
    // A start in the lower half keeps the first wrap away from the first packets, where a loss would hide it.
    this.firstSequence = rng.uint32() & 0x7fff;
    this.sequence = this.firstSequence;
    this.timestamp = rng.uint32();
    this.slotUnits = (CLOCK_RATE / 1000) * ptimeMs;
    this.events = new TelephoneEventSender(CLOCK_RATE, ptimeMs);
  }

  /** What is sent from the next slot on. `audio` null sends digits only. */
  setFormat(audio: PacketizedAudio | null, payloadType: number, eventPayloadType: number | null): void {
    this.audio = audio;
    this.frame = audio === null ? 0 : this.frame % audio.frames;
    this.payloadType = payloadType;
    this.eventPayloadType = eventPayloadType;
  }

  /** Starts at `firstSlotMs`; the caller puts the sender into the wheel. */
  start(firstSlotMs: number): void {
    this.active = true;
    this.nextSlotMs = firstSlotMs;
  }

  stop(): void {
    this.active = false;
  }

  get sending(): boolean {
    return this.active;
  }

  /** Queues digits; false when telephone-event was not negotiated. */
  sendDigits(digits: string, toneMs: number, gapMs: number): boolean {
    if (this.eventPayloadType === null) return false;
    this.events.enqueue(digits, toneMs, gapMs);
    return true;
  }

  get digitsPending(): boolean {
    return this.events.pending;
  }

  /** Digits whose events were sent to the end. */
  get sentDigits(): string {
    return this.events.sentDigits;
  }

  onSlot(nowMs: number): boolean {
    if (!this.active) return false;
    while (nowMs - this.nextSlotMs > this.ptimeMs) {
      this.slotsSkipped++;
      this.advance();
    }
    this.sendSlot(nowMs);
    this.advance();
    return true;
  }

  report(): SentReport {
    return {
      packetsSent: this.packetsSent,
      ssrc: this.ssrc,
      firstSequence: this.firstSequence,
      firstSentMs: this.firstSentMs,
      lastSentMs: this.lastSentMs,
      digits: this.events.sentDigits,
    };
  }

  private sendSlot(nowMs: number): void {
    const { scratch, events, audio } = this;
    const eventType = this.eventPayloadType;
    if (eventType !== null && events.pending) {
      const payloadBytes = events.next(this.timestamp, scratch.bytes, RTP_HEADER_BYTES);
      if (payloadBytes > 0) {
        const { marker, timestamp } = events;
        writeRtpHeader(scratch.bytes, 0, marker, eventType, this.sequence, timestamp, this.ssrc);
        this.hand(scratch, 0, RTP_HEADER_BYTES + payloadBytes, nowMs);
        return;
      }
    }
    if (audio === null) return;
    let memory = audio.memory;
    let offset = this.frame * audio.strideBytes;
    if (this.outbound.rewrites) {
      // The frames are shared by all calls: what may be written to is a copy.
      scratch.write(0, memory, offset, RTP_HEADER_BYTES + audio.frameBytes);
      memory = scratch;
      offset = 0;
    }
    writeRtpHeader(memory.bytes, offset, this.marker, this.payloadType, this.sequence, this.timestamp, this.ssrc);
    this.marker = false;
    this.hand(memory, offset, RTP_HEADER_BYTES + audio.frameBytes, nowMs);
  }

  private hand(memory: PacketMemory, offset: number, length: number, nowMs: number): void {
    this.outbound.forward(memory, offset, length, this.nextSlotMs);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.packetsSent++;
    if (this.firstSentMs === null) this.firstSentMs = nowMs;
    this.lastSentMs = nowMs;
  }

  private advance(): void {
    this.nextSlotMs += this.ptimeMs;
    this.timestamp = (this.timestamp + this.slotUnits) >>> 0;
    if (this.audio !== null && ++this.frame >= this.audio.frames) this.frame = 0;
  }
}
