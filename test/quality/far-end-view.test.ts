import { describe, expect, it } from 'vitest';
import { disagreements, type OurView } from '../../src/quality/far-end-view.js';
import type { FarEndView } from '../../src/rtp/rtcp-session.js';
import type { VoipMetrics } from '../../src/rtp/voip-metrics.js';
import { heardReport, mediaReport } from '../support/records.js';

const { uplink: PATH } = mediaReport().truth;

/** 1,000 packets sent, 950 of them by the last report. */
function ours(change: Partial<OurView> = {}): OurView {
  const path = { ...PATH, packets: 1000, delivered: 1000 };
  return { codec: 'PCMU', packetsSent: 1000, packetsExpected: 950, path, heard: null, hasSentDigits: false, ...change };
}

const heard = (change: Parameters<typeof heardReport>[0]) =>
  heardReport({ packetsExpected: 1000, packetsReceived: 1000, firstSequence: 1, lastSequence: 1000, ...change });

function view(change: Partial<FarEndView> = {}): FarEndView {
  const usual = {
    reports: 4,
    cumulativeLost: 0,
    extendedHighest: 950,
    jitterMs: 1,
    jitterMaxMs: 1,
    fractionLostMax: 0,
  };
  return { ...usual, ...change };
}

function metrics(change: Partial<VoipMetrics>): VoipMetrics {
  return {
    lossRatio: 0,
    discardRatio: 0,
    burstDensity: 0,
    gapDensity: 0,
    burstDurationMs: 0,
    gapDurationMs: 0,
    roundTripMs: 0,
    endSystemDelayMs: 80,
    signalLevelDbm0: null,
    noiseLevelDbm0: null,
    conceals: true,
    gmin: 16,
    rFactor: null,
    mosLq: null,
    mosCq: null,
    jitterBuffer: { isAdaptive: false, nominalMs: 60, maximumMs: 60, absoluteMaximumMs: 60 },
    ...change,
  };
}

describe('a far end’s loss against what our path dropped', () => {
  const path = (dropped: number, change: Partial<OurView['path']> = {}) =>
    ours({ path: { ...PATH, packets: 1000, delivered: 1000 - dropped, dropped, droppedWithin: dropped, ...change } });

  it.each([
    // dropped by the path, lost by the far end
    [0, 0],
    [0, 9],
    [50, 50],
    // All of the last 50 packets were dropped after the last report.
    [50, 0],
    [100, 41],
    [100, 109],
  ])('agrees: %d dropped, %d lost', (dropped, cumulativeLost) => {
    expect(disagreements(view({ cumulativeLost }), null, path(dropped))).toEqual([]);
  });

  it('is more where something beyond our path lost it', () => {
    expect(disagreements(view({ cumulativeLost: 48 }), null, path(0))).toEqual([
      { kind: 'loss-more', basis: 'path', farEnd: 48 / 950, ours: 0 },
    ]);
  });

  it('is less where it claims to have what we dropped, and duplicates do not make up for it', () => {
    expect(disagreements(view({ cumulativeLost: 0 }), null, path(100))).toEqual([
      { kind: 'loss-less', basis: 'path', farEnd: 0, ours: 0.1 },
    ]);
    // RFC 3550 A.3: a duplicate counts as received.
    expect(disagreements(view({ cumulativeLost: -30 }), null, path(40, { duplicated: 70 }))).toEqual([]);
  });

  it('may have late packets in it, and says nothing where the path numbered them anew', () => {
    expect(disagreements(view({ cumulativeLost: 60 }), null, path(0, { reordered: 60 }))).toEqual([]);
    expect(disagreements(view({ cumulativeLost: 400 }), null, path(0, { faults: { 'sequence-jump': 1 } }))).toEqual([]);
  });
});

