import { z } from 'zod';
import { ratio } from '../core/units.js';

export const relabel = z
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

export const recode = z
  .strictObject({
    kind: z.literal('recode'),
    to: z.enum(['PCMU', 'PCMA']).describe('Law that the audio is encoded with anew while its payload type stays'),
  })
  .describe('Codec fault: the garbled call, A-law sent under the label of µ-law or the reverse');

export const dropEvents = z
  .strictObject({
    kind: z.literal('drop-events'),
    ratio: ratio.default(1).describe('Share of the digits whose telephone-event packets all vanish'),
  })
  .describe('DTMF fault: telephone-event packets are removed');
