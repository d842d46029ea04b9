import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppError } from '../../src/core/errors.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { parseProfile } from '../../src/profile/read.js';
import { StandaloneTrunk } from '../../src/run/standalone-trunk.js';
import { Authority } from '../support/certificates.js';
import { type FinishedRun, runProfile } from '../support/run-profile.js';
import { closedPort, Harness, headerIn, until } from './sip-harness.js';

const authority = new Authority();
const { cert, key } = authority.issue('IP:127.0.0.1');
const tls = `sip: { tls: { ca: ${authority.file('trusted.pem', authority.ca)}, cert: ${authority.file('own.pem', cert)}, key: ${authority.file('own.key', key)} } }`;

const closers: (() => Promise<unknown>)[] = [];
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await h.close();
});

/** A trunk as `trunkstorm trunk` is one; resolves once it takes calls. */
async function openTrunk(sip: string, trunk = 'channels: 50'): Promise<number> {
  for (;;) {
    const sipPort = await closedPort();
    const profile = parseProfile(
      `name: carrier\nload: [{ shape: constant, cps: 1, for: 1s }]\ntrunk: { ${trunk} }\nmedia: { rtpPorts: 31000-31999 }\n${sip}`,
      'trunk.yaml',
    );
    const standalone = new StandaloneTrunk({ profile, address: '127.0.0.1', sipPort });
    let ready = false;
    let fault: AppError | null = null;
    const over = standalone
      .execute((line) => {
        ready ||= line.startsWith('trunk of');
      })
      .catch((error: AppError) => {
        fault = error;
      });
    closers.push(() => {
      standalone.stop();
      return over;
    });
    await until(() => ready || fault !== null);
    if (ready) return sipPort;
    // Free for UDP, but not for TCP or for TLS beside it.
    expect(fault).toMatchObject({ code: 'PORT_TAKEN' });
  }
}

/** A run of ten attempts in a second against a trunk over each transport. */
async function runOver(transport: 'udp' | 'tcp' | 'tls', calls: string, trunk: string): Promise<FinishedRun> {
  const sip = transport === 'tls' ? tls : '';
  const port = await openTrunk(sip, trunk);
  const target = {
    udp: `sip:1000@127.0.0.1:${port}`,
    tcp: `sip:1000@127.0.0.1:${port};transport=tcp`,
    tls: `sips:1000@127.0.0.1:${port + 1}`,
  };
  return runProfile(
    `
name: over-${transport}
target: ${target[transport]}
load: [{ shape: constant, cps: 10, for: 1s }]
calls: { ${calls} }
media: { rtpPorts: 32000-32999 }
${sip}
`,
    { local: '127.0.0.1' },
  );
}

/** The transport by which each message of a call's trace went. */
const transportsOf = ({ trace }: CallRecord): string[] => [...new Set(trace?.messages.map((m) => m.transport))];

describe.each(['udp', 'tcp', 'tls'] as const)('a run over %s', (transport) => {
  test('places its calls, hears them, hangs them up, and over a stream repeats nothing and needs one connection', async () => {
    const { summary, failure } = await runOver(transport, 'hold: 1s', 'channels: 50');
    expect(failure).toBeNull();
    expect(summary.calls).toMatchObject({ attempted: 10, answered: 10, completed: 10, failed: 0 });
    expect(summary.media.downlink.streams).toBe(10);
    expect(summary.sip.parseErrors).toBe(0);
    const { strays, transportErrors, connections } = summary.sip.server!;
    expect([strays, transportErrors]).toEqual([0, 0]);
    expect(connections.opened).toBe(transport === 'udp' ? 0 : 1);
    if (transport !== 'udp') expect(summary.sip).toMatchObject({ retransmissionsSent: 0, retransmissionsReceived: 0 });
  });

  test('is refused by a full trunk, each refusal acknowledged by the way that the INVITE took', async () => {
    const { summary, records } = await runOver(transport, 'hold: 3s', 'channels: 4, whenFull: "503"');
    expect(summary.calls).toMatchObject({ attempted: 10, completed: 4, failed: 6 });
    expect(summary.responses).toEqual({ '200': 4, '503': 6 });
    for (const record of records.filter(({ outcome }) => outcome === 'failed')) {
      expect(record).toMatchObject({ status: 503, q850: 34 });
      expect(transportsOf(record)).toEqual([transport]);
      expect(record.trace!.messages.at(-1)!.text).toMatch(/^ACK /);
    }
  });

  test('gives up attempts that ring too long: CANCEL, 487, ACK', async () => {
    const { summary, records } = await runOver(transport, 'hold: 1s, giveUpAfter: 500ms', 'answerAfter: 20s');
    expect(summary.calls).toMatchObject({ attempted: 10, answered: 0, failed: 0, cancelled: 10 });
    for (const record of records) {
      expect(record).toMatchObject({ outcome: 'cancelled', status: 487 });
      expect(transportsOf(record)).toEqual([transport]);
    }
    expect(summary.sip.server!.timerExpiries).toEqual({ B: 0, F: 0, H: 0, ack: 0 });
  });

  test('tells calls that the trunk drops', async () => {
    const { summary } = await runOver(transport, 'hold: 3s', 'faults: { drop: 100%, dropAfter: 500ms }');
    expect(summary.calls).toMatchObject({ attempted: 10, answered: 10, dropped: 10, completed: 0 });
  });
});

test('a run over UDP that loses the first INVITE and the first 200 of each call completes every call', async () => {
  const port = await openTrunk('');
  const lost = new Set<string>();
  const relay = await h.proxy(port, (text, toTarget) => {
    if (toTarget ? !text.startsWith('INVITE ') : !text.startsWith('SIP/2.0 200')) return false;
    const name = `${toTarget} ${headerIn(text, 'Call-ID')}`;
    if (lost.has(name)) return false;
    lost.add(name);
    return true;
  });
  const { summary, records } = await runProfile(
    `
name: lossy
target: sip:1000@127.0.0.1:${relay}
load: [{ shape: constant, cps: 5, for: 1s }]
calls: { hold: 1s }
media: { rtpPorts: 32000-32999 }
sip: { trace: all }
`,
    { local: '127.0.0.1' },
  );
  expect(lost.size).toBe(10);
  expect(summary.calls).toMatchObject({ attempted: 5, completed: 5, failed: 0 });
  expect(summary.sip.server!.retransmissionsSent.INVITE).toBeGreaterThanOrEqual(5);
  expect(summary.sip.server!.timerExpiries).toEqual({ B: 0, F: 0, H: 0, ack: 0 });
  for (const { trace } of records)
    expect(
      trace!.messages.filter(({ repeated, text }) => repeated && text.startsWith('INVITE')).length,
    ).toBeGreaterThan(0);
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
