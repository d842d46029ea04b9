import { z } from 'zod';
import { duration, ratio } from '../core/units.js';

const loss = z
  .strictObject({
    kind: z.literal('loss'),
    ratio: ratio.describe('Mean share of packets lost, as `2%` or 0.02'),
    burst: z
      .number()
      .min(1)
      .max(100)
      .default(1)
      .describe(
        'Mean length of a run of losses in packets; 1 is independent (Bernoulli) loss, above 1 a Gilbert–Elliott process',
      ),
  })
  .describe('Random loss: Bernoulli, or Gilbert–Elliott when `burst` is above 1');

const gilbertElliott = z
  .strictObject({
    kind: z.literal('gilbert-elliott'),
    p: z.number().min(0).max(1).describe('Probability per packet of going from the good to the bad state'),
    r: z.number().gt(0).max(1).describe('Probability per packet of going back to the good state'),
    lossGood: ratio.default(0).describe('Loss probability in the good state (1 − h)'),
    lossBad: ratio.default(1).describe('Loss probability in the bad state (1 − k)'),
  })
  .describe('Loss by a two-state Markov process, all four parameters given');

const delay = z
  .strictObject({
    kind: z.literal('delay'),
    base: duration.default(0).describe('Constant delay'),
    jitter: z
      .strictObject({
        distribution: z
          .enum(['uniform', 'normal', 'pareto'])
          .describe('uniform: base ± spread; normal: σ = spread; pareto: base + a heavy tail with mean spread'),
        spread: duration,
      })
      .optional()
      .describe('Random part, drawn anew for each packet'),
    keepOrder: z.boolean().default(false).describe('When true no packet overtakes another (first in, first out)'),
  })
  .describe('Delay, constant and distributed');

const reorder = z
  .strictObject({
    kind: z.literal('reorder'),
    ratio: ratio.describe('Share of packets that are held back'),
    by: duration.default(30).describe('How long they are held back'),
  })
  .describe('Reordering: some packets are held back so that later ones overtake them');

const duplicate = z.strictObject({ kind: z.literal('duplicate'), ratio }).describe('Some packets arrive twice');

const relabel = z
  .strictObject({
    kind: z.literal('relabel'),
    payloadType: z
      .number()
      .int()
      .min(0)
      .max(127)
      .describe('Payload type written over that of the audio packets; the payload stays'),
  })
  .describe('Codec fault: audio packets carry a wrong payload type');

const recode = z
  .strictObject({
    kind: z.literal('recode'),
    to: z.enum(['PCMU', 'PCMA']).describe('Law that the audio is encoded with anew while its payload type stays'),
  })
  .describe('Codec fault: the garbled call, A-law sent under the label of µ-law or the reverse');

const dropEvents = z
  .strictObject({
    kind: z.literal('drop-events'),
    ratio: ratio.default(1).describe('Share of the digits whose telephone-event packets all vanish'),
  })
  .describe('DTMF fault: telephone-event packets are removed');

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
