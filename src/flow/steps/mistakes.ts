import { OPAQUE_CODEC_NAMES } from '../../core/codecs.js';
import { planFlow, ringsItself } from './plan.js';
import { type FlowSpec, flowSpec, type StepSpec } from './spec.js';
import type { Side } from './step.js';

/** Steps that need no answered call. */
const BEFORE_THE_ANSWER: readonly StepSpec['step'][] = ['wait', 'ring', 'early-media', 'answer', 'hangup'];
/** Steps that need no more than early media. */
const WITH_EARLY_MEDIA: readonly StepSpec['step'][] = ['play', 'say', 'silence', 'noise'];
/** Steps that need audio that is encoded here. */
const WITH_AUDIO: readonly StepSpec['step'][] = [...WITH_EARLY_MEDIA, 'expect-speech'];
/** Once in a call at most. */
const ONCE: readonly StepSpec['step'][] = ['ring', 'early-media', 'answer', 'expect-hangup', 'hangup'];
/** Steps that one call may do: its record keeps the time of each. */
const MOST_STEPS = 20_000;

/** What a list cannot stand beside: it says itself what is done when. */
const CLASHES: Record<Side, readonly string[]> = {
  caller: ['dtmf', 'turns', 'putOnHold'],
  callee: ['dtmf', 'agent', 'turns'],
};

/** A mistake in the list of a side; `path` within that side. */
export interface FlowMistake {
  path: (string | number)[];
  message: string;
}

/** What the list of a side cannot be checked for step by step. Takes nothing for granted of the side's shape. */
export function flowMistakes(side: Side, fields: Record<string, unknown>): FlowMistake[] {
  if (fields.flow === undefined) return [];
  const parsed = flowSpec.safeParse(fields.flow);
  // Of what is wrong with single steps the schema tells.
  if (!parsed.success) return [];
  const flow = parsed.data;
  const mistakes: FlowMistake[] = [];
  for (const field of CLASHES[side])
    if (fields[field] !== undefined)
      mistakes.push({
        path: [field],
        message: 'cannot stand beside `flow`: what is done in the call stands in the list',
      });
  orderMistakes(flow, side, mistakes);
  if (ringsItself(flow) && side === 'callee') ringMistakes(fields, mistakes);
  audioMistakes(flow, fields.codecs, mistakes);
  codecMistakes(flow, fields.codecs, mistakes);
  lengthMistakes(flow, side === 'caller' ? fields.hold : undefined, mistakes);
  return mistakes;
}

function orderMistakes(flow: FlowSpec, side: Side, mistakes: FlowMistake[]): void {
  let isAnswered = !ringsItself(flow);
  const seen = new Set<string>();
  let last: string | null = null;
  const check = (spec: StepSpec, path: FlowMistake['path'], isRepeated: boolean): void => {
    const { step } = spec;
    const issue = (message: string): void => void mistakes.push({ path, message });
    if (last !== null) issue(`nothing can follow \`${last}\`: the list ends there`);
    if (isRepeated && ONCE.includes(step)) issue(`\`${step}\` happens once in a call: take it out of the group`);
    else if (seen.has(step) && ONCE.includes(step)) issue(`\`${step}\` happens once in a call: take this one out`);
    if (isAnswered && (step === 'ring' || step === 'early-media')) issue(`\`${step}\` comes after the answer`);
    const isEarly = seen.has('early-media') && WITH_EARLY_MEDIA.includes(step);
    if (!isAnswered && !isEarly && !BEFORE_THE_ANSWER.includes(step))
      issue(`\`${step}\` needs an answered call: \`answer\` before it`);
    if (step === 'hangup' && spec.status !== undefined && (side === 'caller' || isAnswered))
      issue('`status` is for a callee that has not answered: leave it out');
    seen.add(step);
    if (step === 'answer') isAnswered = true;
    if (step === 'hangup' || step === 'expect-hangup') last = step;
  };
  for (const [i, spec] of flow.entries()) {
    if (spec.step !== 'repeat') check(spec, ['flow', i], false);
    else for (const [j, inner] of spec.steps.entries()) check(inner, ['flow', i, 'steps', j], true);
  }
  if (!isAnswered && !seen.has('hangup'))
    mistakes.push({ path: ['flow'], message: 'neither answers nor hangs up: add `answer` or `hangup`' });
}

/** A callee whose list rings and answers does so at no other time. */
function ringMistakes(fields: Record<string, unknown>, mistakes: FlowMistake[]): void {
  const message = 'cannot stand beside a `flow` that rings and answers: write it as `wait` and `early-media`';
  for (const field of ['ringAfter', 'answerAfter']) {
    const delay = fields[field] as { max?: unknown } | undefined;
    if (typeof delay === 'object' && delay !== null && delay.max !== 0) mistakes.push({ path: [field], message });
  }
  if (fields.earlyMedia === true) mistakes.push({ path: ['earlyMedia'], message });
}

function audioMistakes(flow: FlowSpec, codecs: unknown, mistakes: FlowMistake[]): void {
  const opaque = OPAQUE_CODEC_NAMES.find((name) => Array.isArray(codecs) && codecs.includes(name));
  const step = planFlow(flow).steps.find(({ spec }) => WITH_AUDIO.includes(spec.step) || isInband(spec));
  if (opaque !== undefined && step !== undefined)
    mistakes.push({
      path: ['flow'],
      message: `\`${step.name}\` cannot be done with ${opaque}, which is not encoded here`,
    });
  const names = planFlow(flow).steps.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) mistakes.push({ path: ['flow'], message: `has two steps of the name \`${twice}\`` });
}

/** What is sent is encoded ahead, so it has to be known of. */
function codecMistakes(flow: FlowSpec, codecs: unknown, mistakes: FlowMistake[]): void {
  for (const { name, spec } of planFlow(flow).steps) {
    if (spec.step !== 'reinvite' || !Array.isArray(codecs)) continue;
    const other = spec.codecs.find((codec) => !codecs.includes(codec));
    if (other !== undefined)
      mistakes.push({
        path: ['flow'],
        message: `\`${name}\` offers ${other}, which is not among \`codecs\`: add it there`,
      });
  }
}

function isInband(spec: StepSpec): boolean {
  return spec.step === 'send-dtmf' && spec.method === 'inband';
}

function lengthMistakes(flow: FlowSpec, hold: unknown, mistakes: FlowMistake[]): void {
  let steps = 0;
  let leastMs = 0;
  for (const part of planFlow(flow).program) {
    const [group, times, everyMs] = 'spec' in part ? [[part], 1, 0] : [part.steps, part.times, part.everyMs];
    const once = group.reduce((sum, { spec }) => sum + leastOf(spec), 0);
    steps += times * group.length;
    leastMs += once + (times - 1) * Math.max(once, everyMs);
  }
  if (steps > MOST_STEPS)
    mistakes.push({ path: ['flow'], message: `comes to ${steps} steps in a call: ${MOST_STEPS} are the most` });
  if (typeof hold === 'number' && leastMs > hold)
    mistakes.push({
      path: ['hold'],
      message: `the steps of \`flow\` take ${leastMs} ms at least, and a call lasts ${hold} ms at most: make it longer`,
    });
}

/** How long a step takes at least, in ms. */
function leastOf(spec: StepSpec): number {
  if (spec.step === 'wait') return spec.for;
  if (spec.step === 'play' || spec.step === 'silence' || spec.step === 'noise') return spec.for ?? 0;
  return spec.step === 'send-dtmf' ? spec.digits.length * (spec.tone + spec.gap) : 0;
}
