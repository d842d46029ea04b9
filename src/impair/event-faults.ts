import { payloadEnd, payloadStart, setPayloadType } from '../rtp/packet.js';
import { durationAt, EVENT_PAYLOAD_BYTES, isEndAt, setDuration } from '../rtp/telephone-event.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** Where the payload of a telephone-event lies; −1 for any other packet, and for one that is too short. */
function eventAt(fate: Fate): number {
  if (fate.copies === 0 || fate.carried !== Carried.event) return -1;
  const start = payloadStart(fate.bytes, fate.offset);
  return payloadEnd(fate.bytes, fate.offset, fate.length) - start < EVENT_PAYLOAD_BYTES ? -1 : start;
}

/** Removes the packets that end an event (RFC 4733, section 2.5.1.4): it never seems to be released. No draws. */
export class DropEventEnds implements StageModel {
  constructor(private readonly tally: FaultTally) {}

  apply(fate: Fate): void {
    const at = eventAt(fate);
    if (at < 0 || !isEndAt(fate.bytes, at)) return;
    fate.copies = 0;
    fate.eventDropped = true;
    this.tally.count++;
  }
}

/** Writes another payload type over that of telephone-events. No draws. */
export class RelabelEvents implements StageModel {
  constructor(
    private readonly payloadType: number,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried !== Carried.event) return;
    setPayloadType(fate.bytes, fate.offset, this.payloadType);
    fate.recoded = true;
    this.tally.count++;
  }
}

/** No event says that it lasts longer than `mostMs`. No draws. */
export class CutEvents implements StageModel {
  constructor(
    private readonly mostMs: number,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    const at = eventAt(fate);
    if (at < 0) return;
    const most = Math.round((this.mostMs * fate.clockRate) / 1000);
    if (durationAt(fate.bytes, at) <= most) return;
    setDuration(fate.bytes, at, most);
    this.tally.count++;
  }
}

/** Removes comfort noise (RFC 3389), as a gateway that does not know it. No draws. */
export class DropComfortNoise implements StageModel {
  constructor(private readonly tally: FaultTally) {}

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried !== Carried.comfortNoise) return;
    fate.copies = 0;
    this.tally.count++;
  }
}
