import { describe, expect, it } from 'vitest';
import { divided } from '../../src/metrics/quotient.js';
import { RegistrationMetrics } from '../../src/metrics/registration-metrics.js';
import type { Snapshot } from '../../src/metrics/snapshot.js';
import type { Summary } from '../../src/metrics/summary.js';
import { registrationSection } from '../../src/report/html-registrations.js';
import { summaryText } from '../../src/report/summary-text.js';
import { composeFrame } from '../../src/ui/frame.js';
import { History } from '../../src/ui/history.js';
import { demoSnapshot, demoSummary } from '../fixtures/run.js';

function metrics(): RegistrationMetrics {
  const all = new RegistrationMetrics(1200);
  const result = {
    kind: 'register',
    isOk: true,
    status: 200,
    response: '200',
    delayMs: 12.5,
    otherRealm: null,
  } as const;
  for (let n = 0; n < 1000; n++) all.add({ ...result, challenges: 1, isFirst: true, change: 1 });
  for (let n = 0; n < 199; n++)
    all.add({ ...result, isOk: false, status: 403, response: '403', challenges: 0, isFirst: false, change: 0 });
  all.add({
    ...result,
    isOk: false,
    status: 401,
    response: '401',
    challenges: 0,
    isFirst: false,
    change: 0,
    otherRealm: 'pbx',
  });
  all.allTried(6000);
  return all;
}

function summary(): Summary {
  const demo = demoSummary();
  const registrations = metrics();
  const { rrdMs, ira } = registrations;
  return { ...demo, sip: { ...demo.sip, rrdMs, ira: divided(ira) }, registrations: registrations.summary() };
}

const ACCOUNT_CALLS: Summary['accountCalls'] = {
  offered: 12_007,
  reached: 11_000,
  wrongAccount: 10,
  unmatched: 7,
  notReached: 990,
  responses: { '404': 900, timeout: 90 },
  unregistered: 3,
  unknown: 2,
};

describe('registrations in a report', () => {
  it('stand in the text with RRD, IRA and what failed', () => {
    const text = summaryText(summary(), { colour: false });
    const part = text.slice(text.indexOf('REGISTRATIONS'), text.indexOf('CALLS'));
    expect(part).toContain('accounts 1,200   registered 1,000   most at a time 1,000   lost 0');
    expect(part).toContain('IRA 16.6%');
    expect(part).toContain('all tried in 6.0 s   per second 166.7');
    expect(part).toMatch(/403 Forbidden +199/);
    expect(part).toMatch(/for the realm pbx +1/);
    expect(part).toMatch(/RRD \(REGISTER → 200\) +12\.5/);
    for (const line of part.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('have the calls to accounts, and how those ended that did not get there', () => {
    const text = summaryText({ ...summary(), accountCalls: ACCOUNT_CALLS }, { colour: false });
    expect(text).toContain('calls to accounts 12,007   reached 11,000   wrong account 10   unmatched 7');
    expect(text).toContain('not reached 990: 404 900, timeout 90\n  INVITEs for unregistered 3   for unknown 2');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('stand in the page, too', () => {
    const page = registrationSection(summary());
    for (const found of ['RRD (REGISTER → 200)', '403 Forbidden', 'registered 1,000']) expect(page).toContain(found);
  });

  it('are absent where no account registers', () => {
    expect(summaryText(demoSummary(), { colour: false })).not.toContain('REGISTRATIONS');
    expect(registrationSection(demoSummary())).toBe('');
  });
});

describe('registrations on the screen', () => {
  const title = { name: 'demo', target: 'sip:x', seed: 1, version: '0' };
  const frame = (columns: number, rows: number, accountCalls: Snapshot['accountCalls'] = null): string[] =>
    composeFrame(
      title,
      { ...demoSnapshot(30_000), registrations: metrics().snapshot(), accountCalls },
      new History(),
      columns,
      rows,
    ).map((line) => line.map(({ text }) => text).join(''));

  it('have a line at 80×24, which holds the rest as well', () => {
    const lines = frame(80, 24);
    expect(lines).toHaveLength(24);
    expect(lines.find((line) => line.startsWith(' Accounts'))).toContain(
      'registered 1,000 / 1,200  failed 200  lost 0',
    );
    const called = frame(80, 24, { offered: 12_000, reached: 11_990 });
    expect(called.find((line) => line.startsWith(' Accounts'))).toContain(
      'registered 1,000 / 1,200  reached 11,990 / 12,000  failed 200',
    );
    expect(called).toHaveLength(24);
    for (const name of ['In progress', 'Limit', 'Calls', 'CPS', 'Failed', 'UPLINK'])
      expect(lines.some((line) => line.includes(name))).toBe(true);
  });
});
