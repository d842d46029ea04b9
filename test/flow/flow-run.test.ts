import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { planFlow } from '../../src/flow/steps/plan.js';
import { type CallEnd, FlowRun } from '../../src/flow/steps/run.js';
import { flowSpec } from '../../src/flow/steps/spec.js';
import type { CallControl, Change, Outcome, Side, StepDigits } from '../../src/flow/steps/step.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A list of steps on a call that is played by hand. What the call was asked for is noted in `asked`. */
class Bed implements CallControl {
  readonly asked: string[] = [];
  readonly thrown: unknown[] = [];
  readonly run: FlowRun;
  /** What of the digits goes out. */
  sendable = 'all';
  refusal: string | null = null;
  outcome: Outcome = { status: 200, reason: 'OK', mismatch: null };
  said: 'whole' | 'cut' | 'unsaid' = 'whole';

  constructor(
    steps: unknown[],
    readonly side: Side = 'caller',
  ) {
    const plan = planFlow(flowSpec.parse(steps));
    this.run = new FlowRun(plan, this, { now: () => Date.now() }, (error) => this.thrown.push(error));
  }

  /** Begins the list on an answered call. */
  answered(): this {
    this.run.tell({ kind: 'answered' });
    this.run.start();
    return this;
  }

  hear(digits: string): void {
    for (const digit of digits) this.run.tell({ kind: 'digit', digit });
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  end(end: CallEnd): void {
    this.run.callEnded(end);
  }

  ring(earlyMedia: boolean): string | null {
    this.asked.push(earlyMedia ? '183' : '180');
    return this.refusal;
  }

  answer(): string | null {
    this.asked.push('200');
    return this.refusal;
  }

  sendDigits({ digits, method }: StepDigits, sound: string): Promise<string> {
    this.asked.push(`${digits} by ${method}, ${sound}`);
    const ms = digits.length * 200;
    const sent = this.sendable === 'all' ? digits : this.sendable;
    return new Promise((resolve) => setTimeout(() => resolve(sent), ms));
  }

  say(sound: string): Promise<'whole' | 'cut' | 'unsaid'> {
    this.asked.push(`say ${sound}`);
    return new Promise((resolve) => setTimeout(() => resolve(this.said), 700));
  }

  play(sound: string | null): void {
    this.asked.push(`play ${sound}`);
  }

  reinvite(change: Change): Promise<Outcome> {
    this.asked.push(`re-INVITE ${JSON.stringify(change)}`);
    return this.respond();
  }

  update(): Promise<Outcome> {
    this.asked.push('UPDATE');
    return this.respond();
  }

  refer(target: string, isAttended: boolean): Promise<Outcome> {
    this.asked.push(`${isAttended ? 'attended ' : ''}REFER ${target}`);
    return this.respond();
  }

  private respond(): Promise<Outcome> {
    const { outcome } = this;
    return new Promise((resolve) => setTimeout(() => resolve(outcome), 30));
  }

  hangUp(status: number | null): void {
    this.asked.push(`hang up ${status ?? ''}`.trim());
    this.end({ by: 'us' });
  }

  get record() {
    return this.run.record;
  }
}

const step = (record: FlowRun['record'], index: number) => record.steps[index];

describe('a list of steps', () => {
  it('is done one step after the other, and a caller hangs up at its end', async () => {
    const bed = new Bed([
      { step: 'wait', for: '1s' },
      { step: 'send-dtmf', digits: '12' },
      { step: 'wait', for: '500ms' },
    ]).answered();
    await bed.pass(999);
    expect(bed.asked).toEqual([]);
    await bed.pass(1);
    expect(bed.asked).toEqual(['12 by rfc4733, flow 2']);
    await bed.pass(400 + 100 + 499);
    expect(bed.asked).toHaveLength(1);
    await bed.pass(1);
    expect(bed.asked[1]).toBe('hang up');
    expect(bed.record).toEqual({
      result: 'passed',
      stepsDone: 3,
      stepsFailed: 0,
      failedStep: null,
      reason: null,
      steps: [
        { name: '1 wait', started: 1, passed: 1, failed: 0, ms: [1000] },
        { name: '2 send-dtmf', started: 1, passed: 1, failed: 0, ms: [500] },
        { name: '3 wait', started: 1, passed: 1, failed: 0, ms: [500] },
      ],
    });
  });

  it('that a callee has leaves the call up at its end', async () => {
    const bed = new Bed([{ step: 'wait', for: 100 }], 'callee').answered();
    await bed.pass(100);
    expect(bed.asked).toEqual([]);
    bed.end({ by: 'far-end', reason: 'the far end hung up' });
    expect(bed.record.result).toBe('passed');
  });

  it('rings and answers where it says so, and is told when the call is answered', async () => {
    const bed = new Bed(['ring', { step: 'wait', for: 300 }, 'early-media', 'answer', 'hangup'], 'callee');
    bed.run.start();
    await bed.pass(300);
    expect(bed.asked).toEqual(['180', '183', '200']);
    bed.run.tell({ kind: 'answered' });
    expect(bed.asked[3]).toBe('hang up');
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 5 });
  });

