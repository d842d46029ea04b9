import { digitOfEvent, MAX_EVENT_DURATION } from '../rtp/telephone-event.js';

/** Events remembered, against late and repeated packets. */
const MEMORY = 16;

/**
 * Hears digits in telephone-event packets (RFC 4733, section 2.5.2). An event is known by its timestamp, not by its
 * marker; it counts with its first packet and ends with its end bit or with the next event. Late packets and repeated end
 * reports of an event change nothing, in whatever order they come, and digits stand in the order of their timestamps.
 */
export class TelephoneEventReceiver {
  /** Events that went on after they had ended. */
  duplicates = 0;

  private readonly timestamps = new Uint32Array(MEMORY);
  /** Sequence number of the latest packet with the end bit; −1 while the event is under way. */
  private readonly endSequences = new Int32Array(MEMORY).fill(-1);
  /** Position of the event's digit among `heard`; −1 for events that are no digits. */
  private readonly positions = new Int32Array(MEMORY);
  private known = 0;
  private readonly heard: string[] = [];

  get digits(): string {
    return this.heard.join('');
  }

  get count(): number {
    return this.heard.length;
  }

  /** Forgets the events, not the digits: another source has timestamps of its own. */
  restart(): void {
    this.known = 0;
    this.endSequences.fill(-1);
  }

  /** Takes one packet. Times are RTP timestamps, `duration` in their units; packets of duration 0 report nothing. */
  accept(event: number, end: boolean, duration: number, timestamp: number, sequence: number): void {
    if (duration === 0) return;
    const count = this.known < MEMORY ? this.known : MEMORY;
    const segmentOf = (timestamp - MAX_EVENT_DURATION) >>> 0;
    let segment = -1;
    for (let i = 0; i < count; i++) {
      if (this.timestamps[i] === timestamp) {
        this.update(i, end, sequence);
        return;
      }
      if (this.timestamps[i] === segmentOf && this.endSequences[i] < 0) segment = i;
    }
    if (segment >= 0) {
      // The next segment of a long event: the same digit goes on.
      const slot = this.remember(timestamp, this.positions[segment]);
      if (end) this.endSequences[slot] = sequence;
      return;
    }
    const digit = digitOfEvent(event);
    if (digit === null) return;
    this.start(digit, timestamp, end ? sequence : -1);
  }

  private update(slot: number, end: boolean, sequence: number): void {
    const endSequence = this.endSequences[slot];
    if (end) {
      if (endSequence < 0 || isNewer(sequence, endSequence)) this.endSequences[slot] = sequence;
    } else if (endSequence >= 0 && isNewer(sequence, endSequence)) {
      this.endSequences[slot] = -1;
      this.duplicates++;
    }
  }

  private start(digit: string, timestamp: number, endSequence: number): void {
    const count = this.known < MEMORY ? this.known : MEMORY;
    // Digits of later timestamps that came before this one: it belongs in front of them.
    let position = this.heard.length;
    for (let i = 0; i < count; i++) {
      if (((this.timestamps[i] - timestamp) | 0) > 0 && this.positions[i] < position) position = this.positions[i];
    }
    for (let i = 0; i < count; i++) if (this.positions[i] >= position) this.positions[i]++;
    this.heard.splice(position, 0, digit);
    this.endSequences[this.remember(timestamp, position)] = endSequence;
  }

  private remember(timestamp: number, position: number): number {
    const slot = this.known++ % MEMORY;
    this.timestamps[slot] = timestamp;
    this.positions[slot] = position;
    this.endSequences[slot] = -1;
    return slot;
  }
}

function isNewer(sequence: number, than: number): boolean {
  const ahead = (sequence - than) & 0xffff;
  return ahead > 0 && ahead < 0x8000;
}
