import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SRTP_SUITE_NAMES } from '../../src/rtp/srtp-keys.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endRtpEnginesAfterEach, RtpEngine } from './rtpengine.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endKamailioAfterEach();
endRtpEnginesAfterEach();
endTrunksAfterEach();
const folder = temporaryFolder();

function profile(target: string, next: number, calls: string, trunk: string): string {
  return `
name: rtpengine
target: "${target}"
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { hold: 6s, headers: { X-Next: "sip:127.0.0.1:${next}" }${calls} }
trunk: { audio: "tone:1000"${trunk} }
media: { rtpPorts: 24500-24999 }
`;
}

/** A call of a run through Kamailio, its media through rtpengine, to a trunk of ours. */
async function callThrough(calls: string, trunkSide: string, ...definitions: string[]) {
  const file = join(folder, 'trunk.yaml');
  writeFileSync(file, profile('sip:127.0.0.1', 5060, '', trunkSide));
  const trunk = await TrunkProcess.start(['--profile', file]);
  const engine = await RtpEngine.start();
  const kamailio = await Kamailio.start('rtpengine', `RTPENGINE="udp:127.0.0.1:${engine.port}"`, ...definitions);
  const { summary, records } = await runProfile(profile(kamailio.uri, trunk.port, calls, ''));
  const relayed = await engine.relayed();
  const { result } = await trunk.interrupt();
  return { summary, record: records[0], relayed, result };
}

/** Expects that both sides heard each other, and that rtpengine counts what they count. */
function expectHeard({ summary, record, relayed, result }: Awaited<ReturnType<typeof callThrough>>): void {
  expect(summary.calls).toMatchObject({ attempted: 1, completed: 1 });
  expect(record.oneWay).toBeNull();
  const heard = record.downlink!.heard!;
  expect(heard).toMatchObject({ unauthenticated: 0, replayed: 0, malformed: 0, packetsLost: 0 });
  expect(heard.verdict.state).toBe('ok');
  expect(heard.packetsReceived).toBeGreaterThan(250);
  // The trunk's tone.
  expect(heard.levelDbov!).toBeGreaterThan(-27);
  expect(heard.levelDbov!).toBeLessThan(-25);
  expect(result).toMatchObject({ answered: 1, silentCalls: 0, packetsLost: 0 });
  expect(result.packetsReceived).toBeGreaterThan(250);
  // Reports of the trunk came through as well: SRTCP on one side, RTCP on the other.
  expect(record.rtcp).toMatchObject({ unauthenticated: 0, malformed: 0 });
  expect(record.rtcp!.farEnd).toMatchObject({ cumulativeLost: 0 });
  const ours = heard.packetsReceived + result.packetsReceived;
  // The trunk talks once it has answered: until rtpengine has seen that answer it has no key to protect with.
  expect(relayed.errors).toBeLessThan(25);
  expect(relayed.packets).toBeGreaterThan(ours - 110);
  expect(relayed.packets).toBeLessThan(ours + 20);
}

test.each(SRTP_SUITE_NAMES)('a run speaks SRTP with %s to rtpengine, which speaks RTP to the trunk', async (suite) => {
  const call = await callThrough(`, srtp: [${suite}]`, '');
  expect(call.record.srtp).toBe(suite);
  expectHeard(call);
});

test.each(SRTP_SUITE_NAMES)('a run speaks RTP to rtpengine, which speaks SRTP with %s to the trunk', async (suite) => {
  const call = await callThrough('', `, srtp: [${suite}]`, 'REVERSE');
  expect(call.record.srtp).toBeNull();
  expectHeard(call);
});
