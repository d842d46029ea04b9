import { expect, it } from 'vitest';
import { arrivals } from '../../src/load/arrivals.js';
import { parseProfile } from '../../src/profile/read.js';
import { runProfile } from '../support/run-profile.js';

/** The whole judge, 100 E on 100 channels for so long, runs by this alone: 600 for 30,000 calls. */
const FULL_SECONDS = Number(process.env.TRUNKSTORM_ERLANG_SECONDS ?? 0);
const { erlang, meanMs, seconds } =
  FULL_SECONDS > 0 ? { erlang: 100, meanMs: 2000, seconds: FULL_SECONDS } : { erlang: 10, meanMs: 400, seconds: 5 };

function erlangB(offered: number, channels: number): number {
  let blocking = 1;
  for (let n = 1; n <= channels; n++) blocking = (offered * blocking) / (n + offered * blocking);
  return blocking;
}

it(
  'Poisson arrivals with exponential hold times are made as drawn, and blocked by a full trunk as Erlang B says',
  async () => {
    const yaml = `name: erlang
load: [{ shape: constant, cps: ${(erlang * 1000) / meanMs}, arrivals: poisson, for: ${seconds}s }]
calls: { hold: { kind: exponential, mean: ${meanMs} }, audio: none, expectAudio: false }
trunk: { channels: ${erlang}, audio: none, expectAudio: false }
media: { rtpPorts: 42000-43999 }
`;
    const { summary, records } = await runProfile(yaml);
    const { load, hold } = ((profile) => ({ load: profile.load, hold: profile.calls.hold }))(
      parseProfile(yaml, 'e.yaml'),
    );
    const plan = [...arrivals(load, hold, 1)];
    expect(summary.load.plannedAttempts).toBe(plan.length);
    expect(summary.calls.attempted + summary.calls.notStarted).toBe(plan.length);

    const startMs = records[0].dueMs - plan[records[0].id].atMs;
    for (const { id, dueMs, startedMs, outcome, timings } of records) {
      expect(dueMs - startMs).toBeCloseTo(plan[id].atMs, 1);
      expect(startedMs).toBeGreaterThan(dueMs - 0.01);
      // Timers of the system fire up to a ms early.
      if (outcome === 'completed') expect(timings.byeMs! - timings.finalMs!).toBeGreaterThan(plan[id].holdMs - 2);
    }

    const { own } = summary.trunk;
    expect(summary.responses['503'] ?? 0).toBe(own!.refusedFull);
    expect(own!.peakChannels).toBe(erlang);
    const expected = erlangB(erlang, erlang);
    const found = own!.refusedFull / summary.calls.attempted;
    // Calls that follow each other meet the same full trunk: the error is some four times that of independent ones.
    const error = 4 * Math.sqrt((expected * (1 - expected)) / summary.calls.attempted);
    if (FULL_SECONDS > 0)
      console.info(`blocked ${found}, Erlang B ${expected}, of ${summary.calls.attempted}`, summary.load);
    expect(Math.abs(found - expected)).toBeLessThan(4 * error);
  },
  FULL_SECONDS * 4000 + 120_000,
);
