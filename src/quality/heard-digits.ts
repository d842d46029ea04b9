import { payloadEnd, payloadStart, sequenceOf, timestampOf } from '../rtp/packet.js';
import { durationAt, EVENT_PAYLOAD_BYTES, eventCodeAt, isEndAt } from '../rtp/telephone-event.js';
import { TelephoneEventReceiver } from './dtmf-receiver.js';

/** Digits in the telephone-events of a stream. */
export class HeardDigits {
  private readonly events = new TelephoneEventReceiver();
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

  /** Takes an RTP packet with a telephone-event, and hears it if it `counts`; false where it is too short to hold one. */
  hear(bytes: Uint8Array, offset: number, length: number, ssrc: number, counts: boolean): boolean {
    const start = payloadStart(bytes, offset);
    if (payloadEnd(bytes, offset, length) - start < EVENT_PAYLOAD_BYTES) return false;
    if (!counts) return true;
    if (ssrc !== this.ssrc) {
      this.ssrc = ssrc;
      this.events.restart();
    }
    this.events.accept(
      eventCodeAt(bytes, start),
      isEndAt(bytes, start),
      durationAt(bytes, start),
      timestampOf(bytes, offset),
      sequenceOf(bytes, offset),
    );
    return true;
  }
}
