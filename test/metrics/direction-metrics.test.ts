import { describe, expect, it } from 'vitest';
import { DirectionMetrics } from '../../src/metrics/direction-metrics.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import { type MosInput, mosOf } from '../../src/quality/mos.js';
import type { IntervalReport } from '../../src/quality/reports.js';

const INTERVAL: IntervalReport = {
  startMs: 0,
  durationMs: 10_000,
  packetsExpected: 500,
  packetsLost: 0,
  lateDiscarded: 0,
  jitterMs: 0,
  playoutDelayMs: null,
  burstR: 1,
  r: 93,
  mosLq: 4.4,
  mosCq: null,
};

describe('ratings of all calls', () => {
  const unheard = new HeardStream({
    acceptPayloadTypes: { 0: 'PCMU' },
    jitterBuffer: { kind: 'fixed', delayMs: 60 },
    mediaTimeoutMs: 5000,
    bpl: 25.1,
    expectAudio: true,
    hearDigits: true,
    clockRate: 8000,
    ownSsrc: 1,
  }).report(0);

  const usual = { bpl: 25.1, missing: 0, expected: 100, burstR: 1, jitterBufferMs: 60, ptimeMs: 20, delay: null };

  function metricsOf(...ratings: Partial<MosInput>[]): DirectionMetrics {
    const metrics = new DirectionMetrics();
    for (const rating of ratings) {
      const heard = { ...unheard, mos: mosOf({ ...usual, codec: 'PCMU', ...rating }) };
      metrics.add({ packetsSent: 100, heard, edgeLost: 0, evidence: 'local' });
    }
    return metrics;
  }

  it('are of one scale: that of most streams; those on another one are not measured on it, and have figures of their own', () => {
    const summary = metricsOf({}, { codec: 'G722' }, { codec: 'G722' }, { codec: 'opus' }).summary();
    expect(summary).toMatchObject({ streams: 4, measured: 2, unmeasured: 2, mosModel: { scale: 'CQEW' } });
    expect(summary.rFactor!.p50).toBeCloseTo(115.85, 1);
    expect(summary.mosLqBands!.reduce((sum, n) => sum + n, 0)).toBe(2);
    expect(summary.otherScales).toMatchObject([
      { streams: 1, rFactor: { mean: 93.206208 }, mosModel: { model: 'G.107', codec: 'PCMU' } },
      { streams: 1, rFactor: { mean: 125.36 }, mosModel: { model: 'G.107.2', codec: 'opus' } },
    ]);
  });

  it('say what they rest on: codec, Ie, Bpl, buffer, packets and where the delay is from', () => {
    const path = { oneWayDelayMs: 30, source: 'path' } as const;
    const near = metricsOf({ delay: path }, { delay: path, jitterBufferMs: 80 }).summary();
    expect(near.mosModel).toEqual({
      model: 'G.107',
      scale: 'CQEN',
      codec: 'PCMU',
      ie: 0,
      bpl: 25.1,
      equipmentSource: 'G.113',
      lookAheadMs: 0,
      burstR: 'measured',
      jitterBufferMs: 70,
      ptimeMs: 20,
      delaySource: 'path',
      conversational: 2,
      others: [],
    });
    expect(near.mosCq).not.toBeNull();
    const partly = metricsOf({ delay: { oneWayDelayMs: 30, source: 'rtcp' } }, {}).summary();
    expect(partly.mosModel).toMatchObject({ delaySource: 'mixed', conversational: 1 });
    const none = metricsOf({ codec: 'G722' }).summary();
    expect(none).toMatchObject({ mosCq: null, mosModel: { delaySource: 'none', conversational: 0, burstR: 'none' } });
  });

  it('name every codec of the scale, those of most streams first', () => {
    const equipment = { G729: { ie: 15, bpl: 12 } };
    const { measured, mosModel } = metricsOf(
      {},
      { codec: 'G729', equipment },
      { codec: 'G729', equipment },
      { codec: 'AMR', equipment },
    ).summary();
    expect(measured).toBe(4);
    expect(mosModel).toMatchObject({ codec: 'G729', ie: 15, bpl: 12, equipmentSource: 'given' });
    expect(mosModel!.others).toEqual([
      { codec: 'PCMU', ie: 0, bpl: 25.1, equipmentSource: 'G.113', lookAheadMs: 0, streams: 1 },
      { codec: 'AMR', ie: 5, bpl: 10, equipmentSource: 'as GSM-EFR', lookAheadMs: 5, streams: 1 },
    ]);
  });

  it('are of the calls’ worst 10 s too, where one is rated', () => {
    const metrics = new DirectionMetrics();
    for (const mosLq of [4.4, 2.1, null, 4.3]) {
      const worstInterval = mosLq === null ? null : { ...INTERVAL, mosLq };
      const heard = { ...unheard, mos: mosOf({ ...usual, codec: 'PCMU' }), worstInterval };
      metrics.add({ packetsSent: 100, heard, edgeLost: 0, evidence: 'local' });
    }
    const { measured, mosLq, mosLqWorst } = metrics.summary();
    expect([measured, mosLq!.min]).toEqual([4, expect.closeTo(4.41, 2)]);
    expect(mosLqWorst).toEqual({ min: 2.1, p5: expect.closeTo(2.1, 2), p50: expect.closeTo(4.3, 2), mean: 3.6 });
  });

  it('are absent without any', () => {
    const metrics = new DirectionMetrics();
    metrics.add({ packetsSent: 100, heard: null, edgeLost: null, evidence: null });
    expect(metrics.summary()).toMatchObject({
      measured: 0,
      unmeasured: 1,
      mosModel: null,
      mosLq: null,
      mosLqWorst: null,
      playoutDelayMs: null,
      oneWayDelayMs: null,
      mosLqBands: null,
      otherScales: [],
    });
  });
});
