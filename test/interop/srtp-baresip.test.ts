import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SRTP_SUITE_NAMES } from '../../src/rtp/srtp-keys.js';
import { runProfile } from '../support/run-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { endPhonesAndServers, of, phone } from './phone-server.js';
import { endTrunksAfterEach, TrunkProcess } from './trunk-process.js';

endPhonesAndServers();
endTrunksAfterEach();
const folder = temporaryFolder();

const MANDATORY = 'mediaenc=srtp-mand';

function profile(target: string, suites: string): string {
  return `
name: baresip
target: "${target}"
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { hold: 3s, audio: "tone:1000", srtp: [${suites}] }
media: { rtpPorts: 24500-24999 }
`;
}

test.each(SRTP_SUITE_NAMES)('a run calls baresip over SRTP with %s, which gives its audio back', async (suite) => {
  const alice = await phone('udp', undefined, 'answermode=auto', MANDATORY);
  const { summary, records } = await runProfile(profile(of(alice, 'udp'), suite));
  expect(summary.calls).toMatchObject({ attempted: 1, answered: 1, completed: 1 });
  const [record] = records;
  expect(record).toMatchObject({ outcome: 'completed', codec: 'PCMU', srtp: suite, oneWay: null });
  const heard = record.downlink!.heard!;
  expect(heard).toMatchObject({ unauthenticated: 0, replayed: 0, malformed: 0, verdict: { state: 'ok' } });
  expect(heard.packetsReceived).toBeGreaterThan(100);
  // The tone that was sent is the tone that comes back: baresip opened it, and what it sealed was opened.
  expect(heard.levelDbov!).toBeGreaterThan(-27.5);
  expect(heard.levelDbov!).toBeLessThan(-25);
});

test('baresip that takes SRTP only refuses a run without it', async () => {
  const alice = await phone('udp', undefined, 'answermode=auto', MANDATORY);
  const { summary, records } = await runProfile(profile(of(alice, 'udp'), ''));
  expect(summary.calls).toMatchObject({ attempted: 1, completed: 0 });
  expect(records[0]).toMatchObject({ srtp: null, status: 488 });
});

/** A trunk with these suites. */
function trunkWith(suites: string): Promise<TrunkProcess> {
  const file = join(folder, 'trunk.yaml');
  writeFileSync(file, `${profile('sip:127.0.0.1', '')}trunk: { srtp: [${suites}] }\n`);
  return TrunkProcess.start(['--channels', '1', '--profile', file]);
}

test('baresip calls our trunk over SRTP: both hear each other', async () => {
  const trunk = await trunkWith(SRTP_SUITE_NAMES.toReversed().join(', '));
  const alice = await phone('udp', undefined, MANDATORY);
  await alice.command('dial', `sip:1000@127.0.0.1:${trunk.port}`);
  const { id } = await alice.event('CALL_ESTABLISHED');
  await alice.event('CALL_RTPESTAB');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await alice.command('hangup');
  expect((await alice.event('CALL_CLOSED')).id).toBe(id);
  const { code, result } = await trunk.interrupt();
  expect(code).toBe(0);
  expect(result).toMatchObject({ answered: 1, endedByCaller: 1, silentCalls: 0 });
  expect(result.packetsReceived).toBeGreaterThan(30);
});

// As a caller it offers AES_CM_128_HMAC_SHA1_80 and nothing else.
test.each([
  ['without SRTP', ''],
  ['with another suite', 'AEAD_AES_128_GCM'],
])('baresip that speaks SRTP is refused by a trunk %s', async (_what, suites) => {
  const trunk = await trunkWith(suites);
  const alice = await phone('udp', undefined, MANDATORY);
  await alice.command('dial', `sip:1000@127.0.0.1:${trunk.port}`);
  expect((await alice.event('CALL_CLOSED')).param).toContain('488');
  await trunk.interrupt();
});
