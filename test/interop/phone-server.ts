import { afterEach, expect } from 'vitest';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import type { TlsOptions } from '../../src/sip/stream-transport.js';
import { SDP } from '../loopback/sip-harness.js';
import { Authority, type Certificate } from '../support/certificates.js';
import { endPhonesAfterEach, Phone } from './baresip.js';

export const TRANSPORTS = ['udp', 'tcp', 'tls'] as const;
export type Protocol = (typeof TRANSPORTS)[number];

/** Whom our servers trust. */
export const authority = new Authority();
const certificate = authority.issue('IP:127.0.0.1');
const phoneCertificate = authority.issue('IP:127.0.0.1');

const servers: DrachtioConnection[] = [];
const fatal: Error[] = [];

/** Ends the phones and servers of a test. */
export function endPhonesAndServers(): void {
  // Phones unregister when they are stopped, so the servers are closed after them: hooks run last first.
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    expect(fatal.splice(0)).toEqual([]);
  });
  endPhonesAfterEach();
}

/** An embedded server with its application, at UDP, TCP and TLS. */
export async function serve(tls: Partial<TlsOptions> = {}): Promise<DrachtioConnection> {
  const server = await connectEmbedded({
    address: '127.0.0.1',
    port: 0,
    tls: { ...certificate, ca: authority.ca, ...tls },
    onFatal: (error) => fatal.push(error),
  });
  servers.push(server);
  return server;
}

/** The URI of a user at a server of ours. */
export function at(server: DrachtioConnection, user: string, protocol: Protocol): string {
  const { port } = server.listens.find((listen) => listen.protocol === protocol)!;
  return `sip:${user}@127.0.0.1:${port}${protocol === 'udp' ? '' : `;transport=${protocol}`}`;
}

/** A phone that calls and is called without a registration. */
export function phone(
  protocol: Protocol,
  shown: Certificate = phoneCertificate,
  ...parameters: string[]
): Promise<Phone> {
  const account = `sip:alice@127.0.0.1${protocol === 'udp' ? '' : `;transport=${protocol}`}`;
  return Phone.start({ account, parameters: ['regint=0', ...parameters], certificate: shown });
}

/** A phone that registers at a server with that password. */
export function registering(server: DrachtioConnection, protocol: Protocol, password: string): Promise<Phone> {
  const parameters = ['auth_user=alice', `auth_pass=${password}`, 'regint=60'];
  return Phone.start({ account: at(server, 'alice', protocol), parameters, certificate: phoneCertificate });
}

/** The URI of a phone without its registration. */
export function of(phone: Phone, protocol: Protocol): string {
  if (protocol === 'tls') return `sip:alice@127.0.0.1:${phone.port + 1};transport=tls`;
  return `sip:alice@127.0.0.1:${phone.port}${protocol === 'udp' ? '' : ';transport=tcp'}`;
}

/** Answers every call, and keeps the dialogs. */
export function answer(server: DrachtioConnection, onInvite: (invite: SrfRequest) => void = () => {}): SrfDialog[] {
  const dialogs: SrfDialog[] = [];
  server.srf.invite(async (invite, response) => {
    onInvite(invite);
    response.send(180);
    dialogs.push(await server.srf.createUAS(invite, response, { localSdp: SDP }));
  });
  return dialogs;
}

/** Expects that nothing is left at a server, and that nothing went astray. */
export function expectOver(server: DrachtioConnection): void {
  const { dialogs, malformed, strays, timerExpiries } = server.stats()!;
  expect({ dialogs, malformed, strays }).toEqual({ dialogs: 0, malformed: 0, strays: 0 });
  expect(timerExpiries).toEqual({ B: 0, F: 0, H: 0, ack: 0 });
}
