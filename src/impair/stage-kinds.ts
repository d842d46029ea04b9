import type { ModelStage } from './model-spec.js';
import type { Pipeline } from './spec.js';

// What is asked of stages where packets are: threads load this without the schemas.

const MODELS: Readonly<Record<ModelStage['kind'], true>> = {
  loss: true,
  'gilbert-elliott': true,
  'exact-loss': true,
  'periodic-loss': true,
  outage: true,
  'loss-trace': true,
  delay: true,
  'delay-trace': true,
  spike: true,
  'clock-skew': true,
  queue: true,
  reorder: true,
  duplicate: true,
  corrupt: true,
};

/** Whether a stage is a model of a network, and not a fault. */
export function isModel(stage: { kind: string }): stage is ModelStage {
  return Object.hasOwn(MODELS, stage.kind);
}

/** Whether nothing gets through such a stage, whatever chance decides. */
function dropsEverything(stage: ModelStage): boolean {
  switch (stage.kind) {
    case 'loss':
      return stage.ratio >= 1;
    case 'gilbert-elliott':
      return stage.lossGood >= 1 && stage.lossBad >= 1;
    case 'exact-loss':
      return stage.lose >= stage.of;
    case 'periodic-loss':
      return stage.lose >= stage.every;
    default:
      return false;
  }
}

/** Whether nothing gets through such a path, whatever chance and time decide. */
export function dropsAll(pipeline: Pipeline): boolean {
  return pipeline.some((stage) => isModel(stage) && dropsEverything(stage));
}
