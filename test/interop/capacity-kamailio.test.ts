import { describe, expect, it } from 'vitest';
import type { CapacityOptions } from '../../src/load/capacity/capacity-search.js';
import { CRITERIA } from '../../src/load/capacity/judge.js';
import { parseProfile } from '../../src/profile/read.js';
import { type CapacityOutcome, CapacityRun } from '../../src/run/capacity-run.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endSippAfterEach, Sipp, scenario } from './sipp.js';

endSippAfterEach();
endKamailioAfterEach();

/** The attempts a second are sought as well, some minutes long. */
const IS_FULL = process.env.CAPACITY_KAMAILIO !== undefined;

const SHORT: CapacityOptions = {
  maxCalls: 10,
  maxCps: 0,
  stepCalls: 6,
  stepMs: 300,
  criteria: { ...CRITERIA, srdMs: 5000 },
  paceCps: 100,
  shortestMs: 600,
  longestMs: 60_000,
};

/** Of a trunk that is Kamailio with limits, and SIPp behind it. */
async function searched(channels: number, cps: number, search: CapacityOptions): Promise<CapacityOutcome> {
  const sipp = await Sipp.callee(100_000, ['-sf', scenario('callee-by-proxy')]);
  const kamailio = await Kamailio.start('limits', `CHANNELS=${channels}`, `CPS=${cps}`);
  const profile = parseProfile(
    `
name: capacity
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { audio: none, from: "+4930555[0000-9999]", proxy: "${kamailio.uri}" }
media: { rtpPorts: 26200-26999 }
`,
    'test.yaml',
  );
  return new CapacityRun({
    profile,
    plan: { attempts: 0, lastMs: 0, endMs: 0, peakCalls: search.maxCalls, burst: 50, peakCps: 100 },
    rows: [],
    id: 'test',
    version: '0.0.0',
    shards: 1,
    startedAt: new Date(),
    onTimeline: () => {},
    onRecord: () => {},
    onProgress: () => {},
    onStep: () => {},
    search,
  }).execute();
}

describe('a search for capacity against Kamailio in front of SIPp', () => {
  it('finds the calls at once that a dialog profile allows', async () => {
    const { result, steps, failure } = await searched(6, 1000, SHORT);
    expect(failure).toBeNull();
    for (const { figures } of steps) {
      expect(figures.answered + figures.refused).toBe(figures.attempts);
      expect(figures.peakCalls).toBeLessThanOrEqual(6);
    }
    if (result.concurrency?.cause === 'generator') return;
    expect(result.concurrency).toMatchObject({ value: 6, failedAt: 7, cause: 'channels', isConfirmed: true });
  }, 60_000);

  it.runIf(IS_FULL)(
    'finds the attempts a second that pipelimit lets pass',
    async () => {
      const options = { ...SHORT, maxCalls: 60, maxCps: 60, stepCalls: 60, stepMs: 5000, shortestMs: 2000 };
      const { result } = await searched(25, 10, options);
      expect(result.concurrency).toMatchObject({ value: 25, cause: 'channels', isConfirmed: true });
      expect(result.cps).toMatchObject({ cause: 'cps', isAtLeast: false });
      expect(Math.abs(result.cps!.value - 10)).toBeLessThanOrEqual(0.5);
    },
    900_000,
  );
});