  it('of a caller waits for the far end to ring and to answer', () => {
    const bed = new Bed(['ring', 'early-media', 'answer', { step: 'wait', for: 10 }]);
    bed.run.start();
    for (const kind of ['ringing', 'early-media', 'answered'] as const) bed.run.tell({ kind });
    expect(bed.record.steps.map(({ passed }) => passed)).toEqual([1, 1, 1, 0]);
  });

  it('of a caller fails where the call is answered without what it waits for', () => {
    const bed = new Bed(['early-media', 'answer']);
    bed.run.start();
    bed.run.tell({ kind: 'ringing' });
    bed.run.tell({ kind: 'answered' });
    expect(bed.record).toMatchObject({ result: 'failed', failedStep: '1 early-media' });
    expect(bed.record.reason).toBe('answered without early media');
  });

  it('fails with the final response that refused the call', () => {
    const bed = new Bed(['answer']);
    bed.run.start();
    bed.end({ by: 'far-end', reason: '486 Busy Here' });
    expect(bed.record).toMatchObject({ result: 'failed', failedStep: '1 answer', reason: '486 Busy Here' });
  });

  it('refuses a call with the status that it names', () => {
    const bed = new Bed(['ring', { step: 'hangup', status: 486 }], 'callee');
    bed.run.start();
    expect(bed.asked).toEqual(['180', 'hang up 486']);
    expect(bed.record.result).toBe('passed');
  });

  it('fails where the call cannot be answered', () => {
    const bed = new Bed(['answer'], 'callee');
    bed.refusal = 'offered G729/8000, none of which is spoken';
    bed.run.start();
    expect(bed.record).toMatchObject({ result: 'failed', failedStep: '1 answer', reason: bed.refusal });
  });
});

describe('digits', () => {
  it('are expected one list after the other, those that come ahead of their step too', () => {
    const bed = new Bed([
      { step: 'expect-dtmf', digits: '12' },
      { step: 'expect-dtmf', count: 2 },
    ]).answered();
    bed.hear('1293');
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 2 });
  });

  it('are wrong with the first one that is not expected', () => {
    const bed = new Bed([{ step: 'expect-dtmf', digits: '1234' }]).answered();
    bed.hear('125');
    expect(bed.record).toMatchObject({ result: 'failed', reason: 'expected 1234, heard 125' });
    expect(bed.asked).toEqual(['hang up']);
  });

  it('that do not come in time fail their step, which says what was heard', async () => {
    const bed = new Bed([{ step: 'expect-dtmf', digits: '1234', within: '3s' }]).answered();
    bed.hear('12');
    await bed.pass(2999);
    expect(bed.record.stepsFailed).toBe(0);
    await bed.pass(1);
    expect(bed.record).toMatchObject({ failedStep: '1 expect-dtmf', reason: 'heard 12 of 1234 within 3000 ms' });
  });

  it('that do not all go out fail their step', async () => {
    const bed = new Bed([{ step: 'send-dtmf', digits: '123', method: 'info-dtmf' }]);
    bed.sendable = '1';
    bed.answered();
    await bed.pass(600);
    expect(bed.record).toMatchObject({ result: 'failed', reason: 'sent 1 of 123' });
  });
});

