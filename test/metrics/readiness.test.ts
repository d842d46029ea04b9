import { describe, expect, it } from 'vitest';
import { ProfileError, parseProfile } from '../../src/profile/read.js';
import { reportHtml } from '../../src/report/html.js';
import { summaryText } from '../../src/report/summary-text.js';
import { planOf } from '../../src/run/plan.js';
import { RunState } from '../../src/run/run-state.js';
import { summarise } from '../../src/run/summarise.js';
import { answeredRecord, failedRecord } from '../support/records.js';

const LOAD = 'name: p\nload: [{ shape: constant, cps: 10, for: 1s }]\n';

const CRITERIA = `
gates: [calls.attempted >= 1]
readiness:
  - { criterion: Setup failures, gate: sip.setupFailureRatio < 2% }
  - { criterion: Word error rate, threshold: < 5% }
  - { criterion: "Time to first word, p95", gate: voice.ttfwMs.p95 < 400ms }
  - { criterion: Setup, gate: sip.setupMs.p90 <= 1.5s }
  - { criterion: Drops, gate: { expression: calls.dropped / calls.answered < 5%, window: 1s } }
`;

function summaryOf(criteria: string, failed: number) {
  const profile = parseProfile(LOAD + criteria, 'p');
  const state = new RunState(profile, 'id', new Date(0), planOf(profile), ['sip:t']);
  for (let i = 0; i < 10; i++) state.metrics.add(i < failed ? failedRecord(503) : answeredRecord());
  state.gates.advance(1000);
  return summarise(state, state.startMs + 1000, '1.2.3');
}

describe('criteria of readiness', () => {
  it('stand with threshold, what was measured, and whether that passes; what nothing measures has no result', () => {
    const summary = summaryOf(CRITERIA, 1);
    expect(summary.readiness).toEqual([
      {
        criterion: 'Setup failures',
        threshold: '< 2%',
        expression: 'sip.setupFailureRatio < 2%',
        measured: 0.1,
        pass: false,
      },
      { criterion: 'Word error rate', threshold: '< 5%', expression: null, measured: null, pass: null },
      {
        criterion: 'Time to first word, p95',
        threshold: '< 400 ms',
        expression: 'voice.ttfwMs.p95 < 400ms',
        measured: null,
        pass: null,
      },
      { criterion: 'Setup', threshold: '<= 1500 ms', expression: 'sip.setupMs.p90 <= 1.5s', measured: 100, pass: true },
      {
        criterion: 'Drops',
        threshold: '< 5% in 1 s',
        expression: 'calls.dropped / calls.answered < 5%',
        measured: 0,
        pass: true,
      },
    ]);
  });

  it('decide the verdict as gates do, those that nothing measures left out', () => {
    const summary = summaryOf(CRITERIA, 1);
    expect(summary.gates.map(({ expression, pass }) => [expression, pass])).toEqual([
      ['calls.attempted >= 1', true],
      ['sip.setupFailureRatio < 2%', false],
      ['voice.ttfwMs.p95 < 400ms', false],
      ['sip.setupMs.p90 <= 1.5s', true],
      ['calls.dropped / calls.answered < 5%', true],
    ]);
    expect(summary.verdict).toBe('fail');
    const words = 'readiness:\n  - { criterion: Word error rate, threshold: < 5% }\n';
    expect(summaryOf(words, 0).verdict).toBe('pass');
  });

  it('are a table in the text and in the HTML report, and nowhere without criteria', () => {
    const summary = summaryOf(CRITERIA, 1);
    const text = summaryText(summary, { colour: false });
    expect(text).toContain('READINESS  2 met, 1 not met, 2 not measured');
    expect(text).toMatch(/✗ FAIL {2}Setup failures +< 2% +10.0%/);
    expect(text).toMatch(/○ – +Word error rate +< 5% +not measured/);
    const worst = { audio: [], silent: [], failed: [] };
    const html = reportHtml({ summary, timeline: [], worst });
    expect(html).toContain('<h2>Readiness</h2>');
    expect(html).toContain('<td>Word error rate</td><td>&lt; 5%</td><td>not measured</td>');
    const invalid = { ...summary, run: { ...summary.run, valid: false } };
    expect(summaryText(invalid, { colour: false })).toContain('2 not measured; the run is invalid: nothing is claimed');
    const without = summaryOf('', 0);
    expect(without.readiness).toEqual([]);
    expect(summaryText(without, { colour: false })).not.toContain('READINESS');
    expect(reportHtml({ summary: without, timeline: [], worst })).not.toContain('Readiness');
  });

  it('judge headroom by a search for capacity, where one was given and got as far', () => {
    const criteria = ['{ criterion: a, headroom: 20% }', '{ criterion: b, headroom: 100% }'];
    const profile = parseProfile(`${LOAD}readiness:\n${criteria.map((c) => `  - ${c}\n`).join('')}`, 'p');
    const found = (calls: number | null, isAtLeast: boolean) => {
      const state = new RunState(profile, 'id', new Date(0), planOf(profile), ['sip:t']);
      state.metrics.add(answeredRecord());
      if (calls !== null) state.capacity = { expected: 200, calls, isAtLeast };
      const summary = summarise(state, state.startMs + 1000, '1.2.3');
      return [...summary.readiness.flatMap(({ measured, pass }) => [measured, pass]), summary.verdict];
    };
    expect(found(null, false)).toEqual([null, null, null, null, 'pass']);
    expect(found(240, true)).toEqual([0.2, true, null, null, 'pass']);
    expect(found(239, false)).toEqual([0.195, false, 0.195, false, 'fail']);
    expect(found(400, true)).toEqual([1, true, 1, true, 'pass']);
  });

  it('are refused without a gate or a threshold, with both, and with a gate that is none', () => {
    const mistakes = (criterion: string) => {
      try {
        parseProfile(`${LOAD}readiness:\n  - ${criterion}\n`, 'p');
      } catch (error) {
        if (error instanceof ProfileError)
          return error.mistakes.map(({ path, line, message }) => `${path} ${line} ${message}`);
      }
      return [];
    };
    expect(mistakes('{ criterion: a }')).toEqual([expect.stringMatching(/^readiness.0 4 expected one of `gate`/)]);
    expect(mistakes('{ criterion: a, gate: calls.failed == 0, threshold: none }')).toHaveLength(1);
    expect(mistakes('{ criterion: a, gate: calls.fail == 0 }')).toEqual([
      expect.stringMatching(/^readiness.0.gate 4 there is no figure `calls.fail`; did you mean `calls.failed`/),
    ]);
    expect(mistakes('{ criterion: a, gate: { expression: calls.failed == 0 } }')).toEqual([
      expect.stringContaining('readiness.0.gate.window 4 is missing'),
    ]);
  });
});
