import { z } from 'zod';

/** Where a run may be steered from outside. */
export const controlSpec = z
  .strictObject({
    port: z.number().int().min(0).max(65_535).describe('TCP port on 127.0.0.1; 0 for any, which the log tells'),
    token: z
      .string()
      .min(16, 'at least 16 characters: whoever knows it can change the run')
      .max(256)
      .regex(/^[\x21-\x7e]+$/, 'printable ASCII without blanks: it goes into a header')
      .describe('What a request has to bring as `Authorization: Bearer TOKEN`'),
  })
  .describe('HTTP endpoint by which impairments are read and changed while the run goes on');

export type ControlSpec = z.infer<typeof controlSpec>;
