import { z } from 'zod';
import { duration, ratio } from '../core/units.js';
import { isNetwork, networkNames } from './networks.js';
import { pipeline } from './spec.js';

const network = z
  .string()
  .superRefine((name, context) => {
    if (isNetwork(name)) return;
    context.addIssue({ code: 'custom', message: `there is no such network: ${networkNames().join(', ')}` });
  })
  .describe('A network by name; `trunkstorm profile networks` lists them');

const phase = z
  .strictObject({
    for: duration.refine((ms) => ms > 0, 'a phase lasts longer than 0').describe('How long the phase lasts'),
    name: z.string().optional().describe('What the ground truth calls it; the network’s name when it is left out'),
    network: network.optional(),
    outage: z
      .union([z.literal(true), z.null()])
      .optional()
      .describe('Nothing gets through in either direction, RTCP neither'),
    uplink: pipeline.describe('Stages from us to the far end, before those of the network'),
    downlink: pipeline.describe('Stages from the far end to us, before those of the network'),
  })
  .describe('What is in force for a time; without anything in it the path is clean');

const pattern = z.string().min(1).describe('`*` stands for any characters, `?` for one');

const selection = z
  .strictObject({
    share: ratio.optional().describe('This share of the calls, evenly spread'),
    every: z.number().int().min(1).optional().describe('Every n-th call, the first one of all included'),
    from: pattern.optional().describe('Calls whose caller number is like this'),
    to: pattern.optional().describe('Calls whose called number is like this'),
    trunk: pattern
      .optional()
      .describe(
        'Calls over a target, a SIP URI without user, that is like this; or calls that come in from an address and port like this',
      ),
  })
  .describe('Which calls are impaired, by all that is given; the others are left alone');

/** What the path does to RTP: the network that it is, faults, and how that changes with time. */
export const impairmentSpec = z
  .strictObject({
    network: network.optional(),
    uplink: pipeline.describe('Stages from us to the far end, before those of the network'),
    downlink: pipeline.describe('Stages from the far end to us, before those of the network'),
    timeline: z
      .array(phase)
      .min(1)
      .optional()
      .describe('What comes on top, one phase after the other, from each direction’s first packet on'),
    repeat: z.boolean().default(false).describe('After the last phase of the timeline the first one comes again'),
    select: selection.optional(),
  })
  .refine(({ repeat, timeline }) => !repeat || timeline !== undefined, {
    path: ['repeat'],
    message: 'there is no `timeline` to begin again',
  })
  .describe('What the path does to RTP, a list of stages per direction');

export type ImpairmentSpec = z.infer<typeof impairmentSpec>;
export type Phase = z.infer<typeof phase>;
export type Selection = z.infer<typeof selection>;
