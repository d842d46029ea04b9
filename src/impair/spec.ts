import { z } from 'zod';
import { faultStages } from './fault-spec.js';
import { infeasibility } from './infeasibility.js';
import { modelStages } from './model-spec.js';
import { traceProblem } from './trace-file.js';

/** One stage of an impairment pipeline. */
export const stage = z.discriminatedUnion('kind', [...modelStages, ...faultStages]);

/** What happens to the packets of one direction, in the order written. */
export const pipeline = z
  .array(
    stage.superRefine((read, context) => {
      const reason = infeasibility(read) ?? traceProblem(read);
      if (reason !== null) context.addIssue({ code: 'custom', message: reason });
    }),
  )
  .default([]);

export type PlainStage = z.infer<typeof stage>;

/** Stages that change with the time since the direction's first packet; a profile's timeline makes one a direction. */
export interface TimelineStage {
  kind: 'timeline';
  /** `for` in ms. */
  phases: { name: string; for: number; stages: PlainStage[] }[];
  /** After the last phase the first one comes again; otherwise nothing is in force. */
  repeat: boolean;
}

export type Stage = PlainStage | TimelineStage;
export type Pipeline = Stage[];
