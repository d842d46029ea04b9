import type { Silence } from '../audio/silence.js';
import { takeNumbers } from '../core/number-block.js';
import { deriveSeed, Rng } from '../core/rng.js';
import type { SentDigit } from '../quality/digits.js';
import type { SentReport } from '../quality/reports.js';
import { writeComfortNoise } from '../rtp/comfort-noise.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../rtp/packet.js';
import { TelephoneEventSender } from '../rtp/telephone-event-sender.js';
import type { Talker } from '../voice/talker.js';
import type { PacketizedAudio } from './audio-library.js';
import type { Paced } from './pacing-wheel.js';
import type { Direction } from './path.js';
import { type Base, type Said, Sayings } from './sayings.js';
import type { PacketMemory } from './udp.js';

// Where the numbers of a sender lie, all of which each packet touches.
const NEXT_SLOT_MS = 0;
const SSRC = 1;
const TIMESTAMP = 2;
const SEQUENCE = 3;
const FRAME = 4;
const PACKETS_SENT = 5;
const LAST_SENT_MS = 6;
const FIRST_SENT_MS = 7;
const SENDER_NUMBERS = 8;

/** Our own packets come back within this time, if they do. */
const LOOP_MS = 60_000;
/** How often comfort noise is sent while there is nothing but silence. */
const COMFORT_NOISE_MS = 200;

/**
 * The sending half of a local RTP session: one packet each ptime at its deadline, telephone-events in place of audio
 * while digits are sent, comfort noise in place of silence (RFC 3389) where it was agreed on. A slot that comes late by
 * more than one ptime is left out (its timestamp passes, its sequence number does not), so that a stall is never followed
 * by a burst.
 */
export class RtpSender implements Paced {
  /** Who decides, slot by slot, what is said; `null` where commands alone do. */
  talker: Pick<Talker, 'beforeSlot'> | null = null;
  /** Slots left out because the thread was late. */
  slotsSkipped = 0;

  private readonly numbers: Float64Array;
  private readonly at: number;
  private firstSequence: number;
  /** Packets sent with an SSRC before this one. */
  private packetsBefore = 0;
  private slotUnits = 0;
  /** Payload octets of events and of what went out in an earlier format, and how many packets they were in. */
  private settledOctets = 0;
  private settledPackets = 0;
  private readonly events: TelephoneEventSender;
  /** Slot in which each digit began, the one under way included. */
  private readonly digitStartsMs: number[] = [];
  private audio: PacketizedAudio | null = null;
  /** What is said in place of the base audio, and what waits to be said after it. */
  private readonly sayings = new Sayings();
  /** Something waits to be said and nothing is. */
  private mayBegin = false;
  private payloadType = 0;
  private eventPayloadType: number | null = null;
  /** `null` where silence is sent as audio. */
  private comfortPayloadType: number | null = null;
  /** Slots of silence until comfort noise is sent again. */
  private quietSlots = 0;
  /** Whether the wheel holds it; a sender that was stopped stays there until its bucket comes. */
  isPaced = false;
  private marker = true;
  private active = false;
  /** Digits wait or are being sent. */
  private hasEvents = false;

  /**
   * @param seed decides SSRC, first sequence number and first timestamp (RFC 3550, section 5.1)
   * @param scratch room for one packet, used within a slot only and shared by all senders
   * @param outbound the path's direction that starts here
   */
  constructor(
    seed: number,
    /** Packet interval; `setFormat` may change it. */
    public ptimeMs: number,
    private readonly scratch: PacketMemory,
    private readonly outbound: Direction,
    /** In place of the one drawn. */
    ssrc?: number,
  ) {
    const rng = new Rng(deriveSeed(seed, 'rtp'));
    const { numbers, at } = takeNumbers(SENDER_NUMBERS);
    this.numbers = numbers;
    this.at = at;
    const drawn = rng.uint32();
    numbers[at + SSRC] = ssrc ?? drawn;
    // A start in the lower half keeps the first wrap away from the first packets, where a loss would hide it.
    this.firstSequence = rng.uint32() & 0x7fff;
    numbers[at + SEQUENCE] = this.firstSequence;
    numbers[at + TIMESTAMP] = rng.uint32();
    this.slotUnits = 8 * ptimeMs;
    this.events = new TelephoneEventSender(8000, ptimeMs);
  }

