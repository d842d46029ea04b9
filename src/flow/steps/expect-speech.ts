import type { Step } from './plan.js';
import type { Begin } from './step.js';

/** Speech that is under way counts, speech that ended before the step does not. */
export const expectSpeech: Begin<Step<'expect-speech'>> = ({ until }, { farEnd, pass }) => {
  let isHeard = false;
  const look = (): void => {
    isHeard ||= farEnd.isSpeaking;
    if (isHeard && (until === 'start' || !farEnd.isSpeaking)) pass();
  };
  look();
  return { onEvent: look, missing: () => (isHeard ? 'the far end did not stop speaking' : 'no speech was heard') };
};
