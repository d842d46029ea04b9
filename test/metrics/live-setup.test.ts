import { describe, expect, it } from 'vitest';
import { LiveSetup } from '../../src/metrics/live-setup.js';

describe('setups while a run goes on', () => {
  it('have no failure ratio and no delays before any attempt ended', () => {
    const live = new LiveSetup();
    expect(live.failureRatio(0)).toBeNull();
    expect(live.srd.percentiles()).toBeNull();
    expect(live.responses({})).toEqual({});
  });

  it('count calls that are still up as answered, so that failures are a share of all attempts that ended', () => {
    const live = new LiveSetup();
    for (const setupMs of [100, 200, 300]) live.add({ status: 200, srdMs: 10, setupMs });
    expect(live.answered).toBe(3);
    expect(live.failureRatio(1)).toBe(0.25);
    expect(live.srd.percentiles()).toMatchObject({ p50: 10, max: 10 });
    expect(live.setup.percentiles()).toMatchObject({ max: 300 });
  });

  it('take failures from the records, and successes not a second time', () => {
    const live = new LiveSetup();
    for (let i = 0; i < 3; i++) live.add({ status: 200, srdMs: 1, setupMs: 2 });
    expect(live.responses({ '200': 1, '503': 2, timeout: 1 })).toEqual({ '200': 3, '503': 2, timeout: 1 });
  });
});
