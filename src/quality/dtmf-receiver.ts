import { digitOfEvent, MAX_EVENT_DURATION } from '../rtp/telephone-event.js';
import type { HeardDigit } from './digits.js';

/** Events remembered, against late and repeated packets. */
const MEMORY = 16;

/** One packet of a telephone-event. `timestamp`, `duration` and `clockRate` are those of its RTP stream. */
export interface EventPacket {
  event: number;
  end: boolean;
  marker: boolean;
  /** Level in −dBm0, 0–63. */
  volume: number;
  duration: number;
  timestamp: number;
  sequence: number;
  clockRate: number;
  arrivalMs: number;
}

/** A digit under way or heard: what its packets told so far. */
interface Heard {
  digit: string;
  /** Digits of another source are not sorted among each other. */
  source: number;
  timestamp: number;
  arrivalMs: number;
  units: number;
  clockRate: number;
  volume: number;
  packets: number;
  hasStart: boolean;
  hasEnd: boolean;
  isResumed: boolean;
}

/**
 * Hears digits in telephone-event packets (RFC 4733, section 2.5.2). An event is known by its timestamp, not by its
 * marker; it counts with its first packet and ends with its end bit or with the next event. Late packets and repeated end
 * reports of an event change nothing, in whatever order they come, and digits stand in the order of their timestamps.
 * An event beyond the longest duration goes on at a later timestamp (2.5.1.3) and stays one digit.
 */
export class TelephoneEventReceiver {
  /** Events that went on after they had ended. */
  duplicates = 0;

  private readonly timestamps = new Uint32Array(MEMORY);
  /** Sequence number of the latest packet with the end bit; −1 while the event is under way. */
  private readonly endSequences = new Int32Array(MEMORY).fill(-1);
  /** Units that the segments before this one lasted. */
  private readonly unitsBefore = new Float64Array(MEMORY);
  private readonly events: Heard[] = [];
  private known = 0;
  /** Timestamp of the last packet that began an event with a duration of 0; −1 before. */
  private announced = -1;
  private source = 0;
  private readonly heard: Heard[] = [];

  get digits(): string {
    return this.heard.map(({ digit }) => digit).join('');
  }

  get count(): number {
    return this.heard.length;
  }

  /** Each digit with what its packets told. */
  list(): HeardDigit[] {
    return this.heard.map((h) => ({
      digit: h.digit,
      method: 'rfc4733',
      startMs: h.arrivalMs,
      durationMs: (h.units * 1000) / h.clockRate,
      volumeDbm0: h.volume === 0 ? 0 : -h.volume,
      twistDb: null,
      packets: h.packets,
      hasStart: h.hasStart,
      hasEnd: h.hasEnd,
      isResumed: h.isResumed,
    }));
  }

  /** Forgets the events, not the digits: another source has timestamps of its own. */
  restart(): void {
    this.known = 0;
    this.announced = -1;
    this.source++;
    this.endSequences.fill(-1);
  }

  /** Takes one packet; those of duration 0 report nothing, and events that are no digits are none. */
  accept(packet: EventPacket): void {
    const { timestamp } = packet;
    if (packet.duration === 0) {
      // Some senders begin so; it is no digit yet.
      if (packet.marker) this.announced = timestamp;
      return;
    }
    const count = this.known < MEMORY ? this.known : MEMORY;
    const segmentOf = (timestamp - MAX_EVENT_DURATION) >>> 0;
    let segment = -1;
    for (let i = 0; i < count; i++) {
      if (this.timestamps[i] === timestamp) {
        this.update(i, packet);
        return;
      }
      if (this.timestamps[i] === segmentOf && this.endSequences[i] < 0) segment = i;
    }
    if (segment >= 0) {
      // The next segment of a long event: the same digit goes on.
      this.update(this.remember(packet, this.events[segment], this.unitsBefore[segment] + MAX_EVENT_DURATION), packet);
      return;
    }
    const digit = digitOfEvent(packet.event);
    if (digit === null) return;
    this.update(this.remember(packet, this.begin(digit, packet), 0), packet);
  }

  private update(slot: number, { end, marker, duration, sequence, arrivalMs }: EventPacket): void {
    const event = this.events[slot];
    event.packets++;
    if (marker) event.hasStart = true;
    if (arrivalMs < event.arrivalMs) event.arrivalMs = arrivalMs;
    const units = this.unitsBefore[slot] + duration;
    if (units > event.units) event.units = units;
    const endSequence = this.endSequences[slot];
    if (end) {
      event.hasEnd = true;
      if (endSequence < 0 || isNewer(sequence, endSequence)) this.endSequences[slot] = sequence;
    } else if (endSequence >= 0 && isNewer(sequence, endSequence)) {
      this.endSequences[slot] = -1;
      this.duplicates++;
      event.isResumed = true;
    }
  }

  private begin(digit: string, { timestamp, clockRate, volume, arrivalMs }: EventPacket): Heard {
    const { heard, source } = this;
    // Digits of later timestamps that came before this one: it belongs in front of them.
    let position = heard.length;
    const first = Math.max(0, position - MEMORY);
    while (position > first && isLater(heard[position - 1], source, timestamp)) position--;
    const event = {
      digit,
      source,
      timestamp,
      arrivalMs,
      units: 0,
      clockRate,
      volume,
      packets: 0,
      hasStart: timestamp === this.announced,
      hasEnd: false,
      isResumed: false,
    };
    heard.splice(position, 0, event);
    return event;
  }

  private remember({ timestamp }: EventPacket, event: Heard, unitsBefore: number): number {
    const slot = this.known++ % MEMORY;
    this.timestamps[slot] = timestamp;
    this.unitsBefore[slot] = unitsBefore;
    this.events[slot] = event;
    this.endSequences[slot] = -1;
    return slot;
  }
}

function isLater(event: Heard, source: number, timestamp: number): boolean {
  return event.source === source && ((event.timestamp - timestamp) | 0) > 0;
}

function isNewer(sequence: number, than: number): boolean {
  const ahead = (sequence - than) & 0xffff;
  return ahead > 0 && ahead < 0x8000;
}
