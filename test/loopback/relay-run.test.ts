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
async function startTrunk(): Promise<{ port: number; end(): Promise<TrunkResult> }> {
  const port = await closedPort();
  const yaml =
    'name: trunk\nload: [{ shape: constant, cps: 1, for: 1s }]\nmedia: { rtpPorts: 41000-41199 }\n' +
    'trunk: { channels: 50, ringAfter: 20ms, answerAfter: 50ms }\n';
  const trunk = new StandaloneTrunk({ profile: parseProfile(yaml, 'trunk.yaml'), address: '127.0.0.1', sipPort: port });
  let isReady = false;
  const result = trunk.execute((line) => {
    isReady ||= line.includes('channels at');
  });
  stops.push(() => trunk.stop());
  await until(() => isReady);
  return {
    port,
    end: () => {
      trunk.stop();
      return result;
    },
  };
}

test('what a run and its trunk hear through the relay is what the relay did, call by call', async () => {
  const trunk = await startTrunk();
  const door = await openDoor({
    target: trunk.port,
    ports: [40_500, 40_799],
    seed: 11,
    pipelines: {
      aToB: pipeline.parse([{ kind: 'loss', ratio: 0.04, burst: 2 }]),
      bToA: pipeline.parse([
        { kind: 'loss', ratio: 0.02, burst: 1 },
        { kind: 'delay', base: 40, jitter: { distribution: 'uniform', spread: 15 } },
      ]),
    },
  });
  const { summary, records } = await runProfile(`
name: through-the-relay
target: sip:100@127.0.0.1:${door.port}
load: [{ shape: constant, cps: 6, for: 2s }]
calls: { hold: 3s }
media: { rtpPorts: 41200-41399 }
`);
  expect(summary.calls).toMatchObject({ attempted: 12, answered: 12, completed: 12 });
  await until(() => door.records.length === 12);
  let lostUplink = 0;
  for (const record of records) {
    const relayed = door.records.find(({ sipCallIds }) => sipCallIds[0] === record.sipCallIds[0])!;
    const { aToB, bToA } = relayed.media!.directions;
    expect(relayed.media!.ends.a.malformed + relayed.media!.ends.b.malformed).toBe(0);
    expect(aToB.truth.packets).toBe(record.uplink!.packetsSent);
    expect(record.downlink!.heard!.packetsLost).toBe(bToA.truth.droppedWithin);
    lostUplink += aToB.truth.droppedWithin;
  }
  const heard = await trunk.end();
  expect(heard.answered).toBe(12);
  expect(heard.packetsLost).toBe(lostUplink);
});
