import { describe, expect, it } from 'vitest';
import { faultInWords, faultsOf } from '../../src/metrics/call-verdict.js';
import { Confusion, profileOf, type Scenario } from '../support/diagnosis.js';
import { type FinishedRun, runProfile } from '../support/run-profile.js';

const CALLS = 16;
const HOLD = '5500ms';

async function diagnosed(scenario: Scenario, rtpPorts: string): Promise<FinishedRun> {
  const run = await runProfile(profileOf(scenario, CALLS, 16, rtpPorts, HOLD));
  const confusion = new Confusion();
  confusion.add(scenario, run);
  expect(confusion.wrong).toEqual([]);
  expect(confusion.calls).toBe(CALLS);
  return run;
}

// `npm run bench:media -- diagnosis` has every cause, and more calls.
describe.concurrent('a run in which every second call is impaired', () => {
  it('finds garbled and late audio in these calls and no others, counts them as impaired, and says what is heard', async () => {
    const { summary, records } = await diagnosed(
      {
        name: 'late, garbled',
        uplink: 'late',
        downlink: 'garbled',
        stages: 'uplink: [{ kind: late-media, by: 1500ms }], downlink: [{ kind: recode, to: PCMA }]',
      },
      '39000-39199',
    );
    const half = CALLS / 2;
    expect(summary.media).toMatchObject({
      oneWay: { calls: 0 },
      noMedia: { calls: 0 },
      impaired: { calls: half, byCause: { late: half, garbled: half }, byDirection: { uplink: half, downlink: half } },
    });
    for (const record of records.filter(({ id }) => id % 2 === 0)) {
      const [late, garbled] = faultsOf(record).map((fault) => faultInWords(fault, record));
      expect(late).toMatch(/^the callee hears the beginning too late: first RTP 1\.[4-6] s after the answer$/);
      expect(garbled).toBe('the caller hears noise: the audio is decoded wrong');
    }
  });

  it('finds interruptions and when RTP stopped; a call that one side hears at all is one-way, and not impaired', async () => {
    const { summary, records } = await diagnosed(
      {
        name: 'intermittent, stopped',
        uplink: 'intermittent',
        downlink: 'stopped',
        stages:
          'uplink: [{ kind: outage, from: 500ms, for: 400ms, every: 1500ms }], downlink: [{ kind: one-way, after: 2s }]',
      },
      '39200-39399',
    );
    expect(summary.media).toMatchObject({
      oneWay: { calls: CALLS / 2, byCause: { stopped: CALLS / 2 }, byDirection: { uplink: 0, downlink: CALLS / 2 } },
      noMedia: { calls: 0 },
      impaired: { calls: 0 },
    });
    for (const record of records.filter(({ id }) => id % 2 === 0)) {
      const [stopped] = faultsOf(record).map((fault) => faultInWords(fault, record));
      expect(stopped).toMatch(/^the caller hears nothing more: RTP stopped (1\.9|2\.[01]) s after the answer$/);
      expect(record.uplink!.heard!.interruptions.count).toBeGreaterThanOrEqual(3);
    }
  });
});
