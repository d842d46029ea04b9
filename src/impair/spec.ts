import { z } from 'zod';
import { dropEvents, recode, relabel } from './fault-spec.js';
import { delay, duplicate, gilbertElliott, loss, reorder } from './model-spec.js';

/** One stage of an impairment pipeline. */
export const stage = z.discriminatedUnion('kind', [
  loss,
  gilbertElliott,
  delay,
  reorder,
  duplicate,
  relabel,
  recode,
  dropEvents,
]);

/** What happens to the packets of one direction, in the order written. */
export const pipeline = z.array(stage).default([]);

export const impairmentSpec = z
  .strictObject({
    uplink: pipeline.describe('From us to the far end'),
    downlink: pipeline.describe('From the far end to us'),
  })
  .describe('What the path does to RTP, a list of stages per direction');

export type Stage = z.infer<typeof stage>;
export type Pipeline = z.infer<typeof pipeline>;

/** Whether nothing gets through such a path, whatever chance decides. */
export function dropsAll(pipeline: Pipeline): boolean {
  return pipeline.some(
    (stage) =>
      (stage.kind === 'loss' && stage.ratio >= 1) ||
      (stage.kind === 'gilbert-elliott' && stage.lossGood >= 1 && stage.lossBad >= 1),
  );
}
