import type { Step } from './plan.js';
import type { Begin } from './step.js';

export const answer: Begin<Step<'answer'>> = (_spec, { call, farEnd, pass, fail }) => {
  const look = (): void => {
    if (farEnd.isAnswered) pass();
  };
  const reason = call.side === 'callee' && !farEnd.isAnswered ? call.answer() : null;
  if (reason !== null) fail(reason);
  else look();
  return { onEvent: look, missing: () => (call.side === 'callee' ? 'no ACK came' : 'no answer came') };
};
