import { describe, expect, it } from 'vitest';
import { capacityHtml } from '../../src/report/capacity-html.js';
import type { CapacityReport } from '../../src/report/capacity-report.js';
import type { ChartsData } from '../../src/report/html-charts.js';
import { capacityReport } from '../fixtures/capacity.js';

const report = capacityReport();

/** What a reader sees, on one line. */
function seen(shown: CapacityReport): string {
  return capacityHtml(shown)
    .replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
}

function drawn(shown: CapacityReport): ChartsData {
  const block = /id="run-data">([\s\S]*?)<\/script>/.exec(capacityHtml(shown));
  return JSON.parse(block?.[1] ?? 'null') as ChartsData;
}

describe('capacity.html', () => {
  it('shows verdict, limits with cause, confidence and evidence, headroom and every step', () => {
    const text = seen(report);
    for (const part of [
      'FAIL 72 calls, as required: not carried',
      'audio: calls that hear nothing, or sound poor confirmed from both sides held 2× at 70',
      'calls at once, turned away 120 held, and no more of',
      'attempts a second with 20% headroom 9.6 cps carried required',
      'calls at once twice the peak 120 calls NOT carried',
    ])
      expect(text).toContain(part);
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
    for (const [i, { plan }] of report.steps.entries()) expect(text).toContain(` ${i + 1} ${plan.purpose} `);
  });

  it('says of a search that was ended, that broke off or was strained, that it is no verdict on the trunk', () => {
    expect(seen({ ...report, isInterrupted: true })).toContain('INTERRUPTED stopped before its end');
    expect(seen({ ...report, failure: 'a thread crashed' })).toContain(
      'FAIL the search could not go on: a thread crashed',
    );
    expect(seen({ ...report, verdict: 'invalid' })).toContain('INVALID this machine was the bottleneck');
    expect(seen({ ...report, steps: [], result: { ...report.result, concurrency: null, cps: null } })).toContain(
      'No limit was sought to its end.',
    );
  });

  it('names the gates of the profile: those that steps were held to, the others, and which one a step did not hold', () => {
    const gate = { expression: 'sip.pddMs.p95 < 2s', observed: '2310 ms', ailment: 'slow-setup' as const };
    const finding = { kind: 'failed' as const, ailment: gate.ailment, share: null, gate };
    const gates = {
      judged: [gate.expression],
      notJudged: [{ expression: 'trunk.exhausted == false', why: 'a figure of a whole run' }],
    };
    const text = seen({ ...report, gates, steps: [{ ...report.steps[0], finding }] });
    expect(text).toContain('sip.pddMs.p95 &lt; 2s held to at each step');
    expect(text).toContain('trunk.exhausted == false not judged: a figure of a whole run');
    expect(text).toContain('slow setup gate sip.pddMs.p95 &lt; 2s: 2310 ms');
  });

  it('draws what was carried, setup, SRD and MOS over levels that ascend, and marks the limit', () => {
    const { charts } = drawn(report);
    expect(charts.map(({ id }) => id)).toEqual(
      ['calls', 'cps'].flatMap((x) => ['carried', 'setup', 'srd', 'mos'].map((y) => `${x}-${y}`)),
    );
    for (const { over, series } of charts) {
      const { values } = over!;
      expect(values).toEqual([...values].sort((a, b) => a - b));
      for (const one of series) expect(one.values.length).toBe(values.length);
    }
    expect(charts[0].over!.mark).toBe(report.result.concurrency!.value);
    const [tried, carried] = charts[0].series;
    expect(Math.max(...(carried.values as number[]))).toBe(120);
    expect(Math.max(...(tried.values as number[]))).toBeGreaterThan(120);
  });

  it('leaves out what only the generator failed, and marks no limit that is none of the trunk', () => {
    const { steps, result } = report;
    const finding = { kind: 'strained' as const, reasons: ['<b>late</b>'] };
    const strained = { ...steps[0], plan: { ...steps[0].plan, level: 999 }, finding };
    const concurrency = { ...result.concurrency!, isAtLeast: true, cause: 'max' as const };
    const shown = { ...report, steps: [...steps, strained], result: { ...result, concurrency } };
    expect(drawn(shown).charts[0].over!.values).not.toContain(999);
    expect(drawn(shown).charts[0].over!.mark).toBeNull();
    expect(capacityHtml(shown)).toContain('&lt;b&gt;late&lt;/b&gt;');
  });
});
