import type { Step } from './plan.js';
import type { Begin } from './step.js';

export const wait: Begin<Step<'wait'>> = (spec, { after, pass }) => {
  after(spec.for, pass);
  return null;
};
