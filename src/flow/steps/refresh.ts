import type { Step } from './plan.js';
import { type Begin, unexpected } from './step.js';

export const refresh: Begin<Step<'refresh'>> = (spec, { call, pass, fail }) => {
  void (spec.method === 'update' ? call.update() : call.reinvite({})).then((outcome) => {
    const reason = unexpected(spec.status, outcome);
    if (reason === null) pass();
    else fail(reason);
  });
  return { missing: () => 'no final response' };
};
