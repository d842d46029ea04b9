import { describe, expect, test } from 'vitest';
import type { SrfCallError } from '../../src/drachtio/srf-types.js';
import { SDP, until } from '../loopback/sip-harness.js';
import { Authority } from '../support/certificates.js';
import { runProfile } from '../support/run-profile.js';
import { answer, at, authority, endPhonesAndServers, expectOver, of, phone, serve } from './phone-server.js';

endPhonesAndServers();
const stranger = new Authority();

const profile = (target: string): string => `
name: baresip
target: "${target}"
load: [{ shape: constant, cps: 1, for: 1s }]
calls: { hold: 20s }
media: { rtpPorts: 24500-24999 }
sip: { tls: { ca: ${authority.file('ca.pem', authority.ca)} } }
`;

describe('a certificate of baresip', () => {
  test.each([
    ['of an unknown authority', () => stranger.issue('IP:127.0.0.1'), 'CERT_SIGNATURE_FAILURE'],
    ['for another name', () => authority.issue('DNS:elsewhere.test'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('%s fails our call with that cause, and no INVITE reaches it', async (_, certificate, cause) => {
    const server = await serve();
    const alice = await phone('tls', certificate());
    const error = await server.srf.createUAC(of(alice, 'tls'), { localSdp: SDP }).catch((e: SrfCallError) => e);
    expect((error as SrfCallError).status).toBe(503);
    expect((error as SrfCallError).res!.get('Reason')).toBe(`SIP;cause=503;text="transport: ${cause}"`);
    expect(alice.events.filter(({ type }) => type.startsWith('CALL_'))).toEqual([]);
    expect(server.stats()!.dialogs).toBe(0);
  });

  test('of an unknown authority does not let it in where we ask for one', async () => {
    const server = await serve({ requireClientCertificate: true });
    const dialogs = answer(server);
    const alice = await phone('tls', stranger.issue('IP:127.0.0.1'));
    await alice.command('dial', at(server, 'bob', 'tls'));
    await until(() => server.stats()!.streams.handshakes === 1);
    expect(server.stats()).toMatchObject({ messagesReceived: 0, streams: { accepted: 0 } });
    expect(dialogs).toEqual([]);
  });

  test('of our authority lets it in there', async () => {
    const server = await serve({ requireClientCertificate: true });
    const dialogs = answer(server);
    const alice = await phone('tls');
    await alice.command('dial', at(server, 'bob', 'tls'));
    await alice.event('CALL_ESTABLISHED');
    await dialogs[0].destroy();
    await alice.event('CALL_CLOSED');
    expectOver(server);
  });

  test('that is good carries a call of a run, whose audio comes back, until baresip hangs up', async () => {
    const alice = await phone('tls', undefined, 'answermode=auto');
    const run = runProfile(profile(of(alice, 'tls')));
    await alice.event('CALL_RTPESTAB');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await alice.command('hangup');
    const { summary, records } = await run;
    expect(summary.calls).toMatchObject({ attempted: 1, answered: 1, dropped: 1 });
    expect(records[0]).toMatchObject({ outcome: 'dropped', hangupBy: 'remote', status: 200 });
    expect(records[0].downlink!.heard!.verdict.state).toBe('ok');
  });

  test('that is not is the cause of the failed call of a run', async () => {
    const alice = await phone('tls', stranger.issue('IP:127.0.0.1'), 'answermode=auto');
    const { summary, records } = await runProfile(profile(of(alice, 'tls')));
    expect(summary.responses).toEqual({ transport: 1 });
    expect(records[0]).toMatchObject({ cause: 'transport', reason: 'transport: CERT_SIGNATURE_FAILURE' });
  });
});
