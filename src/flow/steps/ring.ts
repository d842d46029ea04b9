import type { Step } from './plan.js';
import type { Begin } from './step.js';

export const ring: Begin<Step<'ring'>> = (_spec, { call, farEnd, pass, fail }) => {
  if (call.side === 'callee') {
    const reason = call.ring(false);
    if (reason === null) pass();
    else fail(reason);
    return null;
  }
  const look = (): void => {
    if (farEnd.isRinging) pass();
    else if (farEnd.isAnswered) fail('answered without ringing');
  };
  look();
  return { onEvent: look, missing: () => 'the far end did not ring' };
};
