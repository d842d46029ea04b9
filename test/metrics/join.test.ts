import { describe, expect, it } from 'vitest';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { joinMedia } from '../../src/metrics/join.js';
import { mosOf } from '../../src/quality/mos.js';
import type { RtcpReport } from '../../src/rtp/rtcp-session.js';
import { heardDigit, sentDigits } from '../support/digits.js';
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
    })!;
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
    const caller = mediaReport();
    caller.dtmf.sent = sentDigits('12');
    const record = join(caller, null);
    expect(record.uplink).toEqual({ packetsSent: 100, heard: null, edgeLost: null, evidence: null });
    expect(record.downlink).toMatchObject({ packetsSent: null, edgeLost: null, evidence: 'local' });
    expect(record.dtmf).toMatchObject({
      uplink: { sent: '12', heard: null, counts: null, digits: [{ sent: '1', result: null }, { sent: '2' }] },
      downlink: { sent: null, heard: '', counts: null, digits: [] },
    });
  });

  it('holds the digits that were sent against those that our own far end heard, one by one', () => {
    const caller = mediaReport();
    caller.dtmf.sent = sentDigits('123', 1000);
    caller.dtmf.lateMs = 500;
    const own = mediaReport();
    own.dtmf.heard = [
      heardDigit('1', 1030),
      heardDigit('3', 2000, { hasEnd: false, hasStart: false, isResumed: true, volumeDbm0: -36 }),
    ];
    const { uplink, downlink } = join(caller, own).dtmf!;
    expect(uplink).toMatchObject({ sent: '123', heard: '13', unnegotiated: '' });
    expect(uplink.counts).toEqual({
      ...{ received: 2, lost: 1, merged: 0, duplicated: 0, wrong: 0 },
      ...{ late: 1, short: 0, unended: 1 },
    });
    expect(uplink.digits).toMatchObject([
      { result: 'received', sent: '1', heard: '1', sentMs: 1000, heardMs: 1030, delayMs: 30, faults: [] },
      { result: 'lost', sent: '2', heard: null, sentMs: 1200, heardMs: null, delayMs: null, faults: [] },
      { result: 'received', volumeDbm0: -36, delayMs: 600, faults: ['late', 'no-start', 'no-end', 'resumed'] },
    ]);
    expect(downlink).toMatchObject({ sent: '', heard: '', digits: [] });
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
    expect(join(mediaReport({ verdict: fault('stopped'), stoppedAfterMs: 900 }), null)).toMatchObject({
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

describe('RTCP of a foreign far end', () => {
  const RTCP: RtcpReport = {
    sent: 5,
    received: 5,
    malformed: 0,
    wrongSource: 0,
    unauthenticated: 0,
    roundTripMs: { samples: 3, mean: 240, min: 200, max: 280 },
    farEnd: {
      reports: 4,
      cumulativeLost: 5,
      extendedHighest: 100,
      jitterMs: 3,
      jitterMaxMs: 4,
      fractionLostMax: 0.1,
    },
    unheardReports: 0,
    voipMetrics: null,
    looped: 0,
    bye: false,
  };
  const mos = mosOf({
    codec: 'PCMU',
    bpl: 25.1,
    missing: 0,
    expected: 100,
    burstR: 1,
    jitterBufferMs: 60,
    ptimeMs: 20,
    delay: null,
  })!;
  const rtcp = (heard: Parameters<typeof mediaReport>[0], change: Partial<RtcpReport>): CallRecord =>
    join({ ...mediaReport({ mos, ...heard }), rtcp: { ...RTCP, ...change } }, null);

  it('tells that it receives us, what it lost, and how long the way is', () => {
    const record = rtcp({}, {});
    expect(record.uplink).toMatchObject({ heard: null, evidence: 'rtcp' });
    expect(record.rtcp).toMatchObject({
      verdict: OK,
      farEnd: { packetsExpected: 100, lossRatio: 0.05 },
      roundTripMs: { mean: 240 },
    });
    // 120 ms of network, 60 of jitter buffer, 20 of packet: as with a path of 120 ms.
    expect(record.downlink?.heard?.mos).toMatchObject({ lq: mos.lq, delaySource: 'rtcp' });
    expect(record.downlink?.heard?.mos?.cq).toBeCloseTo(4.343, 2);
  });

  it('adds the delay of our own path, which RTCP does not take', () => {
    const caller = { ...mediaReport({ mos }), rtcp: { ...RTCP, roundTripMs: { ...RTCP.roundTripMs!, mean: 40 } } };
    caller.truth.downlink.delayMeanMs = 100;
    expect(join(caller, null).downlink?.heard?.mos?.cq).toBeCloseTo(4.343, 2);
  });

  it('has the delay of a far end of our own, too, where RTP goes there through somebody else', () => {
    const with240 = { ...mediaReport({ mos }), rtcp: RTCP };
    const with40 = { ...mediaReport({ mos }), rtcp: { ...RTCP, roundTripMs: { ...RTCP.roundTripMs!, mean: 40 } } };
    const record = answeredRecord({ media: with240 });
    joinMedia(record, with40, true);
    // 60 ms of jitter buffer and 20 of packet come on top.
    expect(record.downlink?.heard?.mos).toMatchObject({ delaySource: 'rtcp', oneWayDelayMs: 120 + 80 });
    expect(record.uplink?.heard?.mos).toMatchObject({ delaySource: 'rtcp', oneWayDelayMs: 20 + 80 });
  });

  it('leaves the conversation unrated where no round trip was measured', () => {
    const record = rtcp({}, { roundTripMs: null });
    expect(record.downlink?.heard?.mos).toMatchObject({ cq: null, delaySource: 'none' });
  });

  it.each([
    ['ok', OK, {}, null, false],
    ['no-rtp', OK, { farEnd: null, unheardReports: 2 }, { direction: 'uplink', cause: 'no-rtp' }, false],
    ['no-rtp', fault('no-rtp'), { farEnd: null, unheardReports: 2 }, null, true],
    ['ok', fault('silence'), {}, { direction: 'downlink', cause: 'silence' }, false],
    ['nothing', OK, { farEnd: null, unheardReports: 1 }, null, false],
    ['nothing', OK, { farEnd: null, looped: 5 }, null, false],
  ])('says %s of the uplink where the downlink is %o', (_said, down, change, oneWay, noMedia) => {
    const record = rtcp({ verdict: down }, change);
    expect(record.oneWay).toEqual(oneWay);
    expect(record.noMedia).toBe(noMedia);
    expect(record.uplink!.evidence).toBe(_said === 'nothing' ? null : 'rtcp');
  });

  it('gives way to what an own far end heard', () => {
    const caller = { ...mediaReport(), rtcp: { ...RTCP, farEnd: null, unheardReports: 9 } };
    const record = join(caller, mediaReport());
    expect(record).toMatchObject({ uplink: { evidence: 'own-end' }, oneWay: null });
  });

  it('is added up over the calls', () => {
    const metrics = new CallMetrics();
    metrics.add(rtcp({}, {}));
    metrics.add(rtcp({}, { farEnd: { ...RTCP.farEnd!, cumulativeLost: -3, extendedHighest: 300 } }));
    metrics.add(rtcp({}, { farEnd: null, roundTripMs: null, received: 0 }));
    const { rtcp: summary, unknown } = metrics.media();
    expect(summary).toMatchObject({ calls: 2, sent: 15, received: 10, roundTripMs: { p50: 240 } });
    expect(summary.farEnd).toMatchObject({ calls: 2, lossRatio: 5 / 400, jitterMs: { max: 3 }, mosLq: null });
    expect(unknown).toEqual({ uplink: 1, downlink: 0 });
  });
});
