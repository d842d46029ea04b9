import { describe, expect, it } from 'vitest';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { faultInWords, faultsOf } from '../../src/metrics/call-verdict.js';
import { joinMedia } from '../../src/metrics/join.js';
import type { HeardReport, Verdict } from '../../src/quality/reports.js';
import { answeredRecord, fault, mediaReport, OK, UNKNOWN } from '../support/records.js';

/** A call of which both sides tell what they heard. */
function call(up: Partial<HeardReport>, down: Partial<HeardReport>): CallRecord {
  const record = answeredRecord({ media: mediaReport(down) });
  joinMedia(record, mediaReport(up));
  return record;
}

function kindOf(up: Verdict, down: Verdict): Pick<CallRecord, 'oneWay' | 'noMedia' | 'impaired'> {
  const { oneWay, noMedia, impaired } = call({ verdict: up }, { verdict: down });
  return { oneWay, noMedia, impaired };
}

const NOTHING = { oneWay: null, noMedia: false, impaired: [] };

describe('what a call is by what both sides heard', () => {
  it('is one of three things, or none of them', () => {
    expect(kindOf(OK, OK)).toEqual(NOTHING);
    expect(kindOf(fault('garbled'), OK)).toEqual({
      ...NOTHING,
      impaired: [{ direction: 'uplink', cause: 'garbled' }],
    });
    expect(kindOf(fault('late'), fault('intermittent')).impaired).toEqual([
      { direction: 'uplink', cause: 'late' },
      { direction: 'downlink', cause: 'intermittent' },
    ]);
    expect(kindOf(UNKNOWN, fault('late')).impaired).toEqual([{ direction: 'downlink', cause: 'late' }]);
    // Who hears something, however badly, leaves a call one-way.
    expect(kindOf(fault('garbled'), fault('no-rtp'))).toEqual({
      ...NOTHING,
      oneWay: { direction: 'downlink', cause: 'no-rtp' },
    });
    expect(kindOf(fault('silence'), fault('late'))).toEqual({
      ...NOTHING,
      oneWay: { direction: 'uplink', cause: 'silence' },
    });
    expect(kindOf(fault('silence'), fault('stopped'))).toEqual({ ...NOTHING, noMedia: true });
  });

  it('is counted apart, by cause and direction', () => {
    const metrics = new CallMetrics();
    metrics.add(call({ verdict: fault('garbled') }, { verdict: fault('late') }));
    metrics.add(call({ verdict: fault('garbled') }, {}));
    metrics.add(call({ verdict: fault('silence') }, {}));
    expect(metrics.media()).toMatchObject({
      oneWay: { calls: 1, byCause: { silence: 1 } },
      noMedia: { calls: 0 },
      impaired: { calls: 2, byCause: { garbled: 2, late: 1 }, byDirection: { uplink: 2, downlink: 1 } },
    });
  });

  it.each<[string, Partial<HeardReport>, Partial<HeardReport>]>([
    ['the callee hears nothing: no RTP arrives', { verdict: fault('no-rtp'), packetsReceived: 0 }, {}],
    ['the caller hears nothing: no RTP arrives', {}, { verdict: fault('no-rtp') }],
    [
      'the callee hears nothing more: RTP stopped 12.3 s after the answer',
      { verdict: fault('stopped'), stoppedAfterMs: 12_340 },
      {},
    ],
    ['the caller hears nothing: RTP carries digital silence', {}, { verdict: fault('silence'), levelDbov: null }],
    [
      'the caller hears nothing: RTP carries comfort noise only',
      {},
      { verdict: fault('silence'), levelDbov: null, comfortNoise: 50 },
    ],
    ['the caller hears nothing: RTP carries nothing above −50 dBov', {}, { verdict: fault('silence'), levelDbov: -62 }],
    [
      'the callee hears nothing: RTP comes from another source than negotiated',
      { verdict: fault('wrong-source'), packetsReceived: 0 },
      {},
    ],
    [
      'the callee hears nothing more: RTP comes from another source than negotiated since 1.9 s after the answer',
      { verdict: fault('wrong-source'), lastArrivalMs: 2000 },
      {},
    ],
    ['the caller hears nothing: payload type or codec not negotiated', {}, { verdict: fault('undecodable') }],
    ['the caller hears nothing: no SRTP authenticates', {}, { verdict: fault('unauthenticated') }],
    ['the callee hears noise: the audio is decoded wrong', { verdict: fault('garbled') }, {}],
    [
      'the caller hears gaps: 4 interruptions, 1.6 s together',
      {},
      { verdict: fault('intermittent'), interruptions: { count: 4, totalMs: 1600, longestMs: 600 } },
    ],
    [
      'the caller hears the beginning too late: first RTP 2.5 s after the answer',
      {},
      { verdict: fault('late'), startDelayMs: 2500 },
    ],
  ])('%s', (words, up, down) => {
    const record = call(up, down);
    expect(faultsOf(record).map((found) => faultInWords(found, record))).toEqual([words]);
  });
});
