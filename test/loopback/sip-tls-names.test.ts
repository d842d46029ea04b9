import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog } from '../../src/drachtio/srf-types.js';
import { SystemDns } from '../../src/sip/system-dns.js';
import type { UserAgentOptions } from '../../src/sip/user-agent.js';
import { Authority } from '../support/certificates.js';
import { DnsServer } from '../support/dns-server.js';
import { closedPort, Harness, QUICK, SDP, until } from './sip-harness.js';

const authority = new Authority();
const { ca } = authority;
/** It proves the domain; of its servers' names and addresses it says nothing (RFC 5922 7.1). */
const domain = authority.issue('DNS:trunk.test');

let h: Harness;
let dns: DnsServer;
let trunk: DrachtioConnection;
let port: number;
const ended: SrfDialog[] = [];
const opened: DrachtioConnection[] = [];

beforeEach(async () => {
  h = new Harness();
  ended.length = 0;
  port = await closedPort();
  trunk = await endpoint({ tls: { ca, ...domain, port } });
  trunk.srf.invite(async (request, response) => {
    const dialog = await trunk.srf.createUAS(request, response, { localSdp: SDP });
    dialog.on('destroy', () => ended.push(dialog));
  });
  const service = { srv: [[10, 0, port, 'edge.test'] as [number, number, number, string]] };
  dns = await DnsServer.open({
    '_sips._tcp.trunk.test': service,
    '_sips._tcp.other.test': service,
    'edge.test': { a: ['127.0.0.1'] },
  });
});
afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close();
  await dns.close();
  await h.close();
});

async function endpoint(options: Partial<UserAgentOptions>): Promise<DrachtioConnection> {
  const onFatal = (error: Error): number => h.fatal.push(error);
  const connection = await connectEmbedded({ address: '127.0.0.1', port: 0, timers: QUICK, onFatal, ...options });
  opened.push(connection);
  return connection;
}

const caller = (tls: UserAgentOptions['tls']): Promise<DrachtioConnection> =>
  endpoint({ tls, dns: new SystemDns(dns.address) });

async function failure(connection: DrachtioConnection, uri: string): Promise<string | undefined> {
  const error: SrfCallError = await connection.srf.createUAC(uri, { localSdp: SDP }).then(
    () => Promise.reject(new Error('it was answered')),
    (failed: SrfCallError) => failed,
  );
  return error.res?.get('reason');
}

test('a trunk called by its name proves that name, and the call goes on over the same connection', async () => {
  const a = await caller({ ca });
  const dialog = await a.srf.createUAC('sips:x@trunk.test', { localSdp: SDP });
  // Its Contact is an address, which the certificate does not hold.
  expect(dialog.remote.uri).toContain('127.0.0.1');
  await dialog.destroy();
  await until(() => ended.length === 1);
  expect(a.stats()!.streams).toMatchObject({ opened: 1, open: 1, closures: {} });
  expect(trunk.stats()!.streams).toMatchObject({ accepted: 1, handshakes: 0 });
});

test('a second name at the same address is no reason to take the connection of the first one', async () => {
  const a = await caller({ ca });
  const dialog = await a.srf.createUAC('sips:x@trunk.test', { localSdp: SDP });
  expect(await failure(a, 'sips:x@other.test')).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  await dialog.destroy();
  expect(a.stats()!.streams).toMatchObject({
    opened: 2,
    open: 1,
    closures: { ERR_TLS_CERT_ALTNAME_INVALID: 1 },
  });
});

test('a name that is configured is held to in place of the one that was called', async () => {
  const a = await caller({ ca, serverName: 'trunk.test' });
  for (const name of ['other.test', 'trunk.test']) {
    const dialog = await a.srf.createUAC(`sips:x@${name}`, { localSdp: SDP });
    await dialog.destroy();
  }
  expect(a.stats()!.streams).toMatchObject({ opened: 1, closures: {} });
  const b = await caller({ ca, serverName: 'other.test' });
  expect(await failure(b, 'sips:x@trunk.test')).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
});

test('a trunk called by an address has to prove the address', async () => {
  const a = await caller({ ca });
  expect(await failure(a, `sips:x@127.0.0.1:${port}`)).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
});
