import { describe, expect, it } from 'vitest';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { joinMedia } from '../../src/metrics/join.js';
import { ProbeJoin, rateByProbe } from '../../src/metrics/join-probes.js';
import { mosOf } from '../../src/quality/mos.js';
import { answeredRecord, mediaReport } from '../support/records.js';

const marker = (identity: number, atMs: number) => ({ identity, atMs, levelDbov: -20 });
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

/** One side of a call that says a marker at 1000 ms and ends at 9000 ms. */
function side(id: number, identity: number, markers: ReturnType<typeof marker>[], isEcho = false): CallRecord {
  const media = { ...mediaReport({ mos, echo: isEcho }), markers };
  const record = answeredRecord({ id, media, saidMarkers: { identity, startsMs: [1000] } });
  record.timings.byeMs = 9000;
  return record;
}

describe('what both sides of a call said and heard', () => {
  it('is put together by direction, and counted', () => {
    const record = side(7, 14, [marker(81, 1100)]);
    const join = new ProbeJoin();
    join.join(record, side(40, 81, [marker(14, 1180)]));
    expect(record.probe).toMatchObject({
      uplink: { sent: 1, heard: 1, missed: 0, delayMs: 200, crossed: 0 },
      downlink: { sent: 1, heard: 1, missed: 0, delayMs: 120, crossed: 0 },
    });
    expect(record.saidMarkers).toBeUndefined();
    const metrics = new CallMetrics();
    metrics.add(record);
    expect(metrics.probe.uplink.summary()).toMatchObject({
      calls: 1,
      sent: 1,
      heard: 1,
      missedRatio: 0,
      mouthToEarMs: { p50: 200 },
      crossedCalls: 0,
    });
  });

  it('names each of two calls whose audio was exchanged at the other', () => {
    const join = new ProbeJoin();
    const seven = side(7, 14, [marker(83, 1100)]);
    const eight = side(8, 16, [marker(81, 1100)]);
    join.join(seven, side(40, 81, [marker(16, 1100)]));
    join.join(eight, side(41, 83, [marker(14, 1100)]));
    expect(seven.probe).toMatchObject({
      uplink: { sent: 1, heard: 0, missed: 1, delayMs: null, crossed: 1, crossedCall: 8 },
      downlink: { missed: 1, crossed: 1, crossedCall: 8 },
    });
    expect(eight.probe).toMatchObject({ uplink: { crossedCall: 7 }, downlink: { crossedCall: 7 } });
  });

  it('knows whose audio came down alone only once that call was joined', () => {
    const join = new ProbeJoin();
    const seven = side(7, 14, [marker(83, 1100)]);
    const eight = side(8, 16, [marker(81, 1100)]);
    join.join(seven, side(40, 81, [marker(14, 1100)]));
    join.join(eight, side(41, 83, [marker(16, 1100)]));
    expect(seven.probe!.downlink).toMatchObject({ crossed: 1, crossedCall: null });
    expect(eight.probe!.downlink).toMatchObject({ crossed: 1, crossedCall: 7 });
  });

  it('is nothing where none are said, and nothing of the uplink where the far end is not ours', () => {
    const silent = answeredRecord({ media: mediaReport(), saidMarkers: null });
    new ProbeJoin().join(silent, null);
    expect(silent.probe).toBeNull();
    const foreign = side(7, 14, []);
    new ProbeJoin().join(foreign, null);
    expect(foreign.probe).toMatchObject({
      uplink: { sent: null, crossed: null },
      downlink: { sent: null, crossed: 0 },
    });
    const metrics = new CallMetrics();
    metrics.add(foreign);
    expect(metrics.probe.uplink.summary()).toMatchObject({
      calls: 0,
      sent: null,
      missedRatio: null,
      crossedCalls: null,
    });
  });

  it('rates the conversation with an echo service, which nothing else tells the delay of', () => {
    const record = side(7, 14, [marker(14, 1660)], true);
    new ProbeJoin().join(record, null);
    joinMedia(record, null);
    expect(record.downlink!.heard!.mos).toMatchObject({ cq: null, delaySource: 'none' });
    rateByProbe(record);
    // 600 ms there and back: 300 in one direction.
    expect(record.probe!.downlink).toMatchObject({ delayMs: 380, delaySource: 'half-round-trip' });
    expect(record.downlink!.heard!.mos!.delaySource).toBe('probe');
    expect(record.downlink!.heard!.mos!.oneWayDelayMs).toBeCloseTo(380, 6);
    expect(record.downlink!.heard!.mos!.cq).toBeLessThan(mos!.lq - 0.3);
  });
});
