import type { Rng } from '../core/rng.js';
import { ClockSkew } from './clock-skew.js';
import { Corrupt } from './corrupt.js';
import { delayOf } from './delay.js';
import { DelayTrace } from './delay-trace.js';
import { Duplicate } from './duplicate.js';
import { ExactLoss } from './exact-loss.js';
import type { StageModel } from './fate.js';
import type { FaultTallies } from './fault-tally.js';
import { GilbertElliottLoss } from './gilbert-elliott.js';
import { KeepOrder } from './keep-order.js';
import { BernoulliLoss, gilbertOf } from './loss.js';
import { LossTrace } from './loss-trace.js';
import type { ModelStage } from './model-spec.js';
import { Outage } from './outage.js';
import { PeriodicLoss } from './periodic-loss.js';
import { Queue } from './queue.js';
import { Reorder } from './reorder.js';
import type { SharedImpairments } from './shared-impairments.js';
import { Spike } from './spike.js';
import { bitsOf } from './trace-file.js';

/** @throws AppError FILE_UNREADABLE when the stage's file cannot be read */
export function buildModel(stage: ModelStage, rng: Rng, shared: SharedImpairments, tallies: FaultTallies): StageModel {
  switch (stage.kind) {
    case 'loss': {
      const gilbert = stage.burst > 1 && stage.ratio < 1 ? gilbertOf(stage.ratio, stage.burst) : null;
      return gilbert ? new GilbertElliottLoss(gilbert.p, gilbert.r, 0, 1, rng) : new BernoulliLoss(stage.ratio, rng);
    }
    case 'gilbert-elliott':
      return new GilbertElliottLoss(stage.p, stage.r, stage.lossGood, stage.lossBad, rng);
    case 'exact-loss':
      return new ExactLoss(stage.lose, stage.of, rng);
    case 'periodic-loss':
      return new PeriodicLoss(stage.lose, stage.every);
    case 'outage':
      return new Outage(stage.from, stage.for, stage.every ?? Number.POSITIVE_INFINITY);
    case 'loss-trace': {
      const bits = stage.file === undefined ? Uint8Array.from(bitsOf(stage.bits!)!) : shared.lossTrace(stage.file);
      return new LossTrace(bits, stage.repeat);
    }
    case 'delay':
      return inOrder(delayOf(stage.base, stage.jitter, rng), stage.keepOrder);
    case 'delay-trace': {
      const delays = stage.file === undefined ? Float64Array.from(stage.values!) : shared.delayTrace(stage.file);
      return inOrder(new DelayTrace(delays, stage.repeat), stage.keepOrder);
    }
    case 'spike':
      return new Spike(stage.ratio, stage.height, rng);
    case 'clock-skew':
      return new ClockSkew(stage.ppm);
    case 'queue':
      return new Queue(shared.link(stage), rng, tallies.of(stage.kind));
    case 'corrupt':
      return new Corrupt(
        stage.part,
        stage.bitErrorRatio ?? null,
        stage.ratio ?? 0,
        stage.bits ?? 1,
        rng,
        tallies.of(stage.kind),
      );
    case 'reorder':
      return new Reorder(stage.ratio, stage.by, rng);
    case 'duplicate':
      return new Duplicate(stage.ratio, rng);
    default:
      return stage satisfies never;
  }
}

function inOrder(model: StageModel, keepOrder: boolean): StageModel {
  return keepOrder ? new KeepOrder(model) : model;
}