describe('audio', () => {
  it('is said to its end before the next step', async () => {
    const bed = new Bed([{ step: 'say', audio: 'hello.wav' }, 'hangup']).answered();
    await bed.pass(699);
    expect(bed.asked).toEqual(['say flow 1']);
    await bed.pass(1);
    expect(bed.asked[1]).toBe('hang up');
  });

  it.each([
    ['cut', 'was cut off'],
    ['unsaid', 'no audio was being sent'],
  ] as const)('that is %s fails its step', async (said, reason) => {
    const bed = new Bed([{ step: 'say' }]);
    bed.said = said;
    bed.answered();
    await bed.pass(700);
    expect(bed.record).toMatchObject({ result: 'failed', reason });
  });

  it('is played for a time, and then what the side plays otherwise; without a time it goes on', async () => {
    const steps = [
      { step: 'noise', for: '1s' },
      { step: 'silence', for: '1s' },
      { step: 'play', audio: 'speech' },
      'hangup',
    ];
    const bed = new Bed(steps).answered();
    await bed.pass(1999);
    expect(bed.asked).toEqual(['play flow 1', 'play null', 'play flow 2']);
    await bed.pass(1);
    expect(bed.asked.slice(3)).toEqual(['play null', 'play flow 3', 'hang up']);
  });
});

describe('speech', () => {
  it('is expected to begin, or to end; what is under way counts', () => {
    const bed = new Bed(['expect-speech', { step: 'expect-speech', until: 'end' }]).answered();
    bed.run.tell({ kind: 'speech' });
    expect(bed.record.stepsDone).toBe(1);
    bed.run.tell({ kind: 'silence' });
    expect(bed.record.result).toBe('passed');
  });

  it('that ended before its step does not count', async () => {
    const steps = [
      { step: 'wait', for: 100 },
      { step: 'expect-speech', within: '1s' },
    ];
    const bed = new Bed(steps).answered();
    bed.run.tell({ kind: 'speech' });
    bed.run.tell({ kind: 'silence' });
    await bed.pass(1100);
    expect(bed.record).toMatchObject({ result: 'failed', reason: 'no speech was heard within 1000 ms' });
  });

  it('that goes on for too long fails its step', async () => {
    const bed = new Bed([{ step: 'expect-speech', until: 'end', within: '1s' }]).answered();
    bed.run.tell({ kind: 'speech' });
    await bed.pass(1000);
    expect(bed.record.reason).toBe('the far end did not stop speaking within 1000 ms');
  });
});

describe('a session', () => {
  it('is changed and refreshed, one request after the other', async () => {
    const reinvite = { step: 'reinvite', codecs: ['PCMA'] };
    const steps = ['hold', 'resume', reinvite, 'refresh', { step: 'refresh', method: 'reinvite' }, 'hangup'];
    const bed = new Bed(steps).answered();
    await bed.pass(5 * 30);
    expect(bed.asked).toEqual([
      're-INVITE {"hold":true}',
      're-INVITE {"hold":false}',
      're-INVITE {"codecs":["PCMA"]}',
      'UPDATE',
      're-INVITE {}',
      'hang up',
    ]);
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 6 });
  });

  it.each([
    [{ status: 488, reason: 'Not Acceptable Here', mismatch: null }, {}, '488 Not Acceptable Here'],
    [{ status: 200, reason: 'OK', mismatch: null }, { status: 488 }, 'expected 488, got 200 OK'],
    [{ status: null, reason: 'the socket is gone', mismatch: null }, {}, 'the socket is gone'],
    [
      { status: 200, reason: 'OK', mismatch: 'answered with PCMU/8000, none of which was offered' },
      {},
      'answered with PCMU/8000, none of which was offered',
    ],
  ])('that is not changed as expected fails: %o', async (outcome, expected, reason) => {
    const bed = new Bed([{ step: 'reinvite', codecs: ['PCMA'], ...expected }]);
    bed.outcome = outcome;
    bed.answered();
    await bed.pass(30);
    expect(bed.record).toMatchObject({ result: 'failed', reason });
  });

  it('is transferred, attended or not', async () => {
    const to = 'sip:x@192.0.2.1';
    const bed = new Bed([
      { step: 'refer', to },
      { step: 'refer', to, attended: true, status: 486 },
    ]);
    bed.answered();
    bed.outcome = { status: 486, reason: 'Busy Here', mismatch: null };
    await bed.pass(60);
    expect(bed.asked).toEqual([`REFER ${to}`, `attended REFER ${to}`, 'hang up']);
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 2 });
  });

  it('that is refused as expected passes', async () => {
    const bed = new Bed([{ step: 'hold', status: 488 }, 'hangup']);
    bed.outcome = { status: 488, reason: 'Not Acceptable Here', mismatch: null };
    bed.answered();
    await bed.pass(30);
    expect(bed.record.result).toBe('passed');
  });

  it('whose change is not answered in time fails', async () => {
    const bed = new Bed([{ step: 'hold', within: 20 }]).answered();
    await bed.pass(30);
    expect(bed.record.reason).toBe('no final response within 20 ms');
  });
});

