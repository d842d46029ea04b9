import type { Step } from './plan.js';
import { type Begin, unexpected } from './step.js';

/** Puts the far end on hold, or takes it back. */
export const hold: Begin<Step<'hold' | 'resume'>> = (spec, { call, pass, fail }) => {
  void call.reinvite({ hold: spec.step === 'hold' }).then((outcome) => {
    const reason = unexpected(spec.status, outcome);
    if (reason === null) pass();
    else fail(reason);
  });
  return { missing: () => 'no final response' };
};
