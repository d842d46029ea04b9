import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfRequest } from '../../src/drachtio/srf-types.js';
import type { UserAgentOptions } from '../../src/sip/user-agent.js';
import { Authority } from '../support/certificates.js';
import { closedPort, Harness, headerIn, QUICK, SDP, until } from './sip-harness.js';

const authority = new Authority();
const { ca } = authority;
const own = authority.issue('DNS:trunk.test,IP:127.0.0.1');

let h: Harness;
const opened: DrachtioConnection[] = [];
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close();
  await h.close();
});

async function endpoint(options: Partial<UserAgentOptions> = {}): Promise<DrachtioConnection> {
  const connection = await connectEmbedded({
    address: '127.0.0.1',
    port: 0,
    timers: QUICK,
    onFatal: (error) => h.fatal.push(error),
    ...options,
  });
  opened.push(connection);
  return connection;
}

/** Calls `uri`, is hung up on by the callee, and tells what the INVITE looked like and both sides' counters. */
async function call(caller: DrachtioConnection, callee: DrachtioConnection, uri: string, options: object = {}) {
  const invites: SrfRequest[] = [];
  let ended = false;
  callee.srf.invite((req, res) => {
    invites.push(req);
    void callee.srf.createUAS(req, res, { localSdp: SDP }).then(async (dialog) => {
      await dialog.destroy();
      ended = true;
    });
  });
  await caller.srf.createUAC(uri, { localSdp: SDP, ...options });
  await until(() => ended);
  return invites[0];
}

const portOf = (connection: DrachtioConnection, protocol: string): number =>
  connection.listens.find((one) => one.protocol === protocol)!.port;

describe('a call and its BYE from the far end', () => {
  test('over TCP: Via and Contact name it, nothing is sent again', async () => {
    const a = await endpoint();
    const b = await endpoint();
    const invite = await call(a, b, `sip:x@127.0.0.1:${b.sip!.port};transport=tcp`);
    expect(invite.get('Via')).toContain(`SIP/2.0/TCP 127.0.0.1:${a.sip!.port}`);
    expect(invite.get('Contact')).toBe(`<sip:127.0.0.1:${a.sip!.port};transport=tcp>`);
    expect(a.stats()).toMatchObject({ retransmissionsSent: 0, malformed: 0, streams: { opened: 1, accepted: 1 } });
    expect(h.fatal).toEqual([]);
  });

  test.each(['udp', 'tcp', 'tls'])(
    'over %s comes over it, too, when the application wrote localhost into its Contact',
    async (protocol) => {
      const a = await endpoint({ tls: { ca, ...own } });
      const b = await endpoint({ tls: { ca, ...own } });
      const seen: string[] = [];
      const deliveries = new Promise<void>((resolve) => {
        b.srf.invite(async (req, res) => {
          seen.push(req.get('Contact')!);
          const dialog = await b.srf.createUAS(req, res, { localSdp: SDP });
          dialog.once('ack', async () => {
            const bye = await dialog.destroy();
            seen.push(headerIn(bye.raw, 'Via').split(' ')[0]);
            resolve();
          });
        });
      });
      const parameter = protocol === 'udp' ? '' : `;transport=${protocol}`;
      await a.srf.createUAC(`sip:x@127.0.0.1:${portOf(b, protocol)}${parameter}`, {
        localSdp: SDP,
        headers: { Contact: '<sip:me@localhost>' },
      });
      await deliveries;
      expect(seen).toEqual([
        `<sip:me@127.0.0.1:${portOf(a, protocol)}${parameter}>`,
        `SIP/2.0/${protocol.toUpperCase()}`,
      ]);
    },
  );

  test('over TLS without a certificate of our own comes to where we listen', async () => {
    const a = await endpoint({ tls: { ca } });
    const b = await endpoint({ tls: { ca, ...own } });
    const contacts: string[] = [];
    const hungUp = new Promise<void>((resolve) => {
      b.srf.invite(async (req, res) => {
        contacts.push(req.get('Contact')!);
        const dialog = await b.srf.createUAS(req, res, { localSdp: SDP });
        dialog.once('ack', () => void dialog.destroy().then(() => resolve()));
      });
    });
    await a.srf.createUAC(`sip:x@127.0.0.1:${portOf(b, 'tls')};transport=tls`, { localSdp: SDP });
    await hungUp;
    expect(contacts).toEqual([`<sip:127.0.0.1:${a.sip!.port}>`]);
    expect([a.stats()!.dialogs, b.stats()!.dialogs]).toEqual([0, 0]);
  });

  test('over UDP on IPv6, and over TCP on IPv6', async () => {
    const a = await endpoint({ address: '::1' });
    const b = await endpoint({ address: '::1' });
    const udp = await call(a, b, `sip:x@[::1]:${b.sip!.port}`);
    expect(udp.get('Via')).toContain(`SIP/2.0/UDP [::1]:${a.sip!.port}`);
    expect(udp.get('Contact')).toBe(`<sip:[::1]:${a.sip!.port}>`);
    const c = await endpoint({ address: '::1' });
    const tcp = await call(a, c, `sip:x@[::1]:${c.sip!.port};transport=tcp`);
    expect(tcp.get('Via')).toContain(`SIP/2.0/TCP [::1]:${a.sip!.port}`);
  });

  test('over TLS, verified by an authority of our own', async () => {
    const a = await endpoint({ tls: { ca, ...own } });
    const b = await endpoint({ tls: { ca, ...own, requireClientCertificate: true } });
    const invite = await call(a, b, `sips:x@127.0.0.1:${portOf(b, 'tls')}`);
    expect(invite.get('Via')).toContain(`SIP/2.0/TLS 127.0.0.1:${portOf(a, 'tls')}`);
    expect(invite.get('Contact')).toBe(`<sips:127.0.0.1:${portOf(a, 'tls')}>`);
    expect(b.stats()!.streams).toMatchObject({ opened: 1, accepted: 1 });
  });

  test('over TLS by parameter, too', async () => {
    const a = await endpoint({ tls: { ca, ...own } });
    const b = await endpoint({ tls: { ca, ...own } });
    const invite = await call(a, b, `sip:x@127.0.0.1:${portOf(b, 'tls')};transport=tls`);
    expect(invite.get('Via')).toContain('SIP/2.0/TLS');
    expect(invite.get('Contact')).toBe(`<sip:127.0.0.1:${portOf(a, 'tls')};transport=tls>`);
  });

  test('from one user agent with several addresses and ports', async () => {
    const a = await endpoint({ also: [{ protocol: 'udp', address: '::1', port: 0 }] });
    const b = await endpoint({ address: '::1' });
    const invite = await call(a, b, `sip:x@[::1]:${b.sip!.port}`);
    expect(invite.get('Via')).toContain('SIP/2.0/UDP [::1]:');
    expect(invite.get('Contact')).toContain('<sip:[::1]:');
  });
});

