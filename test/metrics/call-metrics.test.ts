import { describe, expect, it } from 'vitest';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { joinMedia } from '../../src/metrics/join.js';
import { answeredRecord, failedRecord, fault, mediaReport } from '../support/records.js';

function metricsOf(...records: CallRecord[]): CallMetrics {
  const metrics = new CallMetrics();
  for (const record of records) metrics.add(record);
  return metrics;
}

const times = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);

describe('figures of a run', () => {
  it('are the ratios of RFC 6076 and E.425', () => {
    // 100 requests: 60 × 200, 10 × 486, 5 × 302, 8 × 503, 4 timeouts, 3 transport errors, 10 × 404.
    const metrics = metricsOf(
      ...times(60, () => answeredRecord()),
      ...times(10, () => failedRecord(486)),
      ...times(5, () => failedRecord(302)),
      ...times(8, () => failedRecord(503)),
      ...times(4, () => failedRecord(408, 'timeout')),
      ...times(3, () => failedRecord(503, 'transport')),
      ...times(10, () => failedRecord(404)),
      ...times(7, () => failedRecord(487, 'cancelled', { outcome: 'cancelled' })),
    );
    expect(metrics.counts).toMatchObject({ attempted: 107, answered: 60, failed: 40, cancelled: 7 });
    expect(metrics.responses).toEqual({
      '200': 60,
      '302': 5,
      '404': 10,
      '486': 10,
      '503': 8,
      timeout: 4,
      transport: 3,
    });
    const sip = metrics.sip();
    expect(sip.setupFailureRatio).toBe(0.4);
    // The seven that we cancelled are requests as any (RFC 6076 4.6–4.9), and say nothing of the network (E.425).
    expect(sip.asr).toBeCloseTo(60 / 107, 6);
    expect(sip.ser).toBeCloseTo(60 / 102, 6);
    expect(sip.seer).toBeCloseTo(70 / 102, 6);
    expect(sip.isa).toBeCloseTo(15 / 107, 6); // 503 + timeout (408) + transport (503)
    expect(sip.ner).toBeCloseTo(0.7, 6);
    expect(sip.scr).toBeCloseTo(60 / 107, 6);
  });

  it('keep the delays of successes and failures apart, and leave our own timeouts out', () => {
    const sip = metricsOf(
      answeredRecord(),
      failedRecord(486),
      failedRecord(408, 'timeout', { timings: { ...failedRecord(0).timings, finalMs: 32_000 } }),
    ).sip();
    expect(sip.srdMs).toEqual({
      success: { p50: 40, p95: 40, p99: 40, max: 40 },
      failure: { p50: 5, p95: 5, p99: 5, max: 5 },
    });
    expect(sip.sddMs.success?.p50).toBe(3);
    expect(sip.setupMs?.p50).toBe(100);
    expect(sip.sdtMs?.p50).toBe(2000);
  });

  it('are null over nothing', () => {
    const metrics = metricsOf();
    expect(metrics.sip()).toMatchObject({
      setupFailureRatio: null,
      ser: null,
      seer: null,
      isa: null,
      asr: null,
      scr: null,
      acdMs: null,
      srdMs: { success: null, failure: null },
    });
    expect(metrics.media().downlink).toMatchObject({
      streams: 0,
      packetsReceived: null,
      lossRatio: null,
      mosLq: null,
      mosLqBands: null,
    });
    const onlyCancelled = metricsOf(failedRecord(487, 'cancelled', { outcome: 'cancelled' }));
    expect(onlyCancelled.sip().setupFailureRatio).toBeNull();
  });

  it('never merge directions, count streams without a MOS, and sum loss over packets, not over calls', () => {
    const joined = (down: Parameters<typeof mediaReport>[0], up: Parameters<typeof mediaReport>[0]): CallRecord => {
      const record = answeredRecord({ media: mediaReport(down) });
      joinMedia(record, mediaReport(up));
      return record;
    };
    const { uplink, downlink, oneWay, unknown } = metricsOf(
      joined({ packetsLost: 10, packetsExpected: 100, lossRatio: 0.1 }, {}),
      joined({ packetsLost: 0, packetsExpected: 900, lossRatio: 0 }, {}),
      joined({ packetsReceived: 0, packetsExpected: 0, lossRatio: null, jitterMs: null, verdict: fault('no-rtp') }, {}),
    ).media();
    expect(downlink).toMatchObject({ streams: 3, measured: 0, unmeasured: 3, packetsLost: 10, lossRatio: 0.01 });
    expect(uplink).toMatchObject({ streams: 3, packetsLost: 0, lossRatio: 0 });
    expect(oneWay).toEqual({ calls: 1, byCause: { 'no-rtp': 1 }, byDirection: { uplink: 0, downlink: 1 } });
    expect(unknown).toEqual({ uplink: 0, downlink: 0 });
  });
});

describe('calls whose record never came', () => {
  it('are counted: as still up where they were answered, as given up where not', () => {
    const metrics = new CallMetrics();
    metrics.add(answeredRecord());
    metrics.add(failedRecord(503));
    expect(metrics.addUntold(7, 4)).toBe(5);
    expect(metrics.counts).toEqual({
      attempted: 7,
      answered: 4,
      completed: 1,
      dropped: 0,
      stillUp: 3,
      failed: 1,
      cancelled: 2,
    });
    expect(metrics.responses).toEqual({ '200': 4, '503': 1 });
    expect(metrics.addUntold(7, 4)).toBe(0);
  });
});
