import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readNumberFile } from '../../src/swarm/number-file.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endRelaysAfterEach, NgRelayProcess } from './relay-process.js';
import { endRtpEnginesAfterEach, RtpEngine } from './rtpengine.js';

endKamailioAfterEach();
endRelaysAfterEach();
endRtpEnginesAfterEach();
const folder = temporaryFolder();

const NOTHING = 'impairment: {}\n';
const RELAY_PORTS = ['--rtp-ports', '33400-33599'];

/** Three calls with flags of their own by way of a relay; the caller's NAT rebinds within each. */
async function rebind(relayPort: number, rtpPorts: string) {
  const numbers = join(folder, 'flags.csv');
  writeFileSync(numbers, 'callee,flags\n1,strict-source\n2,media-handover\n3,symmetric\n');
  const kamailio = await Kamailio.start('rtpengine', `RTPENGINE="udp:127.0.0.1:${relayPort}"`, 'FLAGGED');
  const { records } = await runProfile(
    `
name: rebinding
load: [{ shape: constant, cps: 3, for: 1s }]
calls: { hold: 8s, proxy: "${kamailio.uri}", numbers: ${numbers}, to: "{callee}", headers: { X-Flags: "{flags}" } }
media: { rtpPorts: ${rtpPorts}, timeout: 2500ms }
impairment: { uplink: [{ kind: port-change, after: 4s }] }
`,
    { rows: readNumberFile(numbers) },
  );
  await kamailio.stop();
  return [...records]
    .sort((a, b) => a.to.localeCompare(b.to))
    .map(({ to, uplink, downlink, impairment }) => {
      const { faults } = impairment!.uplink;
      return { to, faults, uplink: uplink!.heard!.verdict, downlink: downlink!.heard!.verdict };
    });
}

const faults = { 'port-change': 1 };
const ok = { state: 'ok' };
const stopped = { cause: 'stopped' };

it('an injected NAT rebinding shows as the fault that it is, at our relay and at rtpengine: dead with strict source, followed with media handover, dead in one direction with neither', async () => {
  const relay = await NgRelayProcess.start(NOTHING, RELAY_PORTS);
  const rtpengine = await RtpEngine.start();
  const [ours, theirs] = await Promise.all([rebind(relay.port, '33600-33999'), rebind(rtpengine.port, '34000-34399')]);
  const { result } = await relay.interrupt();
  for (const findings of [ours, theirs])
    expect(findings).toMatchObject([
      { to: '1', faults, uplink: stopped, downlink: stopped },
      { to: '2', faults, uplink: ok, downlink: ok },
      { to: '3', faults, uplink: ok, downlink: stopped },
    ]);
  expect(result.media!.wrongSource).toBeGreaterThan(150);
});

/** Calls of a run through Kamailio and a relay to its own trunk, one side of which speaks SRTP. */
async function srtpThrough(relayPort: number, rtpPorts: string, sides: string, ...definitions: string[]) {
  const kamailio = await Kamailio.start('rtpengine', `RTPENGINE="udp:127.0.0.1:${relayPort}"`, ...definitions);
  const run = await runProfile(`
name: srtp
load: [{ shape: constant, cps: 4, for: 1s }]
calls: { hold: 3s, proxy: "${kamailio.uri}"${sides}
media: { rtpPorts: ${rtpPorts} }
`);
  await kamailio.stop();
  return run;
}

it('a run speaks SRTP to our relay, which speaks RTP to the trunk, and the reverse: what is lost is what the relay dropped', async () => {
  const relay = await NgRelayProcess.start('impairment: { uplink: [{ kind: loss, ratio: 10% }] }\n', RELAY_PORTS);
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const runs = await Promise.all([
    srtpThrough(relay.port, '33600-33999', `, srtp: [${suite}] }`),
    srtpThrough(relay.port, '34000-34399', ` }\ntrunk: { srtp: [AEAD_AES_128_GCM] }`, 'REVERSE'),
  ]);
  const { result, fates } = await relay.interrupt();
  const records = runs.flatMap((run) => run.records);
  expect(records).toHaveLength(8);
  expect(records.map(({ srtp }) => srtp)).toEqual([suite, suite, suite, suite, null, null, null, null]);
  for (const { sipCallIds, uplink, downlink, oneWay } of records) {
    expect(oneWay).toBeNull();
    expect(uplink!.heard).toMatchObject({ verdict: ok, unauthenticated: 0, replayed: 0, malformed: 0, wrongSource: 0 });
    expect(downlink!.heard).toMatchObject({
      verdict: ok,
      unauthenticated: 0,
      replayed: 0,
      malformed: 0,
      packetsLost: 0,
    });
    const ofCall = fates.filter(({ call }) => call.startsWith(`${sipCallIds[0]}/`));
    const dropped = ofCall.filter(({ fate }) => fate === 'dropped').length;
    // What was dropped before the first packet came, or after the last, no receiver knows of.
    expect(dropped).toBeGreaterThan(0);
    expect(uplink!.heard!.packetsLost).toBeLessThanOrEqual(dropped);
    expect(uplink!.heard!.packetsLost).toBeGreaterThanOrEqual(dropped - 4);
  }
  expect(result.media!.directions.aToB.dropped).toBe(fates.filter(({ fate }) => fate === 'dropped').length);
});
