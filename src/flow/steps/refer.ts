import type { Step } from './plan.js';
import { type Begin, unexpected } from './step.js';

export const refer: Begin<Step<'refer'>> = (spec, { call, pass, fail }) => {
  void call.refer(spec.to, spec.attended).then((outcome) => {
    const reason = unexpected(spec.status, outcome);
    if (reason === null) pass();
    else fail(reason);
  });
  return { missing: () => 'no final response of the transfer' };
};
