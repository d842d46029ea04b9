import { describe, expect, it } from 'vitest';
import { CapacitySearch } from '../../src/load/capacity/capacity-search.js';
import { headroomTable } from '../../src/load/capacity/headroom.js';
import { CRITERIA } from '../../src/load/capacity/judge.js';
import { type CapacityReport, capacityJson, capacityText, stepLine } from '../../src/report/capacity-text.js';
import { type HiddenCarrier, SimulatedCarrier } from '../load/capacity/simulated-carrier.js';

const HIDDEN: HiddenCarrier = {
  channels: 120,
  cps: 12,
  whenFull: 'refused',
  whenTooFast: 'silent',
  srdMs: 20,
  ringMs: 100,
  ailment: { kind: 'audio', by: 'concurrency', above: 70, share: 0.5 },
  noise: { unheard: 0, digits: 0, dropped: 0 },
};

function found(): CapacityReport {
  const search = new CapacitySearch({
    maxCalls: 1000,
    maxCps: 100,
    stepCalls: 200,
    stepMs: 30_000,
    criteria: CRITERIA,
    paceCps: 100,
    shortestMs: 5000,
    longestMs: 1_800_000,
  });
  const carrier = new SimulatedCarrier(HIDDEN, 1);
  for (let plan = search.next; plan; plan = search.next) search.take(carrier.run(plan, CRITERIA.leastMos));
  const { result, steps } = search;
  const headroom = headroomTable(result, 60, 0.2);
  return { target: 'sip:t', version: '1', durationMs: 61_000, isInterrupted: false, result, steps, headroom };
}

describe('a report on capacity', () => {
  const report = found();
  const text = capacityText(report, { withSteps: true });

  it('says what is carried, what sets the limit, and where calls are turned away', () => {
    expect(text).toMatch(/calls at once {6}(69|70) held, 7\d did not \(confirmed from both sides\)\n {19}audio/);
    expect(text).toMatch(/ {2}turned away {6}120 held, 121 did not \(confirmed from both sides\)\n {19}channels/);
    expect(text).toMatch(/attempts a second {2}1[12]\.\d held, 1[12]\.\d did not .*\n {19}silent drops/);
    expect(text).toMatch(/expected peak {17}60 calls {2}carried\n/);
    expect(text).toMatch(/with 20\.0% headroom {11}72 calls {2}NOT carried {2}\(required\)/);
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