describe('a request of more than 1,300 bytes', () => {
  const long = { headers: { Subject: 'x'.repeat(1200) } };

  test('goes over TCP, a shorter one over UDP', async () => {
    const a = await endpoint();
    const b = await endpoint();
    const invite = await call(a, b, `sip:x@127.0.0.1:${b.sip!.port}`, long);
    expect(invite.get('Via')).toContain('SIP/2.0/TCP');
    expect(a.stats()!.streams.opened).toBe(1);
    const c = await endpoint();
    expect((await call(a, c, `sip:x@127.0.0.1:${c.sip!.port}`)).get('Via')).toContain('SIP/2.0/UDP');
  });

  test('goes over UDP where TCP is refused, and only once', async () => {
    const a = await endpoint();
    const b = await endpoint({ protocols: ['udp'] });
    const invite = await call(a, b, `sip:x@127.0.0.1:${b.sip!.port}`, long);
    expect(invite.get('Via')).toContain('SIP/2.0/UDP');
    expect(a.stats()).toMatchObject({ transportErrors: 1, retransmissionsSent: 0, streams: { opened: 1, open: 0 } });
  });

  test('goes over UDP at once where fragments are wanted', async () => {
    const a = await endpoint({ oversize: 'fragment' });
    const b = await endpoint();
    const invite = await call(a, b, `sip:x@127.0.0.1:${b.sip!.port}`, long);
    expect(invite.get('Via')).toContain('SIP/2.0/UDP');
    expect(a.stats()!.streams.opened).toBe(0);
  });

  test('that is answered 503 over TCP is not tried again over UDP', async () => {
    const a = await endpoint();
    const b = await endpoint();
    let invites = 0;
    b.srf.invite((_req, res) => {
      invites++;
      res.send(503);
    });
    const uri = `sip:x@127.0.0.1:${b.sip!.port}`;
    await expect(a.srf.createUAC(uri, { localSdp: SDP, ...long })).rejects.toMatchObject({ status: 503 });
    expect(invites).toBe(1);
  });
});

describe('a call that cannot be placed', () => {
  async function failure(caller: DrachtioConnection, uri: string): Promise<string> {
    const error = (await caller.srf.createUAC(uri, { localSdp: SDP }).then(
      () => null,
      (error: SrfCallError) => error,
    )) as SrfCallError;
    expect(error.status).toBe(503);
    return error.res!.get('Reason') ?? '';
  }

  test('over TCP is told at once that nobody listens', async () => {
    const a = await endpoint();
    const reason = await failure(a, `sip:x@127.0.0.1:${await closedPort()};transport=tcp`);
    expect(reason).toContain('transport: ECONNREFUSED');
  });

  test('over TLS fails with the cause when the certificate is of an unknown authority', async () => {
    const a = await endpoint({ tls: {} });
    const b = await endpoint({ tls: { ...own } });
    const reason = await failure(a, `sips:x@127.0.0.1:${portOf(b, 'tls')}`);
    expect(reason).toContain('transport: UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await until(() => b.stats()!.streams.open === 0);
  });

  test('over TLS fails with the cause when the certificate names somebody else', async () => {
    const a = await endpoint({ tls: { ca, serverName: 'other.test' } });
    const b = await endpoint({ tls: { ...own } });
    expect(await failure(a, `sips:x@127.0.0.1:${portOf(b, 'tls')}`)).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('over TLS succeeds with any certificate only when verification is off', async () => {
    const a = await endpoint({ tls: { verify: false, ...own } });
    const b = await endpoint({ tls: { verify: false, ...own } });
    const invite = await call(a, b, `sips:x@127.0.0.1:${portOf(b, 'tls')}`);
    expect(headerIn(invite.raw, 'CSeq')).toBe('1 INVITE');
  });

  test('over TLS fails when the far end wants a certificate and we have none', async () => {
    const a = await endpoint({ tls: { ca } });
    const b = await endpoint({ tls: { ca, ...own, requireClientCertificate: true } });
    expect(await failure(a, `sips:x@127.0.0.1:${portOf(b, 'tls')}`)).toContain('CERTIFICATE_REQUIRED');
    expect(b.stats()!.streams.handshakes).toBe(1);
  });
});
