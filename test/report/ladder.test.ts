import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { failedCallsText } from '../../src/report/failed-calls-text.js';
import { reportHtml } from '../../src/report/html.js';
import { ladderLines, ladderOf } from '../../src/report/ladder.js';
import { WorstCallsCollector } from '../../src/report/worst-calls.js';
import type { SipTrace, TracedMessage } from '../../src/sip/trace.js';
import { demoSummary } from '../fixtures/run.js';
import { failedRecord } from '../support/records.js';

const request = (method: string, more = ''): string => `${method} sip:1@x SIP/2.0\r\nCSeq: 1 ${method}\r\n${more}\r\n`;
const response = (status: string, method = 'INVITE', more = ''): string =>
  `SIP/2.0 ${status}\r\nCSeq: 1 ${method}\r\n${more}\r\n`;

function trace(...list: [atMs: number, sent: boolean, text: string, repeated?: boolean][]): SipTrace {
  const where = { transport: 'udp', local: '127.0.0.1:5060', remote: '192.0.2.9:5060' };
  const messages = list.map(
    ([atMs, sent, text, repeated = false]): TracedMessage => ({
      atMs,
      direction: sent ? 'sent' : 'received',
      ...where,
      repeated,
      text,
    }),
  );
  return { messages, leftOut: 0 };
}

const REFUSED = trace(
  [1000, true, `${request('INVITE')}v=0\r\nm=audio 4000 RTP/AVP 0\r\n`],
  [1500, true, `${request('INVITE')}v=0\r\nm=audio 4000 RTP/AVP 0\r\n`, true],
  [1500.25, false, response('100 Trying')],
  [1510, false, response('503 Service Unavailable', 'INVITE', 'Reason: Q.850;cause=34\r\n')],
  [1510.1, true, request('ACK')],
);

const lines = (record: CallRecord): string[] => ladderLines(ladderOf(record)!);

describe('the ladder of a call', () => {
  it('has a line for each message, repetitions counted behind it', () => {
    expect(lines(failedRecord(503, 'status', { trace: REFUSED }))).toEqual([
      '        0 ms  ──► INVITE, SDP (and 1 × again)',
      '      500 ms  ◄── 100 Trying',
      '      510 ms  ◄── 503 Service Unavailable, Q.850;cause=34',
      '      510 ms  ──► ACK',
    ]);
  });

  it('names the request that a response answers where it is no INVITE', () => {
    const cancelled = trace(
      [0, true, request('INVITE')],
      [5, true, request('CANCEL')],
      [6, false, response('200 OK', 'CANCEL')],
    );
    expect(lines(failedRecord(487, 'cancelled', { trace: cancelled })).at(-1)).toMatch(/◄── 200 OK \(CANCEL\)$/);
  });

  it('is the trunk’s where the caller’s side has none, and there is none without a trace', () => {
    const trunkOnly = ladderOf(failedRecord(503, 'status', { trunkTrace: REFUSED }));
    expect(trunkOnly).toMatchObject({ side: 'trunk', towards: 'UDP 192.0.2.9:5060' });
    expect(ladderOf(failedRecord(503))).toBeNull();
    const { trace: _trace, trunkTrace: _trunkTrace, ...earlier } = failedRecord(503);
    expect(ladderOf(earlier as CallRecord)).toBeNull();
  });

  it('stays short, and says what it leaves out', () => {
    const many = trace(...[...Array(60).keys()].map((i): [number, boolean, string] => [i, true, request(`M${i}`)]));
    many.leftOut = 7;
    const shown = lines(failedRecord(500, 'status', { trace: many }));
    expect(shown.length).toBeLessThanOrEqual(26);
    expect(shown.filter((line) => line.includes('more')).map((line) => line.trim())).toEqual(['… 7 more', '… 36 more']);
    expect(shown.at(-1)).toContain('M59');
  });
});

describe('the report', () => {
  function worst(...records: CallRecord[]) {
    const collector = new WorstCallsCollector();
    for (const record of records) collector.add(record);
    return collector.result();
  }

  it('prints one call of each kind of failure', () => {
    const text = failedCallsText(
      worst(
        failedRecord(503, 'status', { id: 4, trace: REFUSED, sipCallIds: ['a@b'] }),
        failedRecord(503, 'status', { id: 5, trace: REFUSED }),
        failedRecord(486, 'status', { id: 6 }),
      ),
    );
    expect(text).toMatch(/^\nFAILED CALLS\n\n#4 {2}503\n {2}UDP 192\.0\.2\.9:5060 {2}a@b\n/);
    expect(text).not.toMatch(/#5|#6/);
    expect(failedCallsText(worst(failedRecord(486)))).toBe('');
  });

  it('has the ladders in its page, whatever the far end wrote as plain text', () => {
    const hostile = trace(
      [0, true, request('INVITE')],
      [1, false, response('486 <script>alert(1)</script>\u001b[31m')],
    );
    const html = reportHtml({
      summary: demoSummary(),
      timeline: [],
      worst: worst(failedRecord(486, 'status', { id: 9, trace: hostile })),
    });
    expect(html).toContain('<details class="ladder"><summary>#9 486: SIP, UDP 192.0.2.9:5060</summary>');
    expect(html).toContain('486 &lt;script&gt;alert(1)&lt;/script&gt;·[31m');
    expect(html).not.toContain('<script>alert');
  });
});
