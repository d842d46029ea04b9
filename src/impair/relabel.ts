import { setPayloadType } from '../rtp/packet.js';
import { type Fate, isAudio, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** Writes another payload type over that of the audio packets; the payload stays. No draws. */
export class Relabel implements StageModel {
  constructor(
    private readonly payloadType: number,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    if (fate.copies === 0 || !isAudio(fate.carried)) return;
    setPayloadType(fate.bytes, fate.offset, this.payloadType);
    fate.recoded = true;
    this.tally.count++;
  }
}
