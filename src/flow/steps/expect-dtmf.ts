import type { Step } from './plan.js';
import type { Begin } from './step.js';

/** A digit is taken by one step only: what comes after the last one is for the next step. */
export const expectDtmf: Begin<Step<'expect-dtmf'>> = ({ digits, count }, { farEnd, pass, fail }) => {
  const wanted = digits?.length ?? count!;
  const look = (): void => {
    const heard = farEnd.digits.slice(0, wanted);
    const isWrong = digits !== undefined && !digits.startsWith(heard);
    if (!isWrong && heard.length < wanted) return;
    farEnd.digits = farEnd.digits.slice(heard.length);
    if (isWrong) fail(`expected ${digits}, heard ${heard}`);
    else pass();
  };
  look();
  return {
    onEvent: look,
    missing: () => {
      const heard = farEnd.digits;
      farEnd.digits = '';
      return `heard ${heard === '' ? 'none' : heard} of ${digits ?? `${wanted} digits`}`;
    },
  };
};
