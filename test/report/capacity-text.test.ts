import { describe, expect, it } from 'vitest';
import { capacityJson } from '../../src/report/capacity-report.js';
import { capacityText, stepLine } from '../../src/report/capacity-text.js';
import { capacityReport } from '../fixtures/capacity.js';

describe('a report on capacity', () => {
  const report = capacityReport();
  const text = capacityText(report, { withSteps: true });

  it('says what is carried, what sets the limit, and where calls are turned away', () => {
    expect(text).toMatch(/calls at once {6}(69|70) held, 7\d did not \(confirmed from both sides\)\n {19}audio/);
    expect(text).toMatch(
      / {2}turned away {6}120 held, and no more of 1\d\d \(confirmed from both sides\)\n {19}channels: more are refused \(503\)\n/,
    );
    expect(text).toMatch(/attempts a second {2}1[12]\.\d held, 1[12]\.\d did not .*\n {19}silent drops/);
    expect(text).toMatch(/expected peak {17}60 calls {2}carried\n/);
    expect(text).toMatch(/with 20% headroom {13}72 calls {2}NOT carried {2}\(required\)/);
    expect(text).toMatch(/twice the peak {14} {0,3}16\.0 cps {4}NOT carried\n/);
  });

  it('says of each limit what speaks for it: steps, attempts that failed, the interval, what was carried', () => {
    expect(text).toMatch(/\n {19}held (\d× )?at (69|70): 0 of \d+ failed \(0–0\.\d+%\)\n/);
    expect(text).toMatch(/\n {19}failed (\d× )?at 7\d: \d+ of \d+ bad audio \(\d[\d.]*–\d[\d.]*%\)\n/);
    expect(text).toMatch(/\n {19}failed at 1\d\d: \d+ of \d+ refused \(.*%\); 120 carried\n/);
  });

  it('says how many numbers call, and what it means where they are too few', () => {
    expect(text).toContain(' in 01:01, a caller number for each call\n');
    expect(capacityText({ ...report, callers: 10 }, { withSteps: false })).toContain(
      '10 caller numbers: up to 100 calls at once from each',
    );
    expect(capacityText({ ...report, callers: 1 }, { withSteps: false })).toContain(
      'one caller number: a limit per caller',
    );
  });

  it('keeps tables and bars within 80 columns', () => {
    const rows = text.split('\n');
    expect(rows.filter((line) => line.length > 80)).toEqual([]);
    expect(rows.filter((line) => /^ *\d+ (baseline|climb|below|above|narrow|confirm)/.test(line)).length).toBe(
      report.steps.length,
    );
  });

  it('says of a step why it proves nothing', () => {
    const row = {
      ...report.steps[0],
      finding: { kind: 'strained' as const, reasons: ['event-loop delay p99 31.0 ms'] },
    };
    expect(stepLine(row, 3)).toMatch(/^ 3 baseline .*generator strained\n {3}# event-loop delay p99 31\.0 ms$/);
  });

  it('has each step with its plan, figures and finding as JSON', () => {
    const json = capacityJson(report) as { schema: number; steps: Record<string, unknown>[] };
    expect(json.schema).toBe(1);
    expect(json.steps.length).toBe(report.steps.length);
    expect(json.steps[0]).toMatchObject({ purpose: 'baseline', level: 4, finding: { kind: 'held' } });
  });
});
