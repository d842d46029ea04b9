import { describe, expect, it } from 'vitest';
import { figureKind, figurePaths } from '../../src/metrics/figures.js';
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
  trunk: { exhausted: true, cause: 'channels' },
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
    expect(judgeGates([gate('responses.503 == 0')], nothing)[0]).toMatchObject({ pass: false, observed: null });
  });

  it.each([
    ['sip.setupFailureRatio', 'expected `figure comparison bound`'],
    ['sip.setupFailureRate < 2%', 'did you mean `sip.setupFailureRatio`'],
    ['sip.setupFailureRatio < soon', 'is no bound'],
    ['sip.setupFailureRatio = 2%', 'use =='],
    ['trunk.exhausted > 1', 'is no bound'],
    ['trunk.cause > channels', '== or !='],
    ['sip < 3', 'no figure `sip`'],
    ['constructor < 3', 'no figure'],
  ])('refuse %s with a reason', (expression, message) => {
    const parsed = parseGate(expression);
    expect(parsed.ok ? 'parsed' : parsed.message).toContain(message);
  });

  it('know every figure by its path', () => {
    for (const path of figurePaths()) expect(figureKind(path)).not.toBeNull();
  });
});
