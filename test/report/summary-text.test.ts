import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { summaryText } from '../../src/report/summary-text.js';
import { demoSummary } from '../fixtures/run.js';

const plain = (summary = demoSummary()) => summaryText(summary, { colour: false });

function lineWith(text: string, part: string): string {
  const line = text.split('\n').find((l) => l.includes(part));
  if (line === undefined) throw new Error(`no line has ${part}`);
  return line.trim().replace(/\s{2,}/g, ' | ');
}

describe('the summary at the end', () => {
  test('has the figures of every section', () => {
    const text = plain();
    expect(lineWith(text, 'attempted 600')).toBe(
      'attempted 600 | answered 446 | failed 154 | cancelled 0 | not started 0',
    );
    expect(lineWith(text, '503 Service Unavailable')).toBe('503 Service Unavailable | 152 | 25.3%');
    expect(lineWith(text, 'planned CPS')).toBe('due 600 | planned CPS 10.00 | started 9.98 (99.8%)');
    expect(lineWith(text, 'schedule error')).toBe('schedule error p50 0.61 | p99 1.48 | max 4.02 ms');
    expect(lineWith(text, 'carried')).toBe('offered 119.8 E | carried 88.4 E | attempts an hour 35,928');
    expect(lineWith(text, 'SRD, success')).toBe('SRD, success | 8.14 | 12.3 | 43.8 | 61.2');
    expect(lineWith(text, 'exhausted at')).toBe('exhausted at 100 calls, 00:10 | refusals 152');
    expect(lineWith(text, 'packets lost')).toBe('packets lost | 5,302 | 0');
    expect(lineWith(text, 'loss observed')).toBe('loss observed | 1.99% | 0%');
    expect(lineWith(text, 'loss injected')).toBe('loss injected | 2.03% | 0%');
    expect(lineWith(text, 'jitter')).toBe('jitter p50 / p95 ms | 2.31 / 4.12 | 0.04 / 0.08');
    expect(lineWith(text, 'MOS-LQ')).toBe('MOS-LQ p5 / p50 | 2.94 / 3.87 | 4.12 / 4.41');
    expect(lineWith(text, 'speech p5')).toBe('speech p5 / p95 dBov | -29.8 / -17.9 | -28.3 / -24.4');
    expect(lineWith(text, 'activity')).toBe('speech activity p50 | 62.0% | 62.0%');
    expect(lineWith(text, 'noise')).toBe('noise p50 / p95 dBov | -58.0 / -49.3 | -72.2 / -64.5');
    expect(lineWith(text, 'clipped')).toBe('clipped p50 / p95 | 0% / 0.34% | not measured');
    expect(lineWith(text, 'round trip')).toBe('RTCP of 446 calls: round trip p50 / p95 41.2 / 44.9 ms');
    expect(lineWith(text, 'by RTCP')).toBe('uplink by RTCP: lost 1.97%, jitter p50 / p95 2.25 / 4.00 ms');
    expect(lineWith(text, 'by RTCP XR')).toBe('uplink by RTCP XR: R p5 / p50 56 / 77, MOS-LQ p5 / p50 2.9 / 3.9');
    expect(text).not.toContain('disagree');
    expect(lineWith(text, 'with MOS')).toBe('with MOS / without | 444 / 2 | 444 / 9');
    expect(lineWith(text, 'no-rtp')).toBe('no-rtp: no RTP after the answer | 9');
    expect(lineWith(text, '33 (')).toBe('lost | 33 (1.85%) | –');
    expect(lineWith(text, 'dropped within')).toBe('dropped within a stream | 5,302 | 0');
    expect(lineWith(text, 'by drop-events')).toBe('by drop-events | 33 | 0');
    expect(lineWith(text, 'pacing error')).toContain('p99 0.84 ms');
    expect(lineWith(text, 'sent again')).toBe('sent again: INVITE 6');
    expect(lineWith(text, 'timers')).toBe('timers expired: B 1');
    expect(lineWith(text, 'traces')).toBe('SIP traces in calls.ndjson and sip.pcap: 102, 53 more left out');
    expect(text).not.toMatch(/strays|connections/);
  });

  test('has the busy hour of a run that lasted one', () => {
    const summary = demoSummary();
    Object.assign(summary.load, { bhca: 35_900, busyHourErlang: 97.25 });
    expect(lineWith(plain(summary), 'BHCA')).toBe('busy hour: BHCA 35,900 | carried 97.3 E');
  });

  test('says where far ends disagree, a line for each kind', () => {
    const summary = demoSummary();
    summary.media.rtcp.disagreements = { calls: 12, byKind: { 'loss-more': 12, 'rating-better': 1234 } };
    const text = plain(summary);
    expect(lineWith(text, 'lost more')).toBe('far ends disagree: in 12 calls they lost more than we know of');
    expect(lineWith(text, 'rate better')).toContain('in 1,234 calls they rate better than their own loss');
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('fits 80 columns', () => {
    const summary = demoSummary();
    summary.calls.peakEstablished = 9_998;
    summary.trunk.own = {
      channels: 10_000,
      peakChannels: 10_000,
      admitted: 123_456,
      refusedFull: 12_345,
      refusedTooFast: 12_345,
      faults: { noRtp: 1234, silence: 123, wrongCodec: 123, drop: 123 },
      screening: { refused: 12_345, withheld: 12_345 },
      identity: {
        verified: { A: 12_345, B: 12_345, C: 12_345 },
        missing: 12_345,
        refused: { 403: 12_345, 438: 12_345 },
      },
      refusedPerCaller: { full: 12_345, tooFast: 12_345 },
      slowed: 12_345,
      outcomes: { answered: 123_456, busy: 0, noAnswer: 12_345, machine: 12_345 },
      script: { refused: 12_345, unheard: 12_345, restarts: 12, forgotten: 12_345 },
      server: null,
    };
    summary.run.threads = ['trunk signalling', 'swarm signalling', 'trunk media', 'swarm media', 'main'].map(
      (name) => ({
        name,
        cpuMeanRatio: 0.2345,
        cpuMaxRatio: 0.9,
      }),
    );
    for (const line of plain(summary).split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('marks each gate and gives the verdict with its reason on the last line', () => {
    const text = plain();
    expect(lineWith(text, 'setupFailureRatio < 5%')).toBe('✗ FAIL | setupFailureRatio < 5% | observed 25.7%');
    expect(lineWith(text, 'mosLq.p5 >=')).toBe('✓ pass | media.uplink.mosLq.p5 >= 2.8 | observed 2.94');
    expect(lineWith(text, 'dtmf.downlink.lossRatio')).toBe('✗ FAIL | dtmf.downlink.lossRatio < 1% | not measured');
    expect(text.trimEnd().split('\n').pop()).toBe('VERDICT FAIL  2 of 5 gates failed, 1 of them not measured');
  });

  test('says of an invalid run that nothing is claimed about the target, and why, within 80 columns', () => {
    const summary = demoSummary();
    summary.verdict = 'invalid';
    summary.run.invalidReasons = [{ reason: 'pacing-error', observed: 'pacing error p99 14.2 ms', limit: '10 ms' }];
    expect(plain(summary)).toContain(
      'VERDICT INVALID  the generator was the bottleneck, nothing is claimed about the\n  target: pacing error p99 14.2 ms (limit 10 ms)\n',
    );
  });

  test('writes what was not measured as such, never as 0', () => {
    const summary = demoSummary();
    for (const d of [summary.media.uplink, summary.media.downlink]) {
      d.lossRatio = null;
      d.jitterMs = null;
      d.mosLq = null;
      d.packetsLost = null;
    }
    summary.sip.srdMs.success = null;
    summary.sip.setupFailureRatio = null;
    summary.trunk.exhausted = null;
    const text = plain(summary);
    expect(lineWith(text, 'loss observed')).toBe('loss observed | not measured | not measured');
    expect(lineWith(text, 'MOS-LQ')).toBe('MOS-LQ p5 / p50 | not measured | not measured');
    expect(lineWith(text, 'packets lost')).toBe('packets lost | – | –');
    expect(lineWith(text, 'SRD, success')).toBe('SRD, success | not measured');
    expect(lineWith(text, 'setup failure ratio')).toContain('setup failure ratio –');
    expect(text).not.toMatch(/NaN|null|undefined/);
  });

  test('says the same with colours as without', () => {
    const coloured = summaryText(demoSummary(), { colour: true });
    expect(coloured).toContain('\u001b[31;1m✗ FAIL\u001b[0m');
    expect(stripVTControlCharacters(coloured)).toBe(plain());
    expect(plain()).not.toContain('\u001b');
  });

  test('fits into 100 columns', () => {
    for (const line of plain().split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test('lets no escape sequence of a far end reach the terminal', () => {
    const summary = demoSummary();
    summary.responses = { '\u001b]0;x\u0007': 3 };
    summary.trunk.evidence = '\u001b[2J';
    summary.run.name = 'a\u009b31m';
    expect(plain(summary).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});