  get nextSlotMs(): number {
    return this.numbers[this.at + NEXT_SLOT_MS];
  }

  get ssrc(): number {
    return this.numbers[this.at + SSRC];
  }

  get packetsSent(): number {
    return this.numbers[this.at + PACKETS_SENT];
  }

  /** Payload octets sent: what is not settled was in packets of one frame each. */
  get octetsSent(): number {
    return this.settledOctets + (this.packetsSent - this.settledPackets) * (this.audio?.frameBytes ?? 0);
  }

  /** The RTP timestamp of a moment: timestamps go on with the time, whether packets leave or not. */
  timestampAt(nowMs: number): number {
    const { numbers, at } = this;
    const units = Math.round(((nowMs - numbers[at + NEXT_SLOT_MS]) * this.slotUnits) / this.ptimeMs);
    return (numbers[at + TIMESTAMP] + units) >>> 0;
  }

  /** Whether a packet of this sequence number and timestamp was sent within the last minute, the latest 65,536 at most. */
  hasSent(sequence: number, timestamp: number): boolean {
    const { numbers, at } = this;
    const behind = (numbers[at + SEQUENCE] - 1 - sequence) & 0xffff;
    const ago = (numbers[at + TIMESTAMP] - timestamp) >>> 0;
    return behind < this.packetsSent - this.packetsBefore && ago * this.ptimeMs <= LOOP_MS * this.slotUnits;
  }

  /** Takes another SSRC, and with it other sequence numbers (RFC 3550, section 8.2); the timestamps go on. */
  changeSsrc(): void {
    const { numbers, at } = this;
    const rng = new Rng(deriveSeed(this.ssrc, 'collision'));
    let ssrc = rng.uint32();
    while (ssrc === this.ssrc) ssrc = rng.uint32();
    numbers[at + SSRC] = ssrc;
    this.firstSequence = rng.uint32() & 0x7fff;
    numbers[at + SEQUENCE] = this.firstSequence;
    this.packetsBefore = this.packetsSent;
  }

  /** What is sent from the next slot on, with timestamps of `clockRate` Hz. `audio` null sends digits only. */
  setFormat(
    audio: PacketizedAudio | null,
    payloadType: number,
    eventPayloadType: number | null,
    clockRate: number,
    ptimeMs: number,
    comfortPayloadType: number | null = null,
  ): void {
    this.comfortPayloadType = audio !== null && audio.silence !== null ? comfortPayloadType : null;
    this.quietSlots = 0;
    this.settle();
    const base = this.sayings.abandon(this.nextSlotMs);
    if (base !== null) this.numbers[this.at + FRAME] = base.frame;
    this.mayBegin = false;
    this.audio = audio;
    this.ptimeMs = ptimeMs;
    this.slotUnits = (clockRate / 1000) * ptimeMs;
    this.events.setClock(clockRate, ptimeMs);
    const frame = this.at + FRAME;
    this.numbers[frame] = audio === null ? 0 : this.numbers[frame] % audio.frames;
    this.payloadType = payloadType;
    this.eventPayloadType = eventPayloadType;
  }

  /** What is played begins anew. */
  rewind(): void {
    this.numbers[this.at + FRAME] = 0;
  }

