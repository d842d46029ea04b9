import { describe, expect, it } from 'vitest';
import { type Pipeline, pipeline } from '../../src/impair/spec.js';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import { joinMedia } from '../../src/metrics/join.js';
import { answeredRecord } from '../support/records.js';
import { TwoPlanes } from './two-planes.js';

const stages = (...list: object[]): Pipeline => pipeline.parse(list);
const ADAPTIVE = { kind: 'adaptive', minMs: 20, maxMs: 200 } as const;

/** A call of 30 s whose uplink loses every tenth packet or so from 10 s to 20 s on. */
function troubledCall(session: Parameters<TwoPlanes['call']>[1] = {}): ReturnType<TwoPlanes['close']> {
  const planes = new TwoPlanes();
  planes.call(1, session);
  const change = (uplink: Pipeline, name: string): void =>
    planes.near.plane.impair([1], uplink, [], name, planes.clock.now());
  planes.run(10_000);
  change(stages({ kind: 'loss', ratio: 0.1, burst: 1 }), 'bad');
  planes.run(10_000);
  change([], 'good');
  planes.run(10_000);
  return planes.close(1);
}

describe('a call through clean, lossy and clean 10 s', () => {
  it('has the lossy ones as its worst, to the packet, and only in that direction', () => {
    const { near, far } = troubledCall();
    const dropped = near.truth.uplink.periods.find(({ name }) => name === 'bad')!.dropped;
    expect(dropped).toBeGreaterThan(25);
    expect(far.heard.intervals.map(({ packetsLost }) => packetsLost).slice(0, 3)).toEqual([0, dropped, 0]);
    expect(far.heard.worstInterval!.startMs).toBe(10_000);
    expect(far.heard.worstInterval!.mosLq).toBeLessThan(3.7);
    expect(far.heard.mos!.lq).toBeGreaterThan(3.9);
    for (const { mosLq } of near.heard.intervals) if (mosLq !== null) expect(mosLq).toBeCloseTo(4.41, 2);
  });

  it('is seen in the summary, where the mean of the call hides it, with the delay where that is known', () => {
    const { near, far } = troubledCall();
    const record = answeredRecord({ media: near });
    joinMedia(record, far);
    const metrics = new CallMetrics();
    metrics.add(record);
    const { uplink, downlink } = metrics.media();
    expect(uplink.mosLqWorst!.p50).toBeLessThan(uplink.mosLq!.p50 - 0.3);
    expect(downlink.mosLqWorst!.min).toBeCloseTo(4.41, 2);
    expect(uplink.playoutDelayMs!.p50).toBe(60);
    const { heard } = record.uplink!;
    expect(heard!.worstInterval!.mosCq).toBeCloseTo(heard!.worstInterval!.mosLq!, 1);
  });

  it('has the delay of an adaptive buffer in its report, and tells the far end of it', () => {
    const { near, far } = troubledCall({ jitterBuffer: ADAPTIVE, rtcp: { xr: true } });
    expect(far.heard.playout).toMatchObject({ kind: 'adaptive', limitMs: 200 });
    // A network without jitter: the margin alone.
    expect(far.heard.playout!.meanMs).toBeCloseTo(20, 0);
    expect(far.heard.mos!.jitterBufferMs).toBe(far.heard.playout!.meanMs);
    expect(near.rtcp!.voipMetrics!.jitterBuffer).toEqual({
      isAdaptive: true,
      nominalMs: 20,
      maximumMs: Math.round(far.heard.playout!.maxMs),
      absoluteMaximumMs: 200,
    });
  });
});
