import { describe, expect, it } from 'vitest';
import { newRecord } from '../../src/flow/call-record.js';
import { faultInWords } from '../../src/metrics/call-verdict.js';
import type { Snapshot } from '../../src/metrics/snapshot.js';
import type { InboundSummary, Summary } from '../../src/metrics/summary.js';
import { inboundSection } from '../../src/report/html-inbound.js';
import { oneWayTable, responseBars } from '../../src/report/html-sections.js';
import { summaryText } from '../../src/report/summary-text.js';
import { WorstCallsCollector } from '../../src/report/worst-calls.js';
import { composeFrame } from '../../src/ui/frame.js';
import { History } from '../../src/ui/history.js';
import { demoSnapshot, demoSummary } from '../fixtures/run.js';
import { failedRecord } from '../support/records.js';

const times = { p50: 812, p95: 1404, p99: 2210, max: 3333 };

const inbound: InboundSummary = {
  received: 120,
  receivedCps: 4.25,
  peakCps: 9,
  refused: 7,
  refusedLate: 2,
  dealt: { answered: 80, machine: 20, busy: 13 },
  cancelled: 5,
  cancelMs: null,
  abandoned: 4,
  abandonedRatio: 0.04,
  notAcknowledged: 3,
  ackMs: times,
  endedByCaller: 90,
  endedByUs: 6,
  heard: 96,
  silentCalls: 11,
  firstWordMs: times,
  machine: { calls: 20, hungUp: 8, hangUpMs: times, talkedOver: 5, talkOverMs: times, messages: 6, messageMs: null },
};

const summary: Summary = { ...demoSummary(), inbound };
const snapshot: Snapshot = {
  ...demoSnapshot(20_000),
  inbound: { ...inbound, firstWordMs: times, machine: inbound.machine! },
};

describe('calls that came in', () => {
  it('stand in text and report with what callers did, and without a plan of ours', () => {
    const text = summaryText(summary, { colour: false });
    expect(text).toContain('received 120   per second 4.25   at most 9   refused by us 7   of them late 2');
    expect(text).toContain('abandoned 4 (4.00%)   not acknowledged 3');
    expect(text).toContain('machines 20   hung up before the beep 8   talked over 5   messages 6');
    expect(text).toMatch(/200 → first word +812 +1,404 +2,210 +3,333/);
    expect(text).not.toContain('LOAD');
    const html = inboundSection(summary);
    expect(html).toContain('said nothing to a person 11');
    expect(html).toContain('machine: talked over');
    expect(responseBars(summary)).not.toContain('planned CPS');
    expect(responseBars(demoSummary())).toContain('planned CPS');
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('are nowhere in the report of a run that calls', () => {
    expect(inboundSection(demoSummary())).toBe('');
    expect(summaryText(demoSummary(), { colour: false })).not.toContain('CAME IN');
  });

  it('have the caller at the far end: it is the one that hears the uplink', () => {
    expect(summaryText(summary, { colour: false })).toMatch(/the caller hears nothing \d+, the callee hears nothing/);
    expect(oneWayTable(summary)).toMatch(/the caller hears nothing in \d+, the callee in/);
    const start = { id: 0, from: '1', to: '2', trunk: '', dueMs: 0, startedMs: 0 };
    const record = newRecord({ ...start, direction: 'inbound' });
    expect(faultInWords({ direction: 'downlink', cause: 'no-rtp' }, record)).toBe(
      'the callee hears nothing: no RTP arrives',
    );
  });

  it('are no failures to look at where they were dealt to be turned away', () => {
    const worst = new WorstCallsCollector();
    worst.add(failedRecord(486, 'status', { direction: 'inbound', dealt: 'busy' }));
    worst.add(failedRecord(488, 'status', { direction: 'inbound', dealt: 'answered' }));
    expect(worst.result().failed).toHaveLength(1);
  });
});

describe('the screen of a run whose load is what comes in', () => {
  it('has what callers did in place of our setups, in 80 × 24, and no keys for a load of ours', () => {
    const trunk = { ...snapshot.trunk, exhaustedAtInProgress: null, exhaustedAtMs: null, cause: null };
    const shown = { ...snapshot, trunk };
    const lines = composeFrame({ name: 'x', target: 'y', seed: 1, version: '1' }, shown, new History(), 80, 24).map(
      (line) => line.map(({ text }) => text).join(''),
    );
    const screen = lines.join('\n');
    expect(lines).toHaveLength(24);
    expect(screen).toMatch(/received 120 +refused by us 7 +abandoned 4 +no ACK 3/);
    expect(screen).toMatch(/silent 11 +first word ms 812 \/ 1,404/);
    expect(screen).toMatch(/machines 20 +talked over 5/);
    expect(screen).toMatch(/Limit +not measured/);
    expect(screen).not.toContain('SRD');
    expect(screen).not.toContain('rate');
    expect(screen).toContain('quit & hang up');
  });
});
