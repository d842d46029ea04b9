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

const packets = z.number().int().min(1).max(1_000_000);

const exactLoss = z
  .strictObject({
    kind: z.literal('exact-loss'),
    lose: packets.describe('Packets lost of each block'),
    of: packets.describe('Packets of a block'),
  })
  .describe('Exactly so many packets of every block are lost, at random places');

const periodicLoss = z
  .strictObject({
    kind: z.literal('periodic-loss'),
    lose: packets.default(1).describe('Packets lost in a row'),
    every: packets.describe('Packets from one such row to the next'),
  })
  .describe('The last packets of every so many are lost');

const outage = z
  .strictObject({
    kind: z.literal('outage'),
    from: duration.default(0).describe('Beginning of the first outage, from the first packet of the direction on'),
    for: duration.describe('How long nothing gets through'),
    every: duration
      .optional()
      .describe('From the beginning of one outage to that of the next; without it there is one'),
  })
  .describe('Nothing gets through in windows of time');

const lossTrace = z
  .strictObject({
    kind: z.literal('loss-trace'),
    bits: z
      .string()
      .regex(/^[01]+$/, 'expected zeros and ones, such as 0001000')
      .optional()
      .describe('A 0 for each packet that arrives, a 1 for each that is lost'),
    file: z.string().min(1).optional().describe('Text file of such bits'),
    repeat: z.boolean().default(true).describe('Whether the trace starts again when it is over'),
  })
  .describe('Losses as written down, packet by packet');

const delay = z
  .strictObject({
    kind: z.literal('delay'),
    base: duration.default(0).describe('Constant delay'),
    jitter: z
      .strictObject({
        distribution: z
          .enum(['uniform', 'normal', 'pareto', 'pareto-normal'])
          .describe(
            'uniform: base ± spread; normal: σ = spread; pareto: base + a heavy tail with mean spread; pareto-normal: that of netem',
          ),
        spread: duration,
        correlation: ratio
          .refine((value) => value < 1, 'expected a share below 100%: delays that are all alike are the `base`')
          .default(0)
          .describe('Correlation of the delays of neighbouring packets'),
      })
      .optional()
      .describe('Random part, drawn anew for each packet'),
    keepOrder: z.boolean().default(false).describe('When true no packet overtakes another (first in, first out)'),
  })
  .describe('Delay, constant and distributed');

const delayTrace = z
  .strictObject({
    kind: z.literal('delay-trace'),
    values: z.array(duration).min(1).optional().describe('Delay of each packet'),
    file: z.string().min(1).optional().describe('Text file with a number of ms for each packet'),
    repeat: z.boolean().default(true).describe('Whether the trace starts again when it is over'),
    keepOrder: z.boolean().default(false).describe('When true no packet overtakes another (first in, first out)'),
  })
  .describe('Delays as written down, packet by packet');

const spike = z
  .strictObject({
    kind: z.literal('spike'),
    ratio: ratio.describe('Share of packets at which a spike begins'),
    height: duration.describe('How long everything waits then, to leave together'),
  })
  .describe('Delay spikes: nothing moves for a while, then all that waited arrives at once');

const clockSkew = z
  .strictObject({
    kind: z.literal('clock-skew'),
    ppm: z
      .number()
      .min(-10_000)
      .max(10_000)
      .describe('How much too fast the sender’s clock runs, in parts per million; below 0 too slow'),
  })
  .describe('The sender’s clock is wrong: packets come ever earlier or ever later than they should');

const reorder = z
  .strictObject({
    kind: z.literal('reorder'),
    ratio: ratio.describe('Share of packets that are held back'),
    by: duration.default(30).describe('How long they are held back'),
  })
  .describe('Reordering: some packets are held back so that later ones overtake them');

const duplicate = z.strictObject({ kind: z.literal('duplicate'), ratio }).describe('Some packets arrive twice');

/** Models of what a network does to packets. */
export const modelStages = [
  loss,
  gilbertElliott,
  exactLoss,
  periodicLoss,
  outage,
  lossTrace,
  delay,
  delayTrace,
  spike,
  clockSkew,
  reorder,
  duplicate,
] as const;

export type ModelStage = z.infer<(typeof modelStages)[number]>;

const KINDS: ReadonlySet<string> = new Set(modelStages.map(({ shape }) => shape.kind.value));

export function isModel(stage: { kind: string }): stage is ModelStage {
  return KINDS.has(stage.kind);
}

/** Whether nothing gets through such a stage, whatever chance decides. */
export function dropsEverything(stage: ModelStage): boolean {
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
