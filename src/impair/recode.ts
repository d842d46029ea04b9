import { alawToUlaw, ulawToAlaw } from '../audio/g711.js';
import { payloadEnd, payloadStart, setPayloadType } from '../rtp/packet.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/**
 * Encodes G.711 audio anew in the other law: under the label that it has, which garbles the call, or under another one. No
 * draws.
 */
export class Recode implements StageModel {
  private readonly from: Carried;
  private readonly into: Carried;
  private readonly table: Uint8Array;

  /** @param label payload type that is written; `null` leaves the one that is there */
  constructor(
    to: 'PCMU' | 'PCMA',
    private readonly label: number | null,
    private readonly tally: FaultTally,
  ) {
    this.from = to === 'PCMU' ? Carried.pcma : Carried.pcmu;
    this.into = to === 'PCMU' ? Carried.pcmu : Carried.pcma;
    this.table = to === 'PCMU' ? alawToUlaw : ulawToAlaw;
  }

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried !== this.from) return;
    const { bytes, offset } = fate;
    const end = payloadEnd(bytes, offset, fate.length);
    for (let i = payloadStart(bytes, offset); i < end; i++) bytes[i] = this.table[bytes[i]];
    if (this.label !== null) setPayloadType(bytes, offset, this.label);
    fate.carried = this.into;
    fate.recoded = true;
    this.tally.count++;
  }
}
