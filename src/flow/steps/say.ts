import type { Step } from './plan.js';
import type { Begin } from './step.js';

export const say: Begin<Step<'say'>> = (_spec, { call, sound, pass, fail }) => {
  void call.say(sound).then((said) => {
    if (said === 'whole') pass();
    else fail(said === 'cut' ? 'was cut off' : 'no audio was being sent');
  });
  return null;
};
