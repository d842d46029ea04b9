import { z } from 'zod';
import { duration } from '../core/units.js';

/** What becomes of blind transfers that a far end asks for. */
export const transfersSpec = z
  .strictObject({
    after: duration.default(1000).describe('From the REFER to what is told of the call to its target'),
    status: z
      .number()
      .int()
      .refine((status) => status === 200 || (status >= 300 && status <= 699), 'must be 200, or within 300 and 699')
      .default(200)
      .describe('Final response of the target that is told'),
  })
  .describe('REFER is taken, and NOTIFYs tell of a call to its target that is not placed; without it 603');

export type TransfersSpec = z.infer<typeof transfersSpec>;
