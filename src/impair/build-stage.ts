import { AppError } from '../core/errors.js';
import { deriveSeed, Rng } from '../core/rng.js';
import type { AudioTap } from './audio-tap.js';
import { buildFault } from './build-fault.js';
import { buildModel } from './build-model.js';
import type { StageModel } from './fate.js';
import { infeasibility } from './infeasibility.js';
import type { SharedImpairments } from './shared-impairments.js';
import type { Pipeline, PlainStage, TimelineStage } from './spec.js';
import { StageChain } from './stage-chain.js';
import { dropsAll, isModel } from './stage-kinds.js';
import { Timeline } from './timeline.js';
import type { TruthCounter } from './truth-counter.js';

/** What a stage may do to a packet besides dropping it: let it wait, write into it. */
const TRAITS: Readonly<Record<PlainStage['kind'], { holds?: true; rewrites?: true }>> = {
  loss: {},
  'gilbert-elliott': {},
  'exact-loss': {},
  'periodic-loss': {},
  outage: {},
  'loss-trace': {},
  delay: { holds: true },
  'delay-trace': { holds: true },
  spike: { holds: true },
  'clock-skew': { holds: true },
  queue: { holds: true },
  reorder: { holds: true },
  duplicate: {},
  corrupt: { rewrites: true },
  'one-way': {},
  'late-media': { holds: true },
  silence: { rewrites: true },
  relabel: { rewrites: true },
  recode: { rewrites: true },
  'codec-change': { rewrites: true },
  ptime: { holds: true, rewrites: true },
  'ssrc-change': { rewrites: true },
  'port-change': {},
  'sequence-jump': { rewrites: true },
  'timestamp-jump': { rewrites: true },
  'drop-events': {},
  'drop-event-ends': {},
  'relabel-events': { rewrites: true },
  'cut-events': { rewrites: true },
  'drop-comfort-noise': {},
  gain: { rewrites: true },
  clip: { rewrites: true },
  noise: { rewrites: true },
  echo: { rewrites: true },
};

/** All stages that may be in force at some time. */
export function plainStages(stages: Pipeline): PlainStage[] {
  return stages.flatMap((stage) => (stage.kind === 'timeline' ? stage.phases.flatMap((phase) => phase.stages) : stage));
}

/** Whether packets may have to wait on their way. */
export function holdsPackets(stages: Pipeline): boolean {
  return plainStages(stages).some((stage) => TRAITS[stage.kind].holds);
}

/** Whether packets may be written to on their way. */
export function rewritesPackets(stages: Pipeline): boolean {
  return plainStages(stages).some((stage) => TRAITS[stage.kind].rewrites);
}

/** What the stages of a direction have in common. */
export interface StageSurroundings {
  shared: SharedImpairments;
  truth: TruthCounter;
  /** The audio of the other direction. */
  other: AudioTap;
}

/**
 * The models of stages, one after the other. Each has a generator of its own, derived from `seed`, its position and its kind.
 *
 * @throws AppError when a stage cannot be done (see `infeasibility`) or its file cannot be read
 */
export function buildChain(stages: Pipeline, seed: number, around: StageSurroundings): StageChain {
  const models = stages.map((stage, index) => {
    const own = deriveSeed(seed, index, stage.kind);
    return stage.kind === 'timeline' ? buildTimeline(stage, own, around) : buildStage(stage, new Rng(own), around);
  });
  return new StageChain(models, dropsAll(stages));
}

function buildTimeline({ phases, repeat }: TimelineStage, seed: number, around: StageSurroundings): Timeline {
  const built = phases.map(({ name, for: forMs, stages }, index) => ({
    name,
    forMs,
    chain: buildChain(stages, deriveSeed(seed, index), around),
  }));
  return new Timeline(built, repeat, around.truth);
}

/**
 * The model that does what a stage of a profile says.
 *
 * @throws AppError when the stage cannot be done (see `infeasibility`) or its file cannot be read
 */
function buildStage(stage: PlainStage, rng: Rng, around: StageSurroundings): StageModel {
  const problem = infeasibility(stage);
  if (problem) throw new AppError('PROFILE_INVALID', `impairment '${stage.kind}': ${problem}`);
  return isModel(stage)
    ? buildModel(stage, rng, around.shared, around.truth.faults)
    : buildFault(stage, rng, { tallies: around.truth.faults, other: around.other });
}
