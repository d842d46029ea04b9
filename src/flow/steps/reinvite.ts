import type { Step } from './plan.js';
import { awaitOutcome, type Begin } from './step.js';

export const reinvite: Begin<Step<'reinvite'>> = (spec, context) => {
  awaitOutcome(context.call.reinvite({ codecs: spec.codecs }), spec.status, context);
  return { missing: () => 'no final response' };
};
