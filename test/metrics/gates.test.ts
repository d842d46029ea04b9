import { describe, expect, it } from 'vitest';
import { Distribution } from '../../src/metrics/distribution.js';
import { figureOf, figurePaths } from '../../src/metrics/figures.js';
import { type Gate, parseGate } from '../../src/metrics/gate-parser.js';
import { judgeGates } from '../../src/metrics/gates.js';
import type { Summary } from '../../src/metrics/summary.js';

function gate(expression: string): Gate {
  const parsed = parseGate(expression);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.gate;
}

const summary = {
  calls: { attempted: 100, answered: 90 },
  responses: { '200': 90, '503': 10 },
  sip: { setupFailureRatio: 0.1, srdMs: { success: { p95: 750 }, failure: null } },
  inbound: { dealt: { answered: 90 } },
  trunk: { exhausted: true, cause: 'channels', own: { identity: { missing: 0, refused: { '438': 2 } } } },
  media: {
    downlink: { mosLq: null, lossRatio: 0.02 },
    oneWay: { byCause: { silence: 2 } },
    impaired: { calls: 3, byCause: { garbled: 3 } },
  },
} as unknown as Summary;

const judge = (expression: string) => judgeGates([gate(expression)], summary)[0];

describe('gates', () => {
  it.each([
    ['sip.setupFailureRatio < 0.2', true],
    ['sip.setupFailureRatio < 10%', false],
    ['sip.setupFailureRatio <= 10%', true],
    ['sip.srdMs.success.p95 <= 0.75s', true],
    ['sip.srdMs.success.p95 > 800ms', false],
    ['trunk.exhausted == true', true],
    ['trunk.cause == channels', true],
    ['trunk.cause != "channels"', false],
    ['responses.503 == 10', true],
    ['responses.486 == 0', true],
    ['trunk.own.identity.refused.438 == 2', true],
    ['trunk.own.identity.refused.428 == 0', true],
    ['inbound.dealt.busy == 0', true],
    ['media.oneWay.byCause.no-rtp == 0', true],
    ['media.oneWay.byCause.silence >= 2', true],
    ['media.impaired.calls == 0', false],
    ['media.impaired.byCause.garbled <= 3', true],
    ['media.impaired.byCause.late == 0', true],
  ])('%s is %s', (expression, pass) => {
    expect(judge(expression).pass).toBe(pass);
  });

  it('fail on a figure that was not measured, and say so', () => {
    expect(judge('media.downlink.mosLq.p5 >= 1')).toEqual({
      expression: 'media.downlink.mosLq.p5 >= 1',
      observed: null,
      pass: false,
      reason: 'not measured',
    });
    expect(judge('sip.srdMs.failure.p50 < 1000')).toMatchObject({ pass: false, reason: 'not measured' });
    const nothing = { ...summary, calls: { attempted: 0, answered: 0 }, responses: {} } as unknown as Summary;
    for (const expression of ['responses.503 == 0', 'trunk.own.identity.refused.428 == 0'])
      expect(judgeGates([gate(expression)], nothing)[0]).toMatchObject({ pass: false, observed: null });
    const unverified = { ...summary, trunk: { own: { identity: null } } } as unknown as Summary;
    expect(judgeGates([gate('trunk.own.identity.refused.428 == 0')], unverified)[0].observed).toBeNull();
  });

  it.each([
    ['sip.setupFailureRatio', 'expected `figure comparison bound`'],
    ['sip.setupFailureRate < 2%', 'did you mean `sip.setupFailureRatio`'],
    ['sip.srdMs.p95 < 200ms', 'did you mean `sip.srdMs.success.p95`'],
    ['sip.setupFailureRatio < soon', 'is no bound'],
    ['sip.setupFailureRatio = 2%', 'use =='],
    ['trunk.exhausted > 1', 'is no bound'],
    ['trunk.cause > channels', '== or !='],
    ['sip < 3', 'no figure `sip`'],
    ['constructor < 3', 'no figure'],
    ['sip.srdMs.success.p100 < 3', 'no figure'],
    ['sip.srdMs.success.p0 < 3', 'no figure'],
    ['calls.answered.p90 < 3', 'no figure'],
    ['media.pacingErrorMs.p90 < 3', 'no figure'],
    ['calls.dropped / calls.answer < 3%', 'did you mean `calls.answered`'],
    ['calls.dropped / sip.acdMs < 3', 'of one kind'],
    ['trunk.cause / trunk.cause < 3', 'cannot be divided'],
    ['calls.dropped / calls.answered < 3s', 'is no bound for calls.dropped / calls.answered'],
  ])('refuse %s with a reason', (expression, message) => {
    const parsed = parseGate(expression);
    expect(parsed.ok ? 'parsed' : parsed.message).toContain(message);
  });

  it('know every figure by its path', () => {
    for (const path of figurePaths()) expect(figureOf(path)).toMatchObject({ path, quantile: null });
  });

  it('take any percentile of a distribution, of the values themselves', () => {
    const setup = new Distribution();
    for (let ms = 1; ms <= 1000; ms++) setup.record(ms);
    const figures = { ...summary, sip: { ...summary.sip, setupMs: setup.percentiles() } } as unknown as Summary;
    const at = (figure: string) => judgeGates([gate(`${figure} < 10s`)], figures)[0].observed;
    expect(at('sip.setupMs.p90')).toBeCloseTo(900, -1);
    expect(at('sip.setupMs.p99.9')).toBeCloseTo(999, 0);
    expect(at('sip.setupMs.p1')).toBeCloseTo(10, 0);
    expect(at('sip.setupMs.p95')).toBe(setup.percentiles()!.p95);
    const foreign = { ...figures, sip: { setupMs: { p50: 1, p95: 2, p99: 3, max: 4 } } } as unknown as Summary;
    expect(judgeGates([gate('sip.setupMs.p90 < 10s')], foreign)[0]).toMatchObject({ observed: null, pass: false });
  });

  it('judge the share of one figure in another one', () => {
    expect(judge('calls.answered / calls.attempted >= 90%')).toMatchObject({ observed: 0.9, pass: true });
    expect(judge('responses.503 / calls.attempted < 0.1')).toMatchObject({ observed: 0.1, pass: false });
    expect(judge('calls.answered / responses.486 < 5%')).toMatchObject({ observed: null, reason: 'not measured' });
  });
});
