import type { Step } from './plan.js';
import type { Begin } from './step.js';

export const sendDtmf: Begin<Step<'send-dtmf'>> = (spec, { call, sound, after, pass, fail }) => {
  void call.sendDigits(spec, sound).then((sent) => {
    // Whoever listens for tones knows that the last one has ended by the pause that follows it.
    if (sent === spec.digits) after(spec.gap, pass);
    else fail(sent === '' ? `could not send ${spec.digits} by ${spec.method}` : `sent ${sent} of ${spec.digits}`);
  });
  return null;
};
