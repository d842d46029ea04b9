import { answer } from './answer.js';
import { earlyMedia } from './early-media.js';
import { expectDtmf } from './expect-dtmf.js';
import { expectHangup } from './expect-hangup.js';
import { expectSpeech } from './expect-speech.js';
import { hangup } from './hangup.js';
import { hold } from './hold.js';
import type { Step } from './plan.js';
import { play } from './play.js';
import { refer } from './refer.js';
import { refresh } from './refresh.js';
import { reinvite } from './reinvite.js';
import { ring } from './ring.js';
import { say } from './say.js';
import { sendDtmf } from './send-dtmf.js';
import type { StepSpec } from './spec.js';
import type { Begin, Running, StepContext } from './step.js';
import { wait } from './wait.js';

const STEPS: { [Kind in StepSpec['step']]: Begin<Step<Kind>> } = {
  wait,
  ring,
  'early-media': earlyMedia,
  answer,
  'send-dtmf': sendDtmf,
  'expect-dtmf': expectDtmf,
  play,
  say,
  silence: play,
  noise: play,
  'expect-speech': expectSpeech,
  hold,
  resume: hold,
  reinvite,
  refresh,
  refer,
  'expect-hangup': expectHangup,
  hangup,
};

export function beginStep(spec: StepSpec, context: StepContext): Running | null {
  // Which function belongs to which step is told by the table's type, one key at a time.
  return (STEPS[spec.step] as Begin<StepSpec>)(spec, context);
}
