import type { Sound } from '../../audio/sound.js';
import type { FlowSpec, StepSpec } from './spec.js';

/** A step of one kind, as the profile has it. */
export type Step<Kind extends StepSpec['step']> = Extract<StepSpec, { step: Kind }>;

/** A step in its list. */
export interface PlannedStep {
  /** Place among the steps of the list, groups counted through. */
  index: number;
  /** What records and figures call it. */
  name: string;
  /** Name of the sound that belongs to it. */
  sound: string;
  spec: StepSpec;
}

/** A group of steps that is done over and over. */
export interface PlannedGroup {
  times: number;
  everyMs: number;
  steps: PlannedStep[];
}

export interface FlowPlan {
  /** In the order of the list. */
  steps: PlannedStep[];
  program: (PlannedStep | PlannedGroup)[];
}

/** All calls of a side have the same list. */
const plans = new WeakMap<FlowSpec, FlowPlan>();

/** A list with its steps named and counted through. */
export function planFlow(flow: FlowSpec): FlowPlan {
  const known = plans.get(flow);
  if (known) return known;
  const steps: PlannedStep[] = [];
  const plan = (spec: StepSpec, place: string): PlannedStep => {
    const step = { index: steps.length, name: spec.name ?? `${place} ${spec.step}`, sound: `flow ${place}`, spec };
    steps.push(step);
    return step;
  };
  const program = flow.map((spec, i): PlannedStep | PlannedGroup => {
    if (spec.step !== 'repeat') return plan(spec, `${i + 1}`);
    const group = spec.steps.map((inner, j) => plan(inner, `${i + 1}.${j + 1}`));
    return { times: spec.times, everyMs: spec.every ?? 0, steps: group };
  });
  const made = { steps, program };
  plans.set(flow, made);
  return made;
}

/** The list begins with the INVITE, and decides when the call is answered; otherwise it begins with the answer. */
export function ringsItself(flow: FlowSpec): boolean {
  return flow.some(
    (spec) =>
      spec.step === 'ring' ||
      spec.step === 'early-media' ||
      spec.step === 'answer' ||
      (spec.step === 'hangup' && spec.status !== undefined),
  );
}

/** Whether digits are sent as tones, so that the other side has to listen for such. */
export function sendsTones(flow: FlowSpec | undefined): boolean {
  return stepsOf(flow).some((spec) => spec.step === 'send-dtmf' && spec.method === 'inband');
}

/** Whether speech of the far end is listened for. */
export function expectsSpeech(flow: FlowSpec | undefined): boolean {
  return stepsOf(flow).some((spec) => spec.step === 'expect-speech');
}

/** What the steps say and play, by the names under which they do it. */
export function flowSounds(flow: FlowSpec | undefined): Record<string, Sound> {
  const sounds: Record<string, Sound> = {};
  if (flow === undefined) return sounds;
  for (const { spec, sound } of planFlow(flow).steps) {
    const made = soundOf(spec);
    if (made !== null) sounds[sound] = made;
  }
  return sounds;
}

function soundOf(spec: StepSpec): Sound | null {
  switch (spec.step) {
    case 'send-dtmf': {
      const { digits, method, tone, gap, level, twist } = spec;
      const dtmf = { digits, toneMs: tone, gapMs: gap, levelDbm0: level, twistDb: twist };
      return method === 'inband' ? { audio: 'silence', dtmf, once: true } : null;
    }
    case 'play':
      return { audio: spec.audio };
    case 'say':
      return { audio: spec.audio, seconds: spec.length / 1000, once: true };
    case 'silence':
      return { audio: 'silence' };
    case 'noise':
      return { audio: 'silence', noise: { kind: spec.kind, level: spec.level } };
    default:
      return null;
  }
}

function stepsOf(flow: FlowSpec | undefined): StepSpec[] {
  return flow === undefined ? [] : planFlow(flow).steps.map(({ spec }) => spec);
}