  /**
   * Starts at `firstSlotMs`; the caller puts the sender into the wheel unless it is there still. After a pause the timestamps
   * have gone on with the time, and the first packet has the marker (RFC 3550 5.1, RFC 3551 4.1).
   */
  start(firstSlotMs: number): void {
    const { numbers, at } = this;
    this.active = true;
    if (this.packetsSent > 0) {
      const pausedUnits = Math.round(((firstSlotMs - numbers[at + NEXT_SLOT_MS]) * this.slotUnits) / this.ptimeMs);
      numbers[at + TIMESTAMP] = (numbers[at + TIMESTAMP] + pausedUnits) >>> 0;
      this.marker = true;
    }
    numbers[at + NEXT_SLOT_MS] = firstSlotMs;
  }

  stop(): void {
    this.active = false;
    this.stopSaying();
  }

  /**
   * Says something once, from the next slot on or after what is said before, and goes on with the audio then. What is said is in the
   * format that was set, and ends where that changes or the sender stops. `onSaid` is told when it was said, to its end or not.
   */
  say(audio: PacketizedAudio, onSaid: (said: Said) => void): void {
    this.sayings.add(audio, onSaid);
    this.mayBegin = this.sayings.waits;
  }

  /** Says no more of what is said or waits, from the next slot on. */
  stopSaying(): void {
    this.resume(this.sayings.abandon(this.nextSlotMs));
    this.mayBegin = false;
  }

  get sending(): boolean {
    return this.active;
  }

  /** Queues digits; false when telephone-event was not negotiated. */
  sendDigits(digits: string, toneMs: number, gapMs: number, volume?: number): boolean {
    if (this.eventPayloadType === null) return false;
    this.events.enqueue(digits, toneMs, gapMs, volume);
    this.hasEvents = true;
    return true;
  }

  get digitsPending(): boolean {
    return this.events.pending;
  }

  /** Digits whose events were sent to the end. */
  get sentDigits(): string {
    return this.events.sentDigits;
  }

  /** The same, with their times. */
  digitsSent(): SentDigit[] {
    const { events, digitStartsMs } = this;
    return [...events.sentDigits].map((digit, i) => ({
      digit,
      method: 'rfc4733',
      startMs: digitStartsMs[i],
      durationMs: events.toneMsOf(i),
      status: null,
    }));
  }

  onSlot(nowMs: number): boolean {
    if (!this.active) {
      this.isPaced = false;
      return false;
    }
    while (nowMs - this.numbers[this.at + NEXT_SLOT_MS] > this.ptimeMs) {
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
      firstSentMs: this.packetsSent === 0 ? null : this.numbers[this.at + FIRST_SENT_MS],
      lastSentMs: this.packetsSent === 0 ? null : this.numbers[this.at + LAST_SENT_MS],
      digits: this.events.sentDigits,
    };
  }

  private sendSlot(nowMs: number): void {
    if (this.talker !== null) this.talker.beforeSlot(this.numbers[this.at + NEXT_SLOT_MS], this.ptimeMs);
    if (this.mayBegin) this.begin();
    const { scratch, audio, numbers, at } = this;
    if (this.hasEvents && this.sendEvent(nowMs)) return;
    if (audio === null) return;
    if (this.comfortPayloadType !== null && audio.silence !== null && this.isComforted(audio.silence, nowMs)) return;
    let memory = audio.memory;
    let offset = numbers[at + FRAME] * audio.strideBytes;
    if (this.outbound.rewrites) {
      // The frames are shared by all calls: what may be written to is a copy.
      scratch.write(0, memory, offset, RTP_HEADER_BYTES + audio.frameBytes);
      memory = scratch;
      offset = 0;
    }
    const sequence = numbers[at + SEQUENCE];
    const timestamp = numbers[at + TIMESTAMP];
    writeRtpHeader(memory.bytes, offset, this.marker, this.payloadType, sequence, timestamp, numbers[at + SSRC]);
    this.marker = false;
    this.hand(memory, offset, RTP_HEADER_BYTES + audio.frameBytes, nowMs);
  }

