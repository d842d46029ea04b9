import type { Clock } from '../../core/clock.js';
import type { FlowRecord } from '../../metrics/flow-record.js';
import { CallScope } from '../call-scope.js';
import type { FlowPlan, PlannedStep } from './plan.js';
import type { CallControl, CallEvent, FarEnd, Running } from './step.js';
import { beginStep } from './steps.js';

/** Why a call ended: the far end hung up or refused, its time was over, or this side ended it for another reason. */
export type CallEnd = { by: 'far-end'; reason: string } | { by: 'time'; reason: string } | { by: 'us' };

/** A step under way. */
interface Under {
  step: PlannedStep;
  startMs: number;
  running: Running | null;
}

/**
 * One call's way through its list, a step at a time.
 *
 * | event                             | what follows                                             |
 * |-----------------------------------|----------------------------------------------------------|
 * | a step passes                     | the next step                                            |
 * | a step fails, or its time is over | the call is hung up; with `onFail: continue` the next step |
 * | the list is over                  | a caller hangs up, a callee waits for the far end        |
 * | the far end hangs up              | the step under way fails, unless it waits for just that  |
 * | this side ends the call           | the list is unfinished                                   |
 */
export class FlowRun {
  readonly record: FlowRecord;
  private readonly farEnd: FarEnd = {
    isRinging: false,
    hasEarlyMedia: false,
    isAnswered: false,
    isSpeaking: false,
    digits: '',
  };
  private readonly queue: Iterator<PlannedStep | number>;
  /** Timers of the step under way. */
  private readonly scope: CallScope;
  private under: Under | null = null;
  /** Steps may pass at once: they are begun in a loop, and not each from within the one before. */
  private advancing = false;
  private ended = false;

  /** @param onThrow a step threw: a fault of ours */
  constructor(
    plan: FlowPlan,
    private readonly call: CallControl,
    private readonly clock: Clock,
    onThrow: (error: unknown) => void,
  ) {
    this.scope = new CallScope(onThrow);
    this.queue = walk(plan.program, clock);
    this.record = {
      result: 'unfinished',
      stepsDone: 0,
      stepsFailed: 0,
      failedStep: null,
      reason: null,
      steps: plan.steps.map(({ name }) => ({ name, started: 0, passed: 0, failed: 0, ms: [] })),
    };
  }

  start(): void {
    this.advance();
  }

  /** The far end did something. */
  tell(event: CallEvent): void {
    if (this.ended) return;
    const { farEnd } = this;
    switch (event.kind) {
      case 'ringing':
        farEnd.isRinging = true;
        break;
      case 'early-media':
        farEnd.isRinging = true;
        farEnd.hasEarlyMedia = true;
        break;
      case 'answered':
        farEnd.isAnswered = true;
        break;
      case 'digit':
        farEnd.digits += event.digit;
        break;
      case 'speech':
      case 'silence':
        farEnd.isSpeaking = event.kind === 'speech';
        break;
      default:
        event satisfies never;
    }
    this.under?.running?.onEvent?.(event);
  }

  /** The call is over, whatever ended it. Idempotent. */
  callEnded(end: CallEnd): void {
    if (this.ended) return;
    const { under } = this;
    if (end.by === 'us') {
      this.finish('unfinished');
    } else if (under === null) {
      this.record.reason ??= end.reason;
      this.finish('failed');
    } else if (end.by === 'far-end' && under.step.spec.step === 'expect-hangup') {
      this.settle(under, null);
      this.finish('passed');
    } else {
      this.settle(under, end.reason);
      this.finish('failed');
    }
  }

  /** Whether the far end is expected to hang up now. */
  get expectsHangup(): boolean {
    return this.under?.step.spec.step === 'expect-hangup';
  }

  private advance(): void {
    if (this.advancing) return;
    this.advancing = true;
    while (!this.ended && this.under === null) {
      const next = this.queue.next();
      if (next.done) {
        this.finish('passed');
        if (this.call.side === 'caller') this.call.hangUp(null);
      } else if (typeof next.value === 'number') {
        const pauseMs = next.value - this.clock.now();
        if (pauseMs <= 0) continue;
        this.scope.after(pauseMs, () => this.advance());
        break;
      } else {
        this.begin(next.value);
      }
    }
    this.advancing = false;
  }

  private begin(step: PlannedStep): void {
    const under: Under = { step, startMs: this.clock.now(), running: null };
    this.under = under;
    this.record.steps[step.index].started++;
    const isUnder = (): boolean => this.under === under;
    const over = (reason: string | null): void => {
      if (!isUnder()) return;
      this.settle(under, reason);
      this.under = null;
      if (step.spec.step === 'hangup') {
        this.finish('passed');
      } else if (reason !== null && step.spec.onFail === 'hangup') {
        this.finish('failed');
        this.call.hangUp(null);
      } else {
        this.advance();
      }
    };
    const { call, farEnd } = this;
    under.running = beginStep(step.spec, {
      call,
      farEnd,
      sound: step.sound,
      after: (ms, action) => {
        if (isUnder()) this.scope.after(ms, action);
      },
      pass: this.scope.guarded(() => over(null)),
      fail: this.scope.guarded((reason: string) => over(reason)),
    });
    if (!isUnder() || !('within' in step.spec) || step.spec.within === undefined) return;
    const { within } = step.spec;
    this.scope.after(within, () => over(`${under.running?.missing?.() ?? 'not over'} within ${within} ms`));
  }

  /** Notes how a step went. */
  private settle(under: Under, reason: string | null): void {
    const { record } = this;
    const counts = record.steps[under.step.index];
    this.scope.clearTimers();
    if (reason === null) {
      counts.passed++;
      record.stepsDone++;
      counts.ms.push(Math.round((this.clock.now() - under.startMs) * 1000) / 1000);
      return;
    }
    counts.failed++;
    record.stepsFailed++;
    record.failedStep ??= under.step.name;
    record.reason ??= reason;
  }

  private finish(result: FlowRecord['result']): void {
    this.ended = true;
    this.under = null;
    this.scope.clearTimers();
    // With `onFail: continue` the list went on.
    this.record.result = this.record.stepsFailed > 0 ? 'failed' : result;
  }
}

/** The steps in the order in which they are done; a number is the moment before which the next one does not begin. */
function* walk(program: FlowPlan['program'], clock: Clock): Generator<PlannedStep | number> {
  for (const part of program) {
    if ('spec' in part) {
      yield part;
      continue;
    }
    const startMs = clock.now();
    for (let i = 0; i < part.times; i++) {
      if (i > 0 && part.everyMs > 0) yield startMs + i * part.everyMs;
      yield* part.steps;
    }
  }
}
