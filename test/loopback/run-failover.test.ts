import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProfile } from '../support/run-profile.js';
import { Harness, SDP } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

/** A trunk that answers calls and OPTIONS. */
async function trunk() {
  const endpoint = await h.endpoint();
  const { srf } = endpoint;
  srf.options((_request, response) => response.send(200));
  srf.invite(async (request, response) => {
    await srf.createUAS(request, response, { localSdp: SDP });
  });
  return endpoint;
}

describe('a run that calls two trunks', () => {
  it('goes on to the second one when the first is ended, leaves it alone once it is down, and says what that cost', async () => {
    const [first, second] = [await trunk(), await trunk()];
    const { summary, records, timeline } = await runProfile(
      `
name: failover
targets:
  - { uri: "sip:100@127.0.0.1:${first.port}", name: first, priority: 1 }
  - { uri: "sip:100@127.0.0.1:${second.port}", name: second, priority: 2 }
failover: { noResponseMs: 2s, keepalive: { every: 400ms, failures: 2 } }
load: [{ shape: constant, cps: 10, for: 4s }]
calls: { hold: 400ms, audio: none }
media: { rtpPorts: 46000-46399 }
gates: [failover.outages == 1, failover.setupRatioMin == 100%, failover.failBackMs < 1s]
`,
      { shards: 2 },
      () => void setTimeout(() => void first.close(), 1000),
    );
    expect(summary.calls).toMatchObject({ attempted: 40, answered: 40, failed: 0 });
    const [outage] = summary.failover!.eachOutage;
    expect(outage).toMatchObject({ target: 'first', upMs: null, failBackMs: null, failedAttempts: 0 });
    expect(outage.detectionMs).toBe(Math.round((outage.downMs - outage.sinceMs) * 1e6) / 1e6);
    expect(summary.gates.map(({ pass, reason }) => reason ?? pass)).toEqual([true, true, 'not measured']);

    const wentOn = records.filter(({ tries }) => tries.length > 1);
    expect(wentOn.length).toBeGreaterThan(0);
    for (const { tries, trunk: last } of wentOn) {
      expect(tries.map((one) => [one.trunk, one.status])).toEqual([
        ['first', tries[0].status],
        ['second', 200],
      ]);
      expect(last).toBe('second');
      expect(tries[0].startedMs! + tries[0].ms!).toBeLessThanOrEqual(tries[1].startedMs! + 1);
    }
    // An attempt draws its target a moment before it starts.
    const later = records.filter(({ startedMs }) => startedMs > outage.downMs + 50);
    expect(later.length).toBeGreaterThan(0);
    expect(later.every(({ tries }) => tries.length === 1 && tries[0].trunk === 'second')).toBe(true);

    const before = records.filter(({ tries }) => tries.length === 1 && tries[0].trunk === 'first').length;
    const atSecond = records.length - before;
    expect(summary.failover).toMatchObject({ failedOver: wentOn.length, saved: wentOn.length });
    expect(summary.trunks).toMatchObject([
      { target: 'first', attempted: before + wentOn.length, answered: before, failed: wentOn.length },
      { target: 'second', attempted: atSecond, answered: atSecond },
    ]);
    expect(timeline.at(-1)!.targets.map(({ target, state }) => [target, state])).toEqual([
      ['first', 'down'],
      ['second', 'up'],
    ]);
  });
});
