import type { Step } from './plan.js';
import type { Begin } from './step.js';

/** With `for` it goes back to what the side plays otherwise; without it, it goes on from here. */
export const play: Begin<Step<'play' | 'silence' | 'noise'>> = (spec, { call, sound, after, pass }) => {
  call.play(sound);
  if (spec.for === undefined) {
    pass();
    return null;
  }
  after(spec.for, () => {
    call.play(null);
    pass();
  });
  return null;
};
