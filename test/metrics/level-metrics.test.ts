import { describe, expect, it } from 'vitest';
import { parseGate } from '../../src/metrics/gate-parser.js';
import { LevelMetrics } from '../../src/metrics/level-metrics.js';
import { heardReport } from '../support/records.js';

describe('levels of all calls', () => {
  it('are distributions of the streams of which each was measured', () => {
    const levels = new LevelMetrics();
    for (let i = 0; i <= 100; i++)
      levels.add(
        heardReport({ activeLevelDbov: -40 + i / 5, activityFactor: 0.5, noiseFloorDbov: -70, clippedRatio: null }),
      );
    levels.add(heardReport({ activeLevelDbov: null, activityFactor: 0, noiseFloorDbov: -90.3, clippedRatio: 0.25 }));
    const { activeLevelDbov, activityFactor, noiseFloorDbov, clippedRatio } = levels.summary();
    expect(activeLevelDbov).toMatchObject({ min: -40, max: -20 });
    expect(activeLevelDbov!.p5).toBeCloseTo(-39, 0);
    expect(activeLevelDbov!.p50).toBeCloseTo(-30, 0);
    expect(activeLevelDbov!.p95).toBeCloseTo(-21, 0);
    expect(activityFactor).toMatchObject({ min: 0, p50: 0.5 });
    expect(noiseFloorDbov).toMatchObject({ p50: expect.closeTo(-70, 0), max: -70 });
    expect(clippedRatio).toEqual({ p50: 0.25, p95: 0.25, p99: 0.25, max: 0.25 });
  });

  it('are null where nothing was measured', () => {
    expect(new LevelMetrics().summary()).toEqual({
      activeLevelDbov: null,
      activityFactor: null,
      noiseFloorDbov: null,
      clippedRatio: null,
    });
  });

  it('can be gates, with bounds in dBov', () => {
    const parsed = parseGate('media.downlink.activeLevelDbov.p5 >= -30');
    expect(parsed).toMatchObject({ ok: true, gate: { kind: 'dbov', bound: -30 } });
    expect(parseGate('media.uplink.clippedRatio.p95 < 0.5%')).toMatchObject({ ok: true, gate: { bound: 0.005 } });
    expect(parseGate('media.uplink.noiseFloorDbov.p95 < quiet')).toEqual({
      ok: false,
      message: '`quiet` is no bound for media.uplink.noiseFloorDbov.p95, which is a level in dBov (-26)',
    });
  });
});
