import { z } from 'zod';
import { bitRate, duration, parseByteSize, parseDuration, ratio } from '../core/units.js';
import { MOST_BITS } from './corrupt.js';

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

/** What a buffer holds, in bytes or in ms of the link's rate; always with a unit, which tells the two apart. */
const BUFFER = 'expected a size such as 64kB or a time such as 500ms';
const bufferSize = z.string(BUFFER).transform((text, context): { bytes: number } | { ms: number } => {
  const bytes = parseByteSize(text);
  if (bytes !== null) return { bytes };
  const ms = /[a-z]\s*$/.test(text) ? parseDuration(text) : null;
  if (ms !== null) return { ms };
  context.addIssue({ code: 'custom', message: BUFFER });
  return z.NEVER;
});

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
    file: z
      .string()
      .min(1)
      .optional()
      .describe('Text file of such bits, or a capture: the losses of its longest RTP stream'),
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
          .optional()
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
    file: z
      .string()
      .min(1)
      .optional()
      .describe('Text file with a number of ms for each packet, or a capture: the delays of its longest RTP stream'),
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

const queue = z
  .strictObject({
    kind: z.literal('queue'),
    rate: bitRate.describe('Rate of the link, as `512kbit/s` or `2Mbit/s`'),
    buffer: bufferSize.describe('What may wait for the link, as `64kB` or as the time it takes to send, `500ms`'),
    overhead: z
      .number()
      .int()
      .min(0)
      .max(200)
      .default(28)
      .describe('Bytes that each packet has besides RTP; 28 are IPv4 and UDP, 48 IPv6 and UDP'),
    group: z
      .string()
      .min(1)
      .optional()
      .describe('Stages that name the same group and are alike share one link, whatever their call and direction'),
  })
  .describe('A link of a fixed rate with a buffer that drops what does not fit');

const corrupt = z
  .strictObject({
    kind: z.literal('corrupt'),
    part: z.enum(['header', 'payload', 'packet']).default('payload').describe('Where the wrong bits are'),
    bitErrorRatio: z
      .number()
      .min(1e-12)
      .max(0.5)
      .optional()
      .describe('Probability of each bit to be wrong, such as 1e-5'),
    ratio: ratio.optional().describe('Share of packets with wrong bits'),
    bits: z.number().int().min(1).max(MOST_BITS).optional().describe('Wrong bits of such a packet; one when left out'),
  })
  .describe('Bits of packets are flipped, in the header or the payload of RTP');

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
  queue,
  reorder,
  duplicate,
  corrupt,
] as const;

export type ModelStage = z.infer<(typeof modelStages)[number]>;
