import { sequenceOf, setSequence, setSsrc, setTimestamp, timestampOf } from '../rtp/packet.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** From its first packet on the stream has another SSRC, as after a transfer to another sender. No draws. */
export class SsrcChange implements StageModel {
  private changed = false;

  constructor(
    private readonly ssrc: number,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried === Carried.notRtp) return;
    if (!this.changed) this.tally.count++;
    this.changed = true;
    setSsrc(fate.bytes, fate.offset, this.ssrc);
  }
}

/** From its first packet on packets leave from another port, as behind a NAT that has lost its binding. No draws. */
export class PortChange implements StageModel {
  private changed = false;

  constructor(private readonly tally: FaultTally) {}

  apply(fate: Fate): void {
    if (this.changed || fate.copies === 0) return;
    this.changed = true;
    fate.portChanges++;
    this.tally.count++;
  }
}

/** From its first packet on sequence numbers are ahead by so many, or behind by a negative number. No draws. */
export class SequenceJump implements StageModel {
  private jumped = false;

  constructor(
    private readonly by: number,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried === Carried.notRtp) return;
    if (!this.jumped) this.tally.count++;
    this.jumped = true;
    setSequence(fate.bytes, fate.offset, (sequenceOf(fate.bytes, fate.offset) + this.by) & 0xffff);
  }
}

/** From its first packet on timestamps are ahead by so many units, or behind. No draws. */
export class TimestampJump implements StageModel {
  private jumped = false;

  constructor(
    private readonly byUnits: number,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    if (fate.copies === 0 || fate.carried === Carried.notRtp) return;
    if (!this.jumped) this.tally.count++;
    this.jumped = true;
    setTimestamp(fate.bytes, fate.offset, timestampOf(fate.bytes, fate.offset) + this.byUnits);
  }
}
