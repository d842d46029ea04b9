import { describe, expect, it } from 'vitest';
import { newRecord } from '../../src/flow/call-record.js';
import { CRITERIA, judgeStep } from '../../src/load/capacity/judge.js';
import type { StepPlan } from '../../src/load/capacity/step.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { gateFrom } from '../../src/metrics/gate-spec.js';
import { StepGates } from '../../src/run/capacity-gates.js';
import { capacityReport } from '../fixtures/capacity.js';

const PLAN: StepPlan = {
  dimension: 'concurrency',
  purpose: 'climb',
  isForRefusals: false,
  level: 4,
  cps: 2,
  attempts: 14,
  filling: 4,
  isHeard: true,
  length: { since: 'answer', ms: 2000 },
};

function answered(srdMs: number, change: Partial<CallRecord> = {}): CallRecord {
  const at = { dueMs: 0, startedMs: 0 };
  const record = newRecord({ id: 1, direction: 'outbound', from: 'a', to: 'b', trunk: 'sip:t', ...at });
  Object.assign(record.timings, { inviteMs: 0, provisionalMs: srdMs, finalMs: srdMs + 100 });
  return Object.assign(record, { outcome: 'completed', status: 200, answeredMs: srdMs + 100 }, change);
}

function refused(): CallRecord {
  return answered(10, { outcome: 'failed', answeredMs: null, status: 503, cause: 'status' });
}

/** What a step of such calls breaches; all of them at its level. */
function breached(expressions: string[], records: CallRecord[], plan: Partial<StepPlan> = {}) {
  const gates = new StepGates(expressions.map((expression) => gateFrom(expression)));
  gates.begin({ ...PLAN, ...plan });
  for (const [i, record] of records.entries()) gates.add(record, PLAN.filling + i);
  return { breaches: gates.breaches('refused'), use: gates.use };
}

describe('gates of a profile in a step of a search for capacity', () => {
  it('fail it by what it held, and name what was measured and the cause', () => {
    const dropped = answered(80, { outcome: 'dropped' });
    const calls = [refused(), dropped, ...Array.from({ length: 8 }, (_, i) => answered(60 + 10 * i))];
    const { breaches } = breached(
      [
        'sip.setupFailureRatio < 5%',
        'sip.srdMs.success.p95 <= 100ms',
        'calls.dropped == 0',
        'calls.dropped / calls.answered < 50%',
      ],
      calls,
    );
    expect(breaches.map(({ expression, ailment }) => [expression, ailment])).toEqual([
      ['sip.setupFailureRatio < 5%', 'refused'],
      ['sip.srdMs.success.p95 <= 100ms', 'slow-setup'],
      ['calls.dropped == 0', 'dropped'],
    ]);
    expect(breaches.map(({ observed }) => observed)).toEqual(['10%', expect.stringMatching(/^13\d ms$/), '1']);
  });

  it('are judged by the attempts at the level, not by those that fill it', () => {
    const gates = new StepGates([gateFrom('calls.failed == 0')]);
    gates.begin(PLAN);
    gates.add(refused(), 3);
    gates.add(answered(10), 4);
    expect(gates.breaches('refused')).toEqual([]);
    gates.begin(PLAN);
    gates.add(refused(), 4);
    expect(gates.breaches('refused').length).toBe(1);
  });

  it('are named where a step cannot be judged by them, or none was', () => {
    const window = gateFrom({ expression: 'calls.dropped == 0', window: 5000, for: 0, abort: true });
    const gates = new StepGates([
      window,
      ...['trunk.exhausted == false', 'calls.answered >= 60', 'voice.ttfwMs.p95 < 1s', 'calls.failed == 0'].map(
        (expression) => gateFrom(expression),
      ),
    ]);
    gates.begin(PLAN);
    gates.add(answered(10), 5);
    expect(gates.breaches('refused')).toEqual([]);
    expect(gates.use).toEqual({
      judged: ['calls.failed == 0'],
      notJudged: [
        { expression: 'calls.dropped == 0', why: 'over a sliding window of a run' },
        { expression: 'trunk.exhausted == false', why: 'a figure of a whole run' },
        { expression: 'calls.answered >= 60', why: 'a number that a step sets itself' },
        { expression: 'voice.ttfwMs.p95 < 1s', why: 'not measured in any step' },
      ],
    });
  });

  it('of media, digits and drops are left out where calls are too short for them', () => {
    const gates = ['calls.dropped == 0', 'calls.failed == 0'];
    const calls = [answered(10, { outcome: 'dropped' }), refused()];
    const expressions = (plan: Partial<StepPlan>) => breached(gates, calls, plan).breaches.map((one) => one.expression);
    expect(expressions({ dimension: 'cps', isHeard: false })).toEqual(['calls.failed == 0']);
    expect(expressions({ dimension: 'cps' })).toEqual(gates);
    expect(expressions({ isForRefusals: true })).toEqual([]);
    expect(expressions({})).toEqual(gates);
  });

  it('decide a step that is within all other criteria, and no strained one', () => {
    const [{ figures }] = capacityReport().steps;
    const breaches = [{ expression: 'voice.ttfwMs.p95 < 1s', observed: '1200 ms', ailment: 'gate' as const }];
    expect(judgeStep({ ...figures, breaches }, CRITERIA, null)).toEqual({
      kind: 'failed',
      ailment: 'gate',
      share: null,
      gate: breaches[0],
    });
    expect(judgeStep({ ...figures, breaches, strain: ['late'] }, CRITERIA, null).kind).toBe('strained');
  });
});
