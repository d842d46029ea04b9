import type { Step } from './plan.js';
import { awaitOutcome, type Begin } from './step.js';

/** Puts the far end on hold, or takes it back. */
export const hold: Begin<Step<'hold' | 'resume'>> = (spec, context) => {
  awaitOutcome(context.call.reinvite({ hold: spec.step === 'hold' }), spec.status, context);
  return { missing: () => 'no final response' };
};
