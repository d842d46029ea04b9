import type { Step } from './plan.js';
import type { Begin } from './step.js';

/** The runner ends it, as it ends every step when the far end hangs up. */
export const expectHangup: Begin<Step<'expect-hangup'>> = () => ({
  missing: () => 'the far end did not hang up',
});
