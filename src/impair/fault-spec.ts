import { z } from 'zod';
import { duration, ratio } from '../core/units.js';

/** When a fault is in force, by the time since the direction's first packet (within a timeline: since its phase began). */
const window = {
  after: duration
    .optional()
    .describe('When it begins, from the first packet of the direction on; at once when it is left out'),
  for: duration.optional().describe('How long it lasts; to the end when it is left out'),
};

const moment = {
  after: duration.optional().describe('When it happens, from the first packet of the direction on'),
};

const payloadType = z.number().int().min(0).max(127);

const oneWay = z
  .strictObject({
    kind: z.literal('one-way'),
    rtcp: z.enum(['keep', 'drop']).default('keep').describe('Whether RTCP still gets through'),
    ...window,
  })
  .describe('One-way audio: no RTP of this direction gets through');

const lateMedia = z
  .strictObject({
    kind: z.literal('late-media'),
    by: duration.describe('How late the media starts'),
    packets: z
      .enum(['dropped', 'held'])
      .default('dropped')
      .describe('What becomes of the packets until then; held ones are let go all at once'),
  })
  .describe('Media that starts late');

const silence = z
  .strictObject({ kind: z.literal('silence'), ...window })
  .describe('Digital silence in place of the audio (G.711, G.722, L16, Opus)');

const relabel = z
  .strictObject({
    kind: z.literal('relabel'),
    payloadType: payloadType.describe('Payload type written over that of the audio packets; the payload stays'),
    ...window,
  })
  .describe('Codec fault: audio packets carry a wrong payload type');

const recode = z
  .strictObject({
    kind: z.literal('recode'),
    to: z.enum(['PCMU', 'PCMA']).describe('Law that the audio is encoded with anew while its payload type stays'),
    ...window,
  })
  .describe('Codec fault: the garbled call, A-law sent under the label of µ-law or the reverse');

const codecChange = z
  .strictObject({
    kind: z.literal('codec-change'),
    to: z.enum(['PCMU', 'PCMA']).describe('Law that the audio goes on in'),
    payloadType: payloadType.optional().describe('Payload type of it; that of RFC 3551 when it is left out'),
    ...window,
  })
  .describe('G.711 goes on in the other law under a payload type of its own, whatever was agreed on');

const ptime = z
  .strictObject({
    kind: z.literal('ptime'),
    to: z.literal([10, 20, 30, 40, 60]).describe('Packet interval in ms that G.711 is merged or split into'),
    ...moment,
  })
  .describe('Packets of another length than was agreed on; to be put before what delays packets');

const ssrcChange = z
  .strictObject({ kind: z.literal('ssrc-change'), ...moment })
  .describe('The stream goes on under another SSRC');

const portChange = z
  .strictObject({ kind: z.literal('port-change'), ...moment })
  .describe('RTP leaves from another port from then on, and what comes to the old one is lost: a NAT has rebound');

const sequenceJump = z
  .strictObject({
    kind: z.literal('sequence-jump'),
    by: z
      .number()
      .int()
      .min(-32_768)
      .max(32_767)
      .refine((by) => by !== 0, 'a jump by 0 is none')
      .describe('How many sequence numbers ahead, or behind'),
    ...moment,
  })
  .describe('Sequence numbers jump, once');

const timestampJump = z
  .strictObject({
    kind: z.literal('timestamp-jump'),
    by: z
      .number()
      .int()
      .min(-0x7fffffff)
      .max(0x7fffffff)
      .refine((by) => by !== 0, 'a jump by 0 is none')
      .describe('How many timestamp units ahead, or behind; G.711 has 8 a millisecond'),
    ...moment,
  })
  .describe('Timestamps jump, once');

const dropEvents = z
  .strictObject({
    kind: z.literal('drop-events'),
    ratio: ratio.default(1).describe('Share of the digits whose telephone-event packets all vanish'),
    ...window,
  })
  .describe('DTMF fault: telephone-event packets are removed');

const dropEventEnds = z
  .strictObject({ kind: z.literal('drop-event-ends'), ...window })
  .describe('DTMF fault: the packets that end a telephone-event are removed');

const relabelEvents = z
  .strictObject({
    kind: z.literal('relabel-events'),
    payloadType: payloadType.describe('Payload type written over that of telephone-events'),
    ...window,
  })
  .describe('DTMF fault: telephone-events carry a wrong payload type');

const cutEvents = z
  .strictObject({
    kind: z.literal('cut-events'),
    to: duration.describe('The longest duration that a telephone-event says it has'),
    ...window,
  })
  .describe('DTMF fault: digits are too short');

const dropComfortNoise = z
  .strictObject({ kind: z.literal('drop-comfort-noise'), ...window })
  .describe('Comfort noise is removed');

const gain = z
  .strictObject({
    kind: z.literal('gain'),
    db: z.number().min(-60).max(60).describe('Added to the level of the audio, in dB'),
    ...window,
  })
  .describe('Audio fault: too loud or too quiet (G.711, L16)');

const clip = z
  .strictObject({
    kind: z.literal('clip'),
    level: z.number().min(-60).max(0).describe('Amplitude in dB below full scale at which audio is cut off'),
    ...window,
  })
  .describe('Audio fault: clipping (G.711, L16)');

const noise = z
  .strictObject({
    kind: z.literal('noise'),
    snr: z.number().min(-40).max(80).optional().describe('How far below the level of the audio it lies, in dB'),
    level: z.number().min(-90).max(0).optional().describe('Its level in dBov, in place of `snr`'),
    ...window,
  })
  .describe('Audio fault: white noise, by `snr` or `level` (G.711, L16)');

const echo = z
  .strictObject({
    kind: z.literal('echo'),
    delay: duration.describe('How late the echo is, 20 ms to 2 s'),
    returnLoss: z.number().min(0).max(60).describe('How much quieter the echo is, in dB'),
    ...window,
  })
  .describe('Audio fault: who receives this direction hears himself (G.711, L16)');

/** Faults of media streams, digits and audio. */
export const faultStages = [
  oneWay,
  lateMedia,
  silence,
  relabel,
  recode,
  codecChange,
  ptime,
  ssrcChange,
  portChange,
  sequenceJump,
  timestampJump,
  dropEvents,
  dropEventEnds,
  relabelEvents,
  cutEvents,
  dropComfortNoise,
  gain,
  clip,
  noise,
  echo,
] as const;

export type FaultStage = z.infer<(typeof faultStages)[number]>;
