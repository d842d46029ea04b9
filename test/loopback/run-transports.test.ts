import { afterAll, afterEach, expect, test } from 'vitest';
import { parseProfile } from '../../src/profile/read.js';
import { StandaloneTrunk } from '../../src/run/standalone-trunk.js';
import { Authority } from '../support/certificates.js';
import { runProfile } from '../support/run-profile.js';
import { closedPort, until } from './sip-harness.js';

const authority = new Authority();
const { cert, key } = authority.issue('IP:127.0.0.1');
const tls = `sip: { tls: { ca: ${authority.file('trusted.pem', authority.ca)}, cert: ${authority.file('own.pem', cert)}, key: ${authority.file('own.key', key)} } }`;
afterAll(() => authority.remove());

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A trunk as `trunkstorm trunk` is one; resolves once it takes calls. */
async function openTrunk(sip: string): Promise<number> {
  const sipPort = await closedPort();
  const profile = parseProfile(
    `name: carrier\nload: [{ shape: constant, cps: 1, for: 1s }]\ntrunk: { channels: 50 }\nmedia: { rtpPorts: 31000-31999 }\n${sip}`,
    'trunk.yaml',
  );
  const trunk = new StandaloneTrunk({ profile, address: '127.0.0.1', sipPort });
  let ready = false;
  const over = trunk.execute((line) => {
    ready ||= line.startsWith('trunk of');
  });
  closers.push(() => {
    trunk.stop();
    return over;
  });
  await until(() => ready);
  return sipPort;
}

test.each<[string, string, (port: number) => string]>([
  ['TCP', '', (port) => `sip:1000@127.0.0.1:${port};transport=tcp`],
  ['TLS', tls, (port) => `sips:1000@127.0.0.1:${port + 1}`],
])('a run over %s places its calls, hears them and repeats nothing', async (_name, sip, target) => {
  const port = await openTrunk(sip);
  const { summary, failure } = await runProfile(
    `
name: over-stream
target: ${target(port)}
load: [{ shape: constant, cps: 10, for: 2s }]
calls: { hold: 1s }
media: { rtpPorts: 32000-32999 }
${sip}
`,
    { local: '127.0.0.1' },
  );
  expect(failure).toBeNull();
  expect(summary.calls).toMatchObject({ attempted: 20, answered: 20, completed: 20, failed: 0 });
  expect(summary.sip).toMatchObject({ retransmissionsSent: 0, retransmissionsReceived: 0, parseErrors: 0 });
  expect(summary.media.downlink.streams).toBe(20);
});

test('a run over TLS whose far end is of an unknown authority has that as the cause of each call', async () => {
  const port = await openTrunk(tls);
  const { records } = await runProfile(
    `
name: untrusted
target: sips:1000@127.0.0.1:${port + 1}
load: [{ shape: constant, cps: 5, for: 1s }]
calls: { hold: 1s }
media: { rtpPorts: 32000-32999 }
sip: { tls: {} }
`,
    { local: '127.0.0.1' },
  );
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) expect(record.reason).toBe('transport: SELF_SIGNED_CERT_IN_CHAIN');
});

test('a file for TLS that is not there is told by its name', async () => {
  await expect(
    runProfile(
      `name: x\ntarget: sips:127.0.0.1\nload: [{ shape: constant, cps: 5, for: 1s }]\nsip: { tls: { ca: /nowhere.pem } }\n`,
      { local: '127.0.0.1' },
    ),
  ).rejects.toMatchObject({ code: 'FILE_UNREADABLE', detail: { where: '/nowhere.pem' } });
});