describe('a far end’s loss against what our own far end heard', () => {
  it('agrees within what came after the report, late, or twice', () => {
    for (const [cumulativeLost, change] of [
      [20, { packetsLost: 20, rfc3550CumulativeLost: 20 }],
      [0, { packetsLost: 50, rfc3550CumulativeLost: 50 }],
      [45, { reordered: 40 }],
      [25, { packetsLost: 20, rfc3550CumulativeLost: -5, duplicates: 25 }],
    ] as const)
      expect(disagreements(view({ cumulativeLost }), null, ours({ heard: heard(change) }))).toEqual([]);
  });

  it('is told where it lies either way, and not where the source changed meanwhile', () => {
    const much = heard({ packetsLost: 200, rfc3550CumulativeLost: 200 });
    expect(disagreements(view(), null, ours({ heard: much }))).toEqual([
      { kind: 'loss-less', basis: 'own-end', farEnd: 0, ours: 0.2 },
    ]);
    expect(disagreements(view({ cumulativeLost: 95 }), null, ours({ heard: heard({}) }))).toEqual([
      { kind: 'loss-more', basis: 'own-end', farEnd: 0.1, ours: 0 },
    ]);
    const changed = heard({ packetsLost: 200, rfc3550CumulativeLost: 200, ssrcChanges: 1 });
    expect(disagreements(view(), null, ours({ heard: changed }))).toEqual([]);
  });
});

describe('a far end’s jitter', () => {
  const kinds = (change: Partial<FarEndView>, ofOurs: Partial<OurView>) =>
    disagreements(view(change), null, ours(ofOurs)).map(({ kind }) => kind);

  it('agrees within a factor of two and 5 ms, as J is sampled', () => {
    const own = heard({ jitterMs: 20, jitterMaxMs: 30 });
    for (const jitterMaxMs of [5, 12, 31, 64]) expect(kinds({ jitterMaxMs }, { heard: own })).toEqual([]);
    expect(kinds({ jitterMaxMs: 4.9 }, { heard: own })).toEqual(['jitter-less']);
    expect(kinds({ jitterMaxMs: 66 }, { heard: own })).toEqual(['jitter-more']);
  });

  it('is more than our path can have made', () => {
    const path = { ...PATH, delayMeanMs: 20, delayMaxMs: 40 };
    expect(kinds({ jitterMaxMs: 54 }, { path })).toEqual([]);
    expect(kinds({ jitterMaxMs: 56 }, { path })).toEqual(['jitter-more']);
    expect(kinds({ jitterMaxMs: 16 }, {})).toEqual(['jitter-more']);
  });

  it('is not judged by one report, nor where digits were sent', () => {
    expect(kinds({ jitterMaxMs: 90, reports: 1 }, {})).toEqual([]);
    expect(kinds({ jitterMaxMs: 90 }, { hasSentDigits: true })).toEqual([]);
  });
});

describe('a far end’s rating against its own loss', () => {
  const found = (change: Partial<VoipMetrics>, codec: string | null = 'PCMU') =>
    disagreements(view(), metrics(change), ours({ codec }));

  it('agrees whatever its concealment, its bursts and its defaults', () => {
    for (const change of [
      { rFactor: 93, mosLq: 4.4 },
      { rFactor: 94, mosLq: 4.5 },
      { lossRatio: 0.05, rFactor: 77, mosLq: 3.9 },
      { lossRatio: 0.05, rFactor: 42, mosLq: 2.2 },
      // A low R may have delay in it.
      { rFactor: 50, mosLq: 4.4 },
    ])
      expect(found(change)).toEqual([]);
  });

  it('is better than G.107 allows: R 93 with 10 % of loss, MOS 4.5 with 5 % of discards', () => {
    const [rating] = found({ lossRatio: 0.1, rFactor: 93 });
    expect(rating).toMatchObject({ kind: 'rating-better', basis: 'own-loss', farEnd: 93 });
    expect(rating.ours).toBeCloseTo(66.1407, 3);
    expect(found({ discardRatio: 0.05, mosLq: 4.5 })).toMatchObject([{ kind: 'rating-better', farEnd: 4.5 }]);
  });

  it('is worse than G.107 allows: MOS 3 without loss', () => {
    expect(found({ mosLq: 3 })).toMatchObject([{ kind: 'rating-worse', farEnd: 3 }]);
  });

  it.each(['G722', 'opus', 'AMR', null])(
    'is not judged for %s: another scale, or a mode that nobody knows',
    (codec) => {
      expect(found({ lossRatio: 0.1, rFactor: 100, mosLq: 4.5 }, codec)).toEqual([]);
    },
  );
});
