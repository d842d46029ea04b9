import type { Step } from './plan.js';
import { type Begin, unexpected } from './step.js';

export const reinvite: Begin<Step<'reinvite'>> = (spec, { call, pass, fail }) => {
  void call.reinvite({ codecs: spec.codecs }).then((outcome) => {
    const reason = unexpected(spec.status, outcome);
    if (reason === null) pass();
    else fail(reason);
  });
  return { missing: () => 'no final response' };
};
