import { describe, expect, it } from 'vitest';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { FlowRecord } from '../../src/metrics/flow-record.js';
import { parseGate } from '../../src/metrics/gate-parser.js';
import { judgeGates } from '../../src/metrics/gates.js';
import type { Summary } from '../../src/metrics/summary.js';
import { reportHtml } from '../../src/report/html.js';
import { summaryText } from '../../src/report/summary-text.js';
import { WorstCallsCollector } from '../../src/report/worst-calls.js';
import { demoSummary } from '../fixtures/run.js';
import { answeredRecord } from '../support/records.js';

const MENU = '2 <menu>';

/** A list of two steps, of which the second took that long; `null`: it failed. */
function list(menuMs: number | null): FlowRecord {
  const passed = menuMs === null ? 0 : 1;
  return {
    result: menuMs === null ? 'failed' : 'passed',
    stepsDone: 1 + passed,
    stepsFailed: 1 - passed,
    failedStep: menuMs === null ? MENU : null,
    reason: menuMs === null ? 'heard 1 of 12 within 3000 ms' : null,
    steps: [
      { name: '1 wait', started: 1, passed: 1, failed: 0, ms: [100] },
      { name: MENU, started: 1, passed, failed: 1 - passed, ms: menuMs === null ? [] : [menuMs] },
    ],
  };
}

const UNFINISHED: FlowRecord = {
  ...list(1),
  result: 'unfinished',
  stepsDone: 0,
  steps: list(1).steps.map(({ name }) => ({ name, started: 0, passed: 0, failed: 0, ms: [] })),
};

function records() {
  const lists = [list(200), list(400), list(null), UNFINISHED];
  return [...lists.map((flow, id) => answeredRecord({ id, flow })), answeredRecord({ id: 4 })];
}

function summary(): Summary {
  const metrics = new CallMetrics();
  for (const record of records()) metrics.add(record);
  return { ...demoSummary(), flow: { caller: metrics.flow.caller.summary(), callee: metrics.flow.callee.summary() } };
}

describe('lists of steps in the summary', () => {
  it('count calls and steps, and what each took where it passed; a side without a list is null', () => {
    const { caller, callee } = summary().flow;
    expect(callee).toBeNull();
    expect(caller).toMatchObject({
      calls: 4,
      callsPassed: 2,
      callsFailed: 1,
      callsUnfinished: 1,
      failedRatio: 0.333333,
    });
    expect(caller!.steps.map(({ name, started, passed, failed }) => [name, started, passed, failed])).toEqual([
      ['1 wait', 3, 3, 0],
      [MENU, 3, 2, 1],
    ]);
    expect(caller!.steps[1].ms!.p50).toBeCloseTo(200, 0);
    expect(caller!.steps[1].ms!.max).toBe(400);
  });

  it.each([
    ['flow.caller.callsFailed == 1', true],
    ['flow.caller.failedRatio < 10%', false],
    ['flow.callee.callsFailed == 0', false],
  ])('%s is %s', (expression, pass) => {
    const parsed = parseGate(expression);
    if (!parsed.ok) throw new Error(parsed.message);
    expect(judgeGates([parsed.gate], summary())[0].pass).toBe(pass);
  });

  it('stand in the text, a line a step, within 80 columns', () => {
    const lines = summaryText(summary(), { colour: false }).split('\n');
    const at = lines.indexOf('FLOW OF THE CALLERS');
    expect(lines.slice(at + 1, at + 5).map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      'started passed failed p50 ms p95 ms',
      '1 wait 3 3 0 100 100',
      '2 <menu> 3 2 1 200 400',
      '4 calls: 2 passed, 1 failed (33.3%), 1 unfinished',
    ]);
    expect(Math.max(...lines.slice(at, at + 5).map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(summaryText(demoSummary(), { colour: false })).not.toContain('FLOW');
  });

  it('stand in the report, with the calls that failed at a step, names escaped', () => {
    const collector = new WorstCallsCollector();
    for (const record of records()) collector.add(record);
    const worst = collector.result();
    expect(worst.failed.map(({ id, problem }) => [id, problem])).toEqual([
      [2, `step of the caller: ${MENU} (heard 1 of 12 within 3000 ms)`],
    ]);
    const html = reportHtml({ summary: summary(), timeline: [], worst });
    expect(html).toContain('<h2>Flow</h2>');
    expect(html).toContain('2 &lt;menu&gt;');
    expect(html).not.toContain(MENU);
  });
});