describe('a step that fails', () => {
  it('does not end the call where the list says so, and the call has failed all the same', async () => {
    const bed = new Bed([
      { step: 'expect-dtmf', digits: '1', within: 100, onFail: 'continue', name: 'menu' },
      { step: 'wait', for: 50 },
    ]).answered();
    await bed.pass(100);
    expect(bed.asked).toEqual([]);
    await bed.pass(50);
    expect(bed.record).toMatchObject({ result: 'failed', stepsDone: 1, stepsFailed: 1, failedStep: 'menu' });
  });

  it('leaves its digits to nobody: what was heard in vain does not count for the next step', async () => {
    const bed = new Bed([
      { step: 'expect-dtmf', digits: '12', within: 100, onFail: 'continue' },
      { step: 'expect-dtmf', digits: '1', within: 100 },
    ]).answered();
    bed.hear('1');
    await bed.pass(200);
    expect(bed.record).toMatchObject({ stepsDone: 0, stepsFailed: 2 });
  });
});

describe('a call that ends', () => {
  const WAITING = [{ step: 'wait', for: '10s' }];

  it('before its list fails the step under way, when the far end hangs up', () => {
    const bed = new Bed(WAITING).answered();
    bed.end({ by: 'far-end', reason: 'the far end hung up' });
    expect(bed.record).toMatchObject({ result: 'failed', failedStep: '1 wait', reason: 'the far end hung up' });
    expect(bed.asked).toEqual([]);
  });

  it('by the far end as it is expected to passes', async () => {
    const bed = new Bed([
      { step: 'wait', for: 20 },
      { step: 'expect-hangup', within: '1s' },
    ]).answered();
    expect(bed.run.expectsHangup).toBe(false);
    await bed.pass(20);
    expect(bed.run.expectsHangup).toBe(true);
    bed.end({ by: 'far-end', reason: 'the far end hung up' });
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 2, failedStep: null });
  });

  it('because its time is over fails', () => {
    const bed = new Bed(WAITING).answered();
    bed.end({ by: 'time', reason: '`hold` was over' });
    expect(bed.record).toMatchObject({ result: 'failed', reason: '`hold` was over' });
  });

  it('with the run leaves its list unfinished, and nothing happens any more', async () => {
    const bed = new Bed(WAITING).answered();
    bed.end({ by: 'us' });
    await bed.pass(60_000);
    expect(bed.record).toMatchObject({ result: 'unfinished', stepsDone: 0, stepsFailed: 0, failedStep: null });
    expect(bed.asked).toEqual([]);
  });
});

describe('a group of steps', () => {
  it('is done so often, each time at its moment', async () => {
    const steps = [{ step: 'send-dtmf', digits: '1', tone: 100, gap: 50 }];
    const bed = new Bed([
      { step: 'repeat', times: 3, every: '1s', steps },
      { step: 'wait', for: 10 },
    ]).answered();
    await bed.pass(1999);
    expect(bed.asked).toHaveLength(2);
    await bed.pass(1 + 250 + 10);
    expect(step(bed.record, 0)).toEqual({
      name: '1.1 send-dtmf',
      started: 3,
      passed: 3,
      failed: 0,
      ms: [250, 250, 250],
    });
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 4 });
  });

  it('that takes longer than its interval goes on at once', async () => {
    const bed = new Bed([{ step: 'repeat', times: 3, every: 10, steps: [{ step: 'wait', for: 100 }] }]).answered();
    await bed.pass(300);
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 3 });
  });

  it('of steps that pass at once is no recursion', () => {
    const steps = [{ step: 'expect-dtmf', count: 1 }];
    const bed = new Bed([{ step: 'repeat', times: 10_000, steps }]);
    bed.hear('5'.repeat(10_000));
    bed.answered();
    expect(bed.record).toMatchObject({ result: 'passed', stepsDone: 10_000 });
  });

  it('whose call ends between two of its steps fails without a step', async () => {
    const bed = new Bed([{ step: 'repeat', times: 2, every: '1s', steps: [{ step: 'wait', for: 10 }] }]).answered();
    await bed.pass(500);
    bed.end({ by: 'far-end', reason: 'the far end hung up' });
    expect(bed.record).toMatchObject({
      result: 'failed',
      stepsDone: 1,
      failedStep: null,
      reason: 'the far end hung up',
    });
  });
});
