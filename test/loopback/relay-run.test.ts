import { afterEach, expect, test } from 'vitest';
import { pipeline } from '../../src/impair/spec.js';
import { parseProfile } from '../../src/profile/read.js';
import { StandaloneTrunk, type TrunkResult } from '../../src/run/standalone-trunk.js';
import { endDoorsAfterEach, openDoor } from '../support/relay-door.js';
import { runProfile } from '../support/run-profile.js';
import { closedPort, until } from './sip-harness.js';

endDoorsAfterEach();
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A trunk of ours; `end` brings what it heard. */
async function startTrunk(suites: string): Promise<{ port: number; end(): Promise<TrunkResult> }> {
  const port = await closedPort();
  const yaml =
    'name: trunk\nload: [{ shape: constant, cps: 1, for: 1s }]\nmedia: { rtpPorts: 41000-41199 }\n' +
    `trunk: { channels: 50, ringAfter: 20ms, answerAfter: 50ms, srtp: [${suites}] }\n`;
  const trunk = new StandaloneTrunk({ profile: parseProfile(yaml, 'trunk.yaml'), address: '127.0.0.1', sipPort: port });
  let isReady = false;
  const result = trunk.execute((line) => {
    isReady ||= line.includes('channels at');
  });
  stops.push(() => trunk.stop());
  // Where the port was taken meanwhile, it never is.
  await Promise.race([until(() => isReady), result]);
  return {
    port,
    end: () => {
      trunk.stop();
      return result;
    },
  };
}

test.each([
  ['in clear', ''],
  ['over SRTP', 'AES_CM_128_HMAC_SHA1_80'],
])('what a run and its trunk hear through the relay is what the relay did, call by call, %s', async (_name, suites) => {
  const trunk = await startTrunk(suites);
  const door = await openDoor({
    target: trunk.port,
    ports: [40_500, 40_799],
    seed: 11,
    pipelines: {
      aToB: pipeline.parse([{ kind: 'loss', ratio: 0.04, burst: 2 }]),
      // Not delayed: of what is under way when a side hangs up it hears nothing.
      bToA: pipeline.parse([{ kind: 'loss', ratio: 0.02, burst: 1 }]),
    },
  });
  const { summary, records } = await runProfile(`
name: through-the-relay
target: sip:100@127.0.0.1:${door.port}
load: [{ shape: constant, cps: 8, for: 1s }]
calls: { hold: 2s, srtp: [${suites}] }
media: { rtpPorts: 41200-41399 }
`);
  expect(summary.calls).toMatchObject({ attempted: 8, answered: 8, completed: 8 });
  await until(() => door.records.length === 8);
  let lostUplink = 0;
  let told = 0;
  for (const record of records) {
    const relayed = door.records.find(({ sipCallIds }) => sipCallIds[0] === record.sipCallIds[0])!;
    const { aToB, bToA } = relayed.media!.directions;
    for (const end of Object.values(relayed.media!.ends))
      expect(end).toMatchObject({ malformed: 0, unopened: 0, wrongSource: 0, srtp: suites === '' ? null : suites });
    expect(aToB.truth.packets).toBe(record.uplink!.packetsSent);
    expect(record.downlink!.heard!.packetsLost).toBe(bToA.truth.droppedWithin);
    lostUplink += aToB.truth.droppedWithin;
    // What the relay drops is beyond what the run knows of the uplink: the far end's reports tell, where one came in 2 s.
    const { farEnd, disagreements } = record.rtcp!;
    const isTold = (farEnd?.cumulativeLost ?? 0) > 2;
    if (isTold) told++;
    expect(farEnd?.cumulativeLost ?? 0).toBeLessThanOrEqual(aToB.truth.droppedWithin);
    const hint = { kind: 'loss-more', basis: 'path', farEnd: farEnd?.lossRatio, ours: 0 };
    // A machine with other work makes jitter of its own.
    expect(disagreements.filter(({ kind }) => kind !== 'jitter-more')).toEqual(isTold ? [hint] : []);
  }
  expect(told).toBeGreaterThan(0);
  expect(summary.media.rtcp.disagreements.byKind['loss-more']).toBe(told);
  const heard = await trunk.end();
  expect(heard.answered).toBe(8);
  expect(heard.packetsLost).toBe(lostUplink);
});
