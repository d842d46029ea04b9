import { describe, expect, it } from 'vitest';
import type { CapacityOptions } from '../../src/load/capacity/capacity-search.js';
import type { CapacityOutcome } from '../../src/run/capacity-run.js';
import { LONG, SHORT, searchCapacity } from '../support/capacity-search.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endSippAfterEach, Sipp, scenario } from './sipp.js';

endSippAfterEach();
endKamailioAfterEach();

/** The attempts a second are sought as well, some minutes long. */
const IS_FULL = process.env.CAPACITY_KAMAILIO !== undefined;

/** Of a trunk that is Kamailio with limits, and SIPp behind it. */
async function searched(channels: number, cps: number, search: CapacityOptions): Promise<CapacityOutcome> {
  const sipp = await Sipp.callee(100_000, ['-sf', scenario('callee-by-proxy'), '-timeout', '900']);
  const kamailio = await Kamailio.start('limits', `CHANNELS=${channels}`, `CPS=${cps}`);
  return searchCapacity(
    `
name: capacity
target: sip:test@127.0.0.1:${sipp.port}
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { audio: none, from: "+4930555[0000-9999]", proxy: "${kamailio.uri}" }
media: { rtpPorts: 26200-26999 }
`,
    search,
  );
}

describe('a search for capacity against Kamailio in front of SIPp', () => {
  it('finds the calls at once that a dialog profile allows', async () => {
    const { result, steps, failure } = await searched(6, 1000, SHORT);
    expect(failure).toBeNull();
    expect(result.concurrency).toMatchObject({ value: 6, failedAt: 7, cause: 'channels', isConfirmed: true });
    for (const { figures } of steps) {
      expect(figures.answered + figures.refused).toBe(figures.attempts);
      expect(figures.peakCalls).toBeLessThanOrEqual(6);
    }
  }, 120_000);

  it.runIf(IS_FULL)(
    'finds the attempts a second that pipelimit lets pass',
    async () => {
      const { result } = await searched(25, 10, { ...LONG, maxCalls: 60 });
      expect(result.concurrency).toMatchObject({ value: 25, cause: 'channels', isConfirmed: true });
      expect(result.cps).toMatchObject({ cause: 'cps', isAtLeast: false });
      expect(Math.abs(result.cps!.value - 10)).toBeLessThanOrEqual(0.5);
    },
    900_000,
  );
});
