import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { reportHtml } from '../../src/report/html.js';
import { scriptJson } from '../../src/report/html-page.js';
import { failureRates, timelinePoint } from '../../src/report/timeline-points.js';
import { WorstCallsCollector } from '../../src/report/worst-calls.js';
import { demoCall, demoCalls, demoSummary, demoTimeline } from '../fixtures/run.js';

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u2028<!--`;

function worst(calls = demoCalls()) {
  const collector = new WorstCallsCollector();
  for (const call of calls) collector.add(call);
  return collector.result();
}

const timeline = demoTimeline().map(timelinePoint);
const demo = () => reportHtml({ summary: demoSummary(), timeline, worst: worst() });

/** The page without what its scripts and styles hold. */
const markup = (html: string) => html.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');

function policyOf(html: string): string {
  return (/Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '').replaceAll('&#39;', "'");
}

function runData(html: string): {
  seconds: number[];
  charts: { id: string; series: { label: string; values: (number | null)[] }[] }[];
} {
  const block = /<script type="application\/json" id="run-data">([\s\S]*?)<\/script>/.exec(html);
  return JSON.parse(block?.[1] ?? 'null');
}

describe('report.html', () => {
  test('needs nothing from anywhere: no address to load from, charts inlined', () => {
    const html = demo();
    expect(markup(html)).not.toMatch(/\b(src|href)\s*=/);
    expect(html).not.toMatch(/@import|url\(/);
    expect(html).toContain('uPlot');
    expect(policyOf(html)).toMatch(/^default-src 'none';/);
  });

  test('allows exactly its own scripts, by hash', () => {
    const html = demo();
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
      (m) => `sha256-${createHash('sha256').update(m[1]).digest('base64')}`,
    );
    const policy = /script-src ([^;]*);/.exec(policyOf(html))?.[1].replaceAll("'", '').split(' ');
    expect(scripts).toHaveLength(2);
    expect(policy).toEqual(scripts);
  });

  test('shows verdict, key figures, gates, responses, distribution, causes and calls', () => {
    const text = markup(demo())
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ');
    for (const part of [
      'FAIL 2 of 5 gates failed, 1 of them not measured',
      'exhausted at 100 calls, 00:10',
      '25.7%',
      '2.94 / 3.87',
      'injected 2.03%',
      'setupFailureRatio &lt; 5%',
      '503 Service Unavailable',
      '4.0 – 4.5',
      'no RTP after the answer',
      'the caller hears nothing: no RTP arrives',
      'the callee hears nothing: RTP carries digital silence',
      'impaired garbled audio decoded wrong 2',
      '503 Service Unavailable, Q.850 34',
      '68-7f3a@127.0.0.1',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  test('draws the course of the run with its limit, loss and MOS', () => {
    const { seconds, charts } = runData(demo());
    expect(seconds).toHaveLength(73);
    expect(charts.map((c) => c.id)).toEqual(['progress', 'cps', 'failures', 'srd', 'loss', 'mos']);
    expect(charts[0].series.map((s) => s.label)).toEqual(['in progress', 'established', 'limit seen']);
    expect(Math.max(...charts[0].series[0].values.map(Number))).toBe(100);
    expect(charts[4].series.map((s) => s.label)).toEqual(['uplink observed', 'uplink injected', 'downlink observed']);
    for (const chart of charts) for (const series of chart.series) expect(series.values).toHaveLength(73);
  });

  test('says where far ends disagree with what is known', () => {
    const summary = demoSummary();
    expect(reportHtml({ summary, timeline, worst: worst() })).not.toContain('far ends disagree');
    summary.media.rtcp.disagreements = { calls: 12, byKind: { 'loss-less': 12 } };
    expect(reportHtml({ summary, timeline, worst: worst() })).toContain(
      '<b class="warn">far ends disagree: in 12 calls they say that they lost less than they did.</b>',
    );
  });

  test('a hostile string anywhere stays text', () => {
    const summary = demoSummary();
    summary.run.name = HOSTILE;
    summary.run.target = HOSTILE;
    summary.run.version = HOSTILE;
    summary.run.startedAt = HOSTILE;
    summary.run.node = HOSTILE;
    summary.responses = { [HOSTILE]: 3 };
    summary.trunk.evidence = HOSTILE;
    summary.trunks = [{ ...summary.trunks[0], target: HOSTILE }];
    summary.gates = [{ expression: HOSTILE, observed: HOSTILE, pass: false, reason: HOSTILE }];
    summary.media.uplink.mosModel = { ...summary.media.uplink.mosModel!, codec: HOSTILE };
    summary.media.oneWay.byCause = { [HOSTILE]: 1 } as Record<string, number>;
    const call = { ...demoCall(104), from: HOSTILE, to: HOSTILE, reason: HOSTILE, sipCallIds: [HOSTILE] };
    const html = reportHtml({ summary, timeline, worst: worst([call]) });
    const clean = demo();
    for (const tag of ['<script', '</script>', '<img', '<!--', 'onerror=alert(1)>']) {
      expect(html.split(tag).length, tag).toBe(clean.split(tag).length);
    }
    expect(html).toContain('&lt;img src=x');
  });

  test('JSON in a script cannot end it, and reads back as it was', () => {
    const json = scriptJson({ text: HOSTILE });
    expect(json).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(json)).toEqual({ text: HOSTILE });
  });

  test('an empty run makes a report that says so', () => {
    const summary = demoSummary();
    summary.responses = {};
    summary.gates = [];
    summary.media.uplink.mosLq = null;
    summary.media.uplink.mosLqBands = null;
    const text = markup(reportHtml({ summary, timeline: [], worst: worst([]) }));
    for (const part of ['No timeline was recorded', 'No gates were set', 'No attempt has ended', 'not measured'])
      expect(text).toContain(part);
  });

  test('a long timeline is thinned without losing the peak of calls', () => {
    const long = Array.from({ length: 20_000 }, (_, i) => ({
      ...timeline[30],
      atMs: i * 1000,
      inProgress: i === 7777 ? 4321 : 10,
    }));
    const { seconds, charts } = runData(reportHtml({ summary: demoSummary(), timeline: long, worst: worst([]) }));
    expect(seconds.length).toBeLessThanOrEqual(1500);
    expect(Math.max(...charts[0].series[0].values.map(Number))).toBe(4321);
  });
});

describe('calls to look at', () => {
  test('the worst audio comes first, at most 20', () => {
    const { audio } = worst();
    expect(audio).toHaveLength(20);
    const mos = audio.map((c) => Math.min(c.uplinkWorstMos ?? 5, c.downlinkWorstMos ?? 5));
    expect([...mos].sort((a, b) => a - b)).toEqual(mos);
    const lowest = Math.min(
      ...demoCalls().flatMap((c) =>
        [c.uplink, c.downlink].map((d) => d?.heard?.worstInterval?.mosLq ?? d?.heard?.mos?.lq ?? 5),
      ),
    );
    expect(mos[0]).toBe(lowest);
  });

  test('one that was bad for 10 s goes before one that is a little worse on the whole, and its course is drawn', () => {
    const calls = [demoCall(0), demoCall(1)];
    const heardOf = (i: number) => calls[i].downlink!.heard!;
    heardOf(0).mos = { ...heardOf(0).mos!, lq: 3.9 };
    const bad = { ...heardOf(1).intervals[1], startMs: 10_000, mosLq: 1.5, r: 26 };
    heardOf(1).mos = { ...heardOf(1).mos!, lq: 4.1 };
    heardOf(1).intervals = [heardOf(1).intervals[0], bad, { ...bad, startMs: 20_000, mosLq: null, r: null }];
    heardOf(1).worstInterval = bad;
    for (const { uplink } of calls) uplink!.heard = null;
    const { audio } = worst(calls);
    expect(audio.map(({ id }) => id)).toEqual([1, 0]);
    expect(audio[0]).toMatchObject({
      downlinkMos: 4.1,
      downlinkWorstMos: 1.5,
      problem: 'downlink, worst from 00:10, BurstR 1.8',
    });
    const html = reportHtml({ summary: demoSummary(), timeline, worst: worst(calls) });
    const [course] = /<svg class="course".*?<\/svg>/.exec(html)!;
    expect(course).toContain('<title>downlink: 4.41 1.50 –</title>');
    expect(course.match(/<rect /g)).toHaveLength(2);
  });

  test('a frequent failure hides no rare one', () => {
    const refused = demoCalls().filter((c) => c.outcome === 'failed');
    const { failed } = worst([
      ...refused,
      { ...refused[0], id: 9000, status: 488, reason: 'Not Acceptable Here', q850: null },
      { ...refused[0], id: 9001, cause: 'timeout' },
    ]);
    expect(failed).toHaveLength(20);
    expect(failed.filter((c) => c.problem.startsWith('503'))).toHaveLength(18);
    expect(failed.map((c) => c.problem)).toContain('488 Not Acceptable Here');
    expect(failed.map((c) => c.problem)).toContain('no final response (timeout)');
  });

  test('that have no record are told of, where the file was cut short', () => {
    const summary = demoSummary();
    const report = (calls: number, unreadableLines: number) =>
      markup(reportHtml({ summary, timeline, worst: worst([]), calls, unreadableLines }));
    const cut = report(summary.calls.attempted - 3, 1);
    expect(cut).toMatch(/calls\.ndjson has [\d,]+ of [\d,]+ calls: the others cannot be among the calls to look at\./);
    expect(cut).toContain('A line of the run’s files could not be read.');
    expect(report(summary.calls.attempted, 0)).not.toMatch(/calls\.ndjson has|could not be read/);
  });

  test('their times count from the start of the run, as those of its charts and log do', () => {
    const { silent } = worst([0, 3].map((id) => ({ ...demoCall(id), startedMs: 60_000 + id * 1000 })));
    expect(silent.map((c) => c.startedMs)).toEqual([63_000]);
  });
});

test('failures in the part of a second that a run ends with are no higher rate than they are many', () => {
  const points = [0, 1000, 3000, 3200].map((atMs, i) => ({ ...timeline[0], atMs, failed: [0, 3, 7, 9][i] }));
  expect(failureRates(points)).toEqual([null, 3, 2, 2]);
});
