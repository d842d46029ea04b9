import { markerOf, payloadEnd, payloadStart, sequenceOf, timestampOf } from '../rtp/packet.js';
import {
  digitOfEvent,
  durationAt,
  EVENT_PAYLOAD_BYTES,
  eventCodeAt,
  isEndAt,
  volumeAt,
} from '../rtp/telephone-event.js';
import type { HeardDigit } from './digits.js';
import { type EventPacket, TelephoneEventReceiver } from './dtmf-receiver.js';

/** The event that is being read; one for all streams, taken at once. */
const packet: EventPacket = {
  event: 0,
  end: false,
  marker: false,
  volume: 0,
  duration: 0,
  timestamp: 0,
  sequence: 0,
  clockRate: 8000,
  arrivalMs: 0,
};

/** Digits in the telephone-events of a stream. */
export class HeardDigits {
  private readonly events = new TelephoneEventReceiver();
  /** Those of a payload type that was not negotiated. */
  private strays: TelephoneEventReceiver | null = null;
  private ssrc = -1;

  get digits(): string {
    return this.events.digits;
  }

  get count(): number {
    return this.events.count;
  }

  get duplicates(): number {
    return this.events.duplicates;
  }

  /** Each digit with what its packets told. */
  list(): HeardDigit[] {
    return this.events.list();
  }

  /** Digits that came under a payload type that was not negotiated: nobody hears them. */
  get unnegotiated(): string {
    return this.strays?.digits ?? '';
  }

  /** Takes an RTP packet with a telephone-event, and hears it if it `counts`; false where it is too short to hold one. */
  hear(
    bytes: Uint8Array,
    offset: number,
    length: number,
    ssrc: number,
    clockRate: number,
    arrivalMs: number,
    counts: boolean,
  ): boolean {
    const start = payloadStart(bytes, offset);
    if (payloadEnd(bytes, offset, length) - start < EVENT_PAYLOAD_BYTES) return false;
    if (!counts) return true;
    if (ssrc !== this.ssrc) {
      this.ssrc = ssrc;
      this.events.restart();
    }
    this.events.accept(read(bytes, offset, start, clockRate, arrivalMs));
    return true;
  }

  /** Looks into a packet of a payload type that was not negotiated: four octets that name a digit are taken for one. */
  hearStray(bytes: Uint8Array, offset: number, length: number, clockRate: number, arrivalMs: number): void {
    const start = payloadStart(bytes, offset);
    if (payloadEnd(bytes, offset, length) - start !== EVENT_PAYLOAD_BYTES) return;
    if (digitOfEvent(eventCodeAt(bytes, start)) === null) return;
    this.strays ??= new TelephoneEventReceiver();
    this.strays.accept(read(bytes, offset, start, clockRate, arrivalMs));
  }
}

function read(bytes: Uint8Array, offset: number, start: number, clockRate: number, arrivalMs: number): EventPacket {
  packet.event = eventCodeAt(bytes, start);
  packet.end = isEndAt(bytes, start);
  packet.marker = markerOf(bytes, offset);
  packet.volume = volumeAt(bytes, start);
  packet.duration = durationAt(bytes, start);
  packet.timestamp = timestampOf(bytes, offset);
  packet.sequence = sequenceOf(bytes, offset);
  packet.clockRate = clockRate;
  packet.arrivalMs = arrivalMs;
  return packet;
}