  /** Sends the event packet of this slot; false where the slot carries audio. */
  private sendEvent(nowMs: number): boolean {
    const { scratch, events, eventPayloadType } = this;
    this.hasEvents = events.pending;
    if (eventPayloadType === null || !this.hasEvents) return false;
    const payloadBytes = events.next(this.numbers[this.at + TIMESTAMP], scratch.bytes, RTP_HEADER_BYTES);
    if (payloadBytes === 0) return false;
    const { marker, timestamp } = events;
    if (marker) this.digitStartsMs.push(this.numbers[this.at + NEXT_SLOT_MS]);
    const sequence = this.numbers[this.at + SEQUENCE];
    writeRtpHeader(scratch.bytes, 0, marker, eventPayloadType, sequence, timestamp, this.ssrc);
    this.hand(scratch, 0, RTP_HEADER_BYTES + payloadBytes, nowMs);
    this.settledOctets += payloadBytes;
    this.settledPackets++;
    return true;
  }

  /**
   * Sends comfort noise where the slot's frame is silence: with the first one and then every 200 ms, nothing between. The
   * audio that follows has the marker (RFC 3551 4.1). False where the frame is to be sent.
   */
  private isComforted(silence: Silence, nowMs: number): boolean {
    const { scratch, numbers, at } = this;
    if (silence.frames[numbers[at + FRAME]] === 0) {
      this.quietSlots = 0;
      return false;
    }
    this.marker = true;
    if (this.quietSlots-- > 0) return true;
    this.quietSlots = Math.ceil(COMFORT_NOISE_MS / this.ptimeMs) - 1;
    const sequence = numbers[at + SEQUENCE];
    writeRtpHeader(scratch.bytes, 0, false, this.comfortPayloadType!, sequence, numbers[at + TIMESTAMP], this.ssrc);
    writeComfortNoise(scratch.bytes, RTP_HEADER_BYTES, silence.levelDbov);
    this.hand(scratch, 0, RTP_HEADER_BYTES + 1, nowMs);
    this.settledOctets++;
    this.settledPackets++;
    return true;
  }

  private hand(memory: PacketMemory, offset: number, length: number, nowMs: number): void {
    const { numbers, at } = this;
    this.outbound.forward(memory, offset, length, numbers[at + NEXT_SLOT_MS]);
    numbers[at + SEQUENCE] = (numbers[at + SEQUENCE] + 1) & 0xffff;
    if (numbers[at + PACKETS_SENT]++ === 0) numbers[at + FIRST_SENT_MS] = nowMs;
    numbers[at + LAST_SENT_MS] = nowMs;
  }

  private advance(): void {
    const { numbers, at, audio } = this;
    numbers[at + NEXT_SLOT_MS] += this.ptimeMs;
    numbers[at + TIMESTAMP] = (numbers[at + TIMESTAMP] + this.slotUnits) >>> 0;
    if (audio === null || ++numbers[at + FRAME] < audio.frames) return;
    numbers[at + FRAME] = 0;
    if (this.sayings.isSaid) this.endSaying();
  }

  private endSaying(): void {
    this.resume(this.sayings.end(this.nextSlotMs));
    this.mayBegin = this.sayings.waits;
  }

  /** Turns from the base audio to what is to be said. */
  private begin(): void {
    const { numbers, at } = this;
    this.settle();
    this.audio = this.sayings.begin(this.audio, numbers[at + FRAME], numbers[at + NEXT_SLOT_MS]);
    numbers[at + FRAME] = 0;
    this.quietSlots = 0;
    this.mayBegin = false;
  }

  private resume(base: Base | null): void {
    if (base === null) return;
    this.settle();
    this.audio = base.audio;
    this.numbers[this.at + FRAME] = base.frame;
  }

  /** Counts the octets of what was sent so far, before packets have another size. */
  private settle(): void {
    this.settledOctets = this.octetsSent;
    this.settledPackets = this.packetsSent;
  }
}
