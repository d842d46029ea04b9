import type { Step } from './plan.js';
import type { Begin } from './step.js';

export const earlyMedia: Begin<Step<'early-media'>> = (_spec, { call, farEnd, pass, fail }) => {
  if (call.side === 'callee') {
    const reason = call.ring(true);
    if (reason === null) pass();
    else fail(reason);
    return null;
  }
  const look = (): void => {
    if (farEnd.hasEarlyMedia) pass();
    else if (farEnd.isAnswered) fail('answered without early media');
  };
  look();
  return { onEvent: look, missing: () => 'no early media came' };
};
