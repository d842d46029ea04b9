import type { Step } from './plan.js';
import { awaitOutcome, type Begin } from './step.js';

export const refer: Begin<Step<'refer'>> = (spec, context) => {
  awaitOutcome(context.call.refer(spec.to, spec.attended), spec.status, context);
  return { missing: () => 'no final response of the transfer' };
};
