import { setPayloadType } from '../rtp/packet.js';
import { Carried, type Fate, type StageModel } from './fate.js';

/** Writes another payload type over that of the audio packets; the payload stays. No draws. */
export class Relabel implements StageModel {
  constructor(private readonly payloadType: number) {}

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried > Carried.pcma) return;
    setPayloadType(fate.bytes, fate.offset, this.payloadType);
    fate.recoded = true;
  }
}
