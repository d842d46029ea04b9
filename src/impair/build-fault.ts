import type { Rng } from '../core/rng.js';
import { AddNoise } from './add-noise.js';
import { clippingAt, gainOf } from './audio-level.js';
import type { AudioTap } from './audio-tap.js';
import { DropEvents } from './drop-events.js';
import { Echo } from './echo.js';
import { CutEvents, DropComfortNoise, DropEventEnds, RelabelEvents } from './event-faults.js';
import type { StageModel } from './fate.js';
import type { FaultStage } from './fault-spec.js';
import type { FaultTallies } from './fault-tally.js';
import { InForce } from './in-force.js';
import { LateMedia } from './late-media.js';
import { OneWay } from './one-way.js';
import { Recode } from './recode.js';
import { Relabel } from './relabel.js';
import { Repacketise } from './repacketise.js';
import { Silence } from './silence.js';
import { PortChange, SequenceJump, SsrcChange, TimestampJump } from './stream-faults.js';

/** What the faults of a direction share. */
export interface FaultSurroundings {
  tallies: FaultTallies;
  /** The audio of the other direction. */
  other: AudioTap;
}

/** The model of a fault, in force when it says. */
export function buildFault(fault: FaultStage, rng: Rng, around: FaultSurroundings): StageModel {
  const model = modelOf(fault, rng, around);
  const afterMs = 'after' in fault && fault.after !== undefined ? fault.after : 0;
  const untilMs = 'for' in fault && fault.for !== undefined ? afterMs + fault.for : Number.POSITIVE_INFINITY;
  return afterMs > 0 || untilMs < Number.POSITIVE_INFINITY ? new InForce(model, afterMs, untilMs) : model;
}

function modelOf(fault: FaultStage, rng: Rng, { tallies, other }: FaultSurroundings): StageModel {
  const tally = tallies.of(fault.kind);
  switch (fault.kind) {
    case 'one-way':
      return new OneWay(fault.rtcp === 'drop', tally);
    case 'late-media':
      return new LateMedia(fault.by, fault.packets === 'dropped', tally);
    case 'silence':
      return new Silence(tally);
    case 'relabel':
      return new Relabel(fault.payloadType, tally);
    case 'recode':
      return new Recode(fault.to, null, tally);
    case 'codec-change':
      return new Recode(fault.to, fault.payloadType ?? (fault.to === 'PCMU' ? 0 : 8), tally);
    case 'ptime':
      return new Repacketise(fault.to, tally);
    case 'ssrc-change':
      return new SsrcChange(rng.uint32(), tally);
    case 'port-change':
      return new PortChange(tally);
    case 'sequence-jump':
      return new SequenceJump(fault.by, tally);
    case 'timestamp-jump':
      return new TimestampJump(fault.by, tally);
    case 'drop-events':
      return new DropEvents(fault.ratio, rng, tally);
    case 'drop-event-ends':
      return new DropEventEnds(tally);
    case 'relabel-events':
      return new RelabelEvents(fault.payloadType, tally);
    case 'cut-events':
      return new CutEvents(fault.to, tally);
    case 'drop-comfort-noise':
      return new DropComfortNoise(tally);
    case 'gain':
      return gainOf(fault.db, tally);
    case 'clip':
      return clippingAt(fault.level, tally);
    case 'noise':
      return new AddNoise(fault.snr ?? null, 32768 * 10 ** ((fault.level ?? 0) / 20), rng, tally);
    case 'echo':
      return new Echo(fault.delay, fault.returnLoss, other, tally);
    default:
      return fault satisfies never;
  }
}
