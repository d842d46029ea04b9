import { EVENT_PAYLOAD_BYTES, eventOfDigit, MAX_EVENT_DURATION, writeEvent } from './telephone-event.js';

/** How often the end of an event is reported in all (RFC 4733, section 2.5.1.4). */
const END_REPORTS = 3;
/** Level of the events in −dBm0, where nothing else is asked for. */
const VOLUME = 10;

/**
 * Sends digits as telephone-events in the packet slots of an audio stream (RFC 4733, section 2.5.1).
 *
 * All packets of an event carry the timestamp of its first slot, only the first has the marker, and each reports the
 * duration so far. The last update is the first of three end reports, one a slot. The next digit starts `gapMs` after
 * the tone's end or after its last end report, whichever is later.
 */
export class TelephoneEventSender {
  /** Marker and RTP timestamp of the packet that the last `next` wrote. */
  marker = false;
  timestamp = 0;

  private unitsPerMs = 0;
  private slotUnits = 0;
  private readonly queuedEvents: number[] = [];
  private readonly queuedToneMs: number[] = [];
  private readonly queuedGapMs: number[] = [];
  private readonly queuedVolumes: number[] = [];
  private readonly queuedDigits: string[] = [];
  /** Index of the digit that is sent or comes next; what lies before it is done. */
  private head = 0;
  private done = '';

  private active = false;
  private first = false;
  /** Timestamp units of the tone that remain from the start of the current segment. */
  private remainingUnits = 0;
  /** The maximum was reported, the next packet opens a new segment. */
  private segmentPassed = false;
  private endsSent = 0;
  private hasEarliest = false;
  /** Timestamp before which the next digit may not start. */
  private earliest = 0;

  constructor(clockRate: number, ptimeMs: number) {
    this.setClock(clockRate, ptimeMs);
  }

  /** Clock and packet interval of the digits that have not begun yet. */
  setClock(clockRate: number, ptimeMs: number): void {
    this.unitsPerMs = clockRate / 1000;
    this.slotUnits = Math.round(this.unitsPerMs * ptimeMs);
  }

  /**
   * Appends digits (0–9, *, #, A–D); other characters are no events and are left out. A tone lasts a slot at least.
   * @param volume level that the events tell, in −dBm0, 0–63
   */
  enqueue(digits: string, toneMs: number, gapMs: number, volume = VOLUME): void {
    for (const digit of digits) {
      const event = eventOfDigit(digit);
      if (event === null) continue;
      this.queuedEvents.push(event);
      this.queuedToneMs.push(toneMs);
      this.queuedGapMs.push(Math.max(0, gapMs));
      this.queuedVolumes.push(volume);
      this.queuedDigits.push(digit.toUpperCase());
    }
  }

  /** Whether a digit waits or is being sent. */
  get pending(): boolean {
    return this.head < this.queuedEvents.length;
  }

  /** The digits whose last end report has left. */
  get sentDigits(): string {
    return this.done;
  }

  /** How long the digit of this place among all was to be, or is. */
  toneMsOf(index: number): number {
    return Math.max(this.queuedToneMs[index], this.slotUnits / this.unitsPerMs);
  }

  /**
   * Called once per packet slot with the slot's RTP timestamp. 4 when an event packet leaves in this slot (its payload
   * is written at `offset`), 0 when the slot carries audio.
   */
  next(slotTimestamp: number, bytes: Uint8Array, offset: number): number {
    if (!this.active && !this.start(slotTimestamp)) return 0;
    this.marker = this.first;
    this.first = false;
    if (this.endsSent > 0) {
      this.write(bytes, offset, true, this.remainingUnits);
      this.countEnd();
      return EVENT_PAYLOAD_BYTES;
    }
    // What this segment has reached by the end of the slot.
    const reached = ((slotTimestamp - this.timestamp) >>> 0) + this.slotUnits;
    if (this.segmentPassed) {
      // The segment before was reported in full; this one continues it at a later timestamp, without a marker.
      this.segmentPassed = false;
      this.timestamp = (this.timestamp + MAX_EVENT_DURATION) >>> 0;
      this.remainingUnits -= MAX_EVENT_DURATION;
      return this.report(Math.max(1, reached - MAX_EVENT_DURATION), bytes, offset);
    }
    return this.report(reached, bytes, offset);
  }

  private report(reached: number, bytes: Uint8Array, offset: number): number {
    const target = Math.min(reached, this.remainingUnits);
    if (target > MAX_EVENT_DURATION) {
      this.segmentPassed = true;
      this.write(bytes, offset, false, MAX_EVENT_DURATION);
    } else {
      const end = reached >= this.remainingUnits;
      this.write(bytes, offset, end, target);
      if (end) this.countEnd();
    }
    return EVENT_PAYLOAD_BYTES;
  }

  private write(bytes: Uint8Array, offset: number, end: boolean, duration: number): void {
    writeEvent(bytes, offset, this.queuedEvents[this.head], end, this.queuedVolumes[this.head], duration);
  }

  private start(slotTimestamp: number): boolean {
    if (this.head >= this.queuedEvents.length) return false;
    // Signed difference, so that the comparison holds across the wrap of the timestamp.
    if (this.hasEarliest && ((slotTimestamp - this.earliest) | 0) < 0) return false;
    this.hasEarliest = false;
    this.active = true;
    this.first = true;
    this.segmentPassed = false;
    this.timestamp = slotTimestamp >>> 0;
    this.remainingUnits = Math.max(this.slotUnits, Math.round(this.queuedToneMs[this.head] * this.unitsPerMs));
    this.endsSent = 0;
    return true;
  }

  private countEnd(): void {
    this.endsSent++;
    if (this.endsSent < END_REPORTS) return;
    const gapUnits = Math.round(this.queuedGapMs[this.head] * this.unitsPerMs);
    this.earliest = (this.timestamp + this.remainingUnits + gapUnits) >>> 0;
    this.hasEarliest = true;
    this.done += this.queuedDigits[this.head];
    this.active = false;
    this.head++;
  }
}
