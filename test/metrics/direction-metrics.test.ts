import { describe, expect, it } from 'vitest';
import { DirectionMetrics, DtmfMetrics } from '../../src/metrics/direction-metrics.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import { mosOf } from '../../src/quality/mos.js';

describe('digits of all calls', () => {
  it('are lost as a share of those sent to a far end that tells what it heard', () => {
    const digits = new DtmfMetrics();
    digits.add('1234', '124');
    digits.add('1234', null);
    expect(digits.summary()).toMatchObject({ sent: 8, received: 3, lost: 1, lossRatio: 0.25, callsAffected: 1 });
  });

  it('have no share lost where nobody tells, and none where none were sent', () => {
    const silent = new DtmfMetrics();
    silent.add('1234', null);
    expect(silent.summary()).toMatchObject({ sent: 4, received: null, lost: null, lossRatio: null });
    const unsent = new DtmfMetrics();
    unsent.add('', '');
    expect(unsent.summary()).toMatchObject({ sent: 0, received: 0, lost: 0, lossRatio: null });
  });
});

describe('ratings of all calls', () => {
  const unheard = new HeardStream({
    acceptPayloadTypes: { 0: 'PCMU' },
    jitterBufferMs: 60,
    mediaTimeoutMs: 5000,
    bpl: 25.1,
    expectAudio: true,
    hearDigits: true,
    clockRate: 8000,
    ownSsrc: 1,
  }).report(0);

  it('are of one scale: that of most streams; those on another one are not measured on it', () => {
    const metrics = new DirectionMetrics();
    for (const codec of ['PCMU', 'G722', 'G722', 'opus'] as const) {
      const common = { bpl: 25.1, missing: 0, expected: 100, burstR: 1, jitterBufferMs: 60, ptimeMs: 20, delay: null };
      const heard = { ...unheard, mos: mosOf({ codec, ...common }) };
      metrics.add({ packetsSent: 100, heard, edgeLost: 0, evidence: 'local' });
    }
    const summary = metrics.summary();
    expect(summary).toMatchObject({ streams: 4, measured: 2, unmeasured: 2, mosModel: 'G.107.1 CQEW' });
    expect(summary.rFactor!.p50).toBeCloseTo(115.85, 1);
    expect(summary.mosLqBands!.reduce((sum, n) => sum + n, 0)).toBe(2);
  });

  it('name what a profile said of codecs, once each, beside the model', () => {
    const metrics = new DirectionMetrics();
    const equipment = { G729: { ie: 15, bpl: 12 } };
    for (const codec of ['PCMU', 'G729', 'G729', 'AMR'] as const) {
      const common = { bpl: 25.1, missing: 0, expected: 100, burstR: 1, jitterBufferMs: 60, ptimeMs: 20, delay: null };
      const heard = { ...unheard, mos: mosOf({ codec, equipment, ...common }) };
      metrics.add({ packetsSent: 100, heard, edgeLost: 0, evidence: 'local' });
    }
    expect(metrics.summary()).toMatchObject({
      measured: 4,
      mosModel: 'G.107 CQEN, G729 with Ie 15 and Bpl 12 by the profile',
    });
  });

  it('are absent without any', () => {
    const metrics = new DirectionMetrics();
    metrics.add({ packetsSent: 100, heard: null, edgeLost: null, evidence: null });
    expect(metrics.summary()).toMatchObject({
      measured: 0,
      unmeasured: 1,
      mosModel: null,
      mosLq: null,
      mosLqBands: null,
    });
  });
});
