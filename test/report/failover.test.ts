import { describe, expect, it } from 'vitest';
import type { FailoverSummary } from '../../src/metrics/failover-summary.js';
import { failoverSection } from '../../src/report/html-failover.js';
import { summaryText } from '../../src/report/summary-text.js';
import { demoSummary } from '../fixtures/run.js';

const failover: FailoverSummary = {
  failedOver: 20,
  saved: 18,
  outages: 1,
  detectionMs: 2231.97,
  recoveryMs: null,
  failBackMs: 511.2,
  lostCalls: 3,
  failedAttempts: 2,
  refusedAttempts: 1,
  setupRatioMin: 0.75,
  eachOutage: [
    {
      target: 'a<b>',
      sinceMs: 5417,
      downMs: 7649,
      upMs: 14_483,
      detectionMs: 2231.97,
      recoveryMs: null,
      failBackMs: 511.2,
      lostCalls: 3,
      failedAttempts: 2,
      refusedAttempts: 1,
      setupRatioMin: 0.75,
      setupRatioBySecond: [1, 0.75],
    },
  ],
};

describe('failover in a report', () => {
  const text = (given: FailoverSummary | null): string =>
    summaryText({ ...demoSummary(), failover: given }, { colour: false });

  it('has a row for each outage within 80 columns, what was not measured as a dash', () => {
    const lines = text(failover).split('\n');
    const at = lines.indexOf('FAILOVER');
    expect(lines[at + 1]).toContain('20 attempts went on to another target, 18 of them were answered');
    const row = lines.find((line) => line.includes('a<b>'))!;
    expect(row.trim().split(/\s{2,}/)).toEqual(['a<b>', '00:05', '2.23 s', '–', '00:14', '0.51 s', '3', '2', '75.0%']);
    expect(Math.max(...lines.slice(at, at + 5).map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('is left out where there is no group, and says where nothing was asked', () => {
    expect(text(null)).not.toContain('FAILOVER');
    expect(text({ ...failover, outages: null, eachOutage: [] })).toContain('no keepalive: nothing tells of outages');
  });

  it('cannot put markup of a name into the page', () => {
    const html = failoverSection({ ...demoSummary(), failover });
    expect(html).toContain('a&lt;b&gt;');
    expect(html).toContain('2.23 s');
    expect(failoverSection({ ...demoSummary(), failover: null })).toBe('');
  });
});
