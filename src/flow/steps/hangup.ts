import type { Step } from './plan.js';
import type { Begin } from './step.js';

export const hangup: Begin<Step<'hangup'>> = (spec, { call, pass }) => {
  pass();
  call.hangUp(spec.status ?? null);
  return null;
};
