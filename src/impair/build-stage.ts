import { AppError } from '../core/errors.js';
import type { Rng } from '../core/rng.js';
import { Delay } from './delay.js';
import { DropEvents } from './drop-events.js';
import { Duplicate } from './duplicate.js';
import type { StageModel } from './fate.js';
import { GilbertElliottLoss } from './gilbert-elliott.js';
import { infeasibility } from './infeasibility.js';
import { BernoulliLoss, gilbertOf } from './loss.js';
import { Recode } from './recode.js';
import { Relabel } from './relabel.js';
import { Reorder } from './reorder.js';
import type { Pipeline, Stage } from './spec.js';

/** What a stage may do to a packet besides dropping it: let it wait, write into it. */
const TRAITS: Readonly<Record<Stage['kind'], { holds?: true; rewrites?: true }>> = {
  loss: {},
  'gilbert-elliott': {},
  delay: { holds: true },
  reorder: { holds: true },
  duplicate: {},
  relabel: { rewrites: true },
  recode: { rewrites: true },
  'drop-events': {},
};

/** Whether packets may have to wait on their way. */
export function holdsPackets(stages: Pipeline): boolean {
  return stages.some((stage) => TRAITS[stage.kind].holds);
}

/** Whether packets may be written to on their way. */
export function rewritesPackets(stages: Pipeline): boolean {
  return stages.some((stage) => TRAITS[stage.kind].rewrites);
}

/**
 * The model that does what a stage of a profile says.
 *
 * @throws AppError when the stage cannot be done (see `infeasibility`)
 */
export function buildStage(stage: Stage, rng: Rng): StageModel {
  const problem = infeasibility(stage);
  if (problem) throw new AppError('PROFILE_INVALID', `impairment '${stage.kind}': ${problem}`);
  switch (stage.kind) {
    case 'loss': {
      const gilbert = stage.burst > 1 && stage.ratio < 1 ? gilbertOf(stage.ratio, stage.burst) : null;
      return gilbert ? new GilbertElliottLoss(gilbert.p, gilbert.r, 0, 1, rng) : new BernoulliLoss(stage.ratio, rng);
    }
    case 'gilbert-elliott':
      return new GilbertElliottLoss(stage.p, stage.r, stage.lossGood, stage.lossBad, rng);
    case 'delay':
      return new Delay(
        stage.base,
        stage.jitter?.distribution ?? 'constant',
        stage.jitter?.spread ?? 0,
        stage.keepOrder,
        rng,
      );
    case 'reorder':
      return new Reorder(stage.ratio, stage.by, rng);
    case 'duplicate':
      return new Duplicate(stage.ratio, rng);
    case 'relabel':
      return new Relabel(stage.payloadType);
    case 'recode':
      return new Recode(stage.to);
    case 'drop-events':
      return new DropEvents(stage.ratio, rng);
    default:
      return stage satisfies never;
  }
}
