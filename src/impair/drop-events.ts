import type { Rng } from '../core/rng.js';
import { timestampOf } from '../rtp/packet.js';
import { MAX_EVENT_DURATION } from '../rtp/telephone-event.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** Events remembered, so that a late packet of an earlier event shares its event's lot. */
const MEMORY = 16;

/**
 * Removes all packets of some telephone-events. The decision falls once an event, known by its timestamp (RFC 4733,
 * section 2.2.1), with the draw of its first packet; the further segments of a long event follow the first.
 * One draw a packet.
 */
export class DropEvents implements StageModel {
  private readonly timestamps = new Uint32Array(MEMORY);
  private readonly dropped = new Uint8Array(MEMORY);
  private known = 0;

  constructor(
    private readonly ratio: number,
    private readonly rng: Rng,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    const lot = this.rng.uniform() < this.ratio;
    if (fate.carried !== Carried.event) return;
    if (!this.isDropped(timestampOf(fate.bytes, fate.offset), lot) || fate.copies === 0) return;
    fate.copies = 0;
    fate.eventDropped = true;
    this.tally.count++;
  }

  private isDropped(timestamp: number, lot: boolean): boolean {
    const count = this.known < MEMORY ? this.known : MEMORY;
    const segmentOf = (timestamp - MAX_EVENT_DURATION) >>> 0;
    let drop = lot ? 1 : 0;
    for (let i = 0; i < count; i++) {
      if (this.timestamps[i] === timestamp) return this.dropped[i] === 1;
      if (this.timestamps[i] === segmentOf) drop = this.dropped[i];
    }
    const slot = this.known++ % MEMORY;
    this.timestamps[slot] = timestamp;
    this.dropped[slot] = drop;
    return drop === 1;
  }
}
