import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import type { CapacityOptions } from '../../src/load/capacity/capacity-search.js';
import type { CapacityOutcome } from '../../src/run/capacity-run.js';
import { LONG, SHORT, searchCapacity } from '../support/capacity-search.js';

/** Searches on loopback whose limits are drawn, a few minutes each. */
const TRIALS = Number(process.env.CAPACITY_REAL_TRIALS ?? 0);

/** Without audio: it costs CPU, and the limits are of setup. */
function searched(limits: string, search: CapacityOptions): Promise<CapacityOutcome> {
  return searchCapacity(
    `
name: capacity
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { audio: none, from: "+4930555[0000-9999]" }
trunk: { ${limits}, audio: none, ringAfter: 10ms, answerAfter: 20ms }
media: { rtpPorts: 42200-42799 }
`,
    search,
  );
}

describe('a search for capacity on loopback', () => {
  it('finds the channels of a trunk by one long run, and hangs up every call of each step', async () => {
    const { result, steps, failure } = await searched('channels: 6', SHORT);
    expect(failure).toBeNull();
    expect(result.concurrency).toMatchObject({ value: 6, failedAt: 7, cause: 'channels', isConfirmed: true });
    expect(result.cps).toBeNull();
    for (const { plan, figures } of steps) {
      expect(figures.attempts).toBe(plan.attempts);
      expect(figures.answered + figures.refused).toBe(plan.attempts);
      expect(figures.peakCalls).toBeLessThanOrEqual(6);
    }
  }, 120_000);

  for (let trial = 1; trial <= TRIALS; trial++)
    it(`finds limits that were drawn, channels to the last and CPS within 5 % (${trial})`, async () => {
      const rng = new Rng(trial);
      const channels = 5 + Math.floor(rng.uniform() * 36);
      const cps = 5 + Math.floor(rng.uniform() * 16);
      const { result } = await searched(`channels: ${channels}, cps: ${cps}`, { ...LONG, maxCalls: 80 });
      const found = { hidden: { channels, cps }, concurrency: result.concurrency, cps: result.cps };
      expect(found).toMatchObject({ concurrency: { value: channels, cause: 'channels', isConfirmed: true } });
      expect(Math.abs(result.cps!.value - cps) / cps, JSON.stringify(found)).toBeLessThanOrEqual(0.05);
      expect(result.cps!.cause).toBe('cps');
    }, 1_800_000);
});
