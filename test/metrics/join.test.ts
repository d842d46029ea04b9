import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { joinMedia } from '../../src/metrics/join.js';
import { mosOf } from '../../src/quality/mos.js';
import { answeredRecord, failedRecord, fault, mediaReport, OK, UNKNOWN } from '../support/records.js';

function join(caller: ReturnType<typeof mediaReport>, own: ReturnType<typeof mediaReport> | null): CallRecord {
  const record = answeredRecord({ media: caller });
  joinMedia(record, own);
  return record;
}

describe('joining what both sides report', () => {
  it('with our own far end knows both directions and what was lost at the edges', () => {
    const record = join(
      mediaReport({ packetsExpected: 95 }),
      mediaReport({ packetsExpected: 98 }, { packetsSent: 97 }),
    );
    expect(record).toMatchObject({
      farEnd: 'own',
      uplink: { packetsSent: 100, edgeLost: 2, evidence: 'own-end' },
      downlink: { packetsSent: 97, edgeLost: 2, evidence: 'local' },
      oneWay: null,
      noMedia: false,
    });
    expect(record.media).toBeUndefined();
  });

  it('rates the conversation where both ends are ours, with the delay that the path added', () => {
    const mos = mosOf({
      codec: 'PCMU',
      bpl: 25.1,
      missing: 0,
      expected: 100,
      burstR: 1,
      jitterBufferMs: 60,
      ptimeMs: 20,
      delay: null,
    });
    const caller = mediaReport({ mos });
    caller.truth.downlink.delayMeanMs = 120;
    caller.truth.uplink.delayMeanMs = 0;
    const record = join(caller, mediaReport({ mos }));
    // Ta = 120 + 60 + 20 = 200 ms: 4.3428 by the Idd-only column of G.107.
    expect(record.downlink?.heard?.mos).toMatchObject({ lq: mos.lq, delaySource: 'path' });
    expect(record.downlink?.heard?.mos?.cq).toBeCloseTo(4.343, 2);
    expect(record.uplink?.heard?.mos?.cq).toBeCloseTo(4.409, 2);
    expect(join(mediaReport({ mos }), null).downlink?.heard?.mos).toMatchObject({ cq: null, delaySource: 'none' });
  });

  it('with a foreign far end knows nothing of the uplink', () => {
    const record = join(mediaReport({}, { digits: '12' }), null);
    expect(record.uplink).toEqual({ packetsSent: 100, heard: null, edgeLost: null, evidence: null });
    expect(record.downlink).toMatchObject({ packetsSent: null, edgeLost: null, evidence: 'local' });
    expect(record.dtmf).toEqual({ uplink: { sent: '12', heard: null }, downlink: { sent: null, heard: '' } });
  });

  it('with an echo calls the figures a loop', () => {
    const record = join(mediaReport({ echo: true }), null);
    expect(record).toMatchObject({ farEnd: 'echo', uplink: null, downlink: { evidence: 'echo', packetsSent: 100 } });
  });

  it.each([
    [OK, OK, null, false],
    [OK, fault('silence'), { direction: 'downlink', cause: 'silence' }, false],
    [fault('no-rtp'), OK, { direction: 'uplink', cause: 'no-rtp' }, false],
    [fault('undecodable'), fault('no-rtp'), null, true],
    [UNKNOWN, OK, null, false],
  ])('uplink %o and downlink %o', (up, down, oneWay, noMedia) => {
    const record = join(mediaReport({ verdict: down }), mediaReport({ verdict: up }));
    expect(record.oneWay).toEqual(oneWay);
    expect(record.noMedia).toBe(noMedia);
  });

  it('counts a fault of ours as one-way when nothing tells of the other direction', () => {
    expect(join(mediaReport({ verdict: fault('no-rtp') }), null).oneWay).toEqual({
      direction: 'downlink',
      cause: 'no-rtp',
    });
  });

  it('counts a call whose media stopped as dropped, whoever hung up', () => {
    expect(join(mediaReport({ verdict: fault('stopped') }), null)).toMatchObject({
      outcome: 'dropped',
      cause: 'dropped',
    });
  });

  it('leaves an attempt that was not answered without directions, and a lost report with its reason', () => {
    const failed = failedRecord(503, 'status', { media: mediaReport() });
    joinMedia(failed, null);
    expect(failed).toMatchObject({ uplink: null, downlink: null, dtmf: null });
    const lost = answeredRecord({ media: null, mediaMissing: 'no report' });
    joinMedia(lost, mediaReport());
    expect(lost).toMatchObject({ downlink: null, mediaMissing: 'no report' });
  });
});
