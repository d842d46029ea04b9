import { z } from 'zod';
import { duration, ratio } from '../core/units.js';

export const loss = z
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

export const gilbertElliott = z
  .strictObject({
    kind: z.literal('gilbert-elliott'),
    p: z.number().min(0).max(1).describe('Probability per packet of going from the good to the bad state'),
    r: z.number().gt(0).max(1).describe('Probability per packet of going back to the good state'),
    lossGood: ratio.default(0).describe('Loss probability in the good state (1 − h)'),
    lossBad: ratio.default(1).describe('Loss probability in the bad state (1 − k)'),
  })
  .describe('Loss by a two-state Markov process, all four parameters given');

export const delay = z
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

export const reorder = z
  .strictObject({
    kind: z.literal('reorder'),
    ratio: ratio.describe('Share of packets that are held back'),
    by: duration.default(30).describe('How long they are held back'),
  })
  .describe('Reordering: some packets are held back so that later ones overtake them');

export const duplicate = z.strictObject({ kind: z.literal('duplicate'), ratio }).describe('Some packets arrive twice');
