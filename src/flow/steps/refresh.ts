import type { Step } from './plan.js';
import { awaitOutcome, type Begin } from './step.js';

export const refresh: Begin<Step<'refresh'>> = (spec, context) => {
  awaitOutcome(spec.method === 'update' ? context.call.update() : context.call.reinvite({}), spec.status, context);
  return { missing: () => 'no final response' };
};
