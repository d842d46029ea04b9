import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SrfCallError, SrfDialog } from '../../src/drachtio/srf-types.js';
import { Harness, headerIn, QUICK, type RawPeer, reply, SDP, until } from './sip-harness.js';

let h: Harness;
let a: Awaited<ReturnType<Harness['endpoint']>>;
let peer: RawPeer;
beforeEach(async () => {
  h = new Harness();
  a = await h.endpoint(QUICK);
  peer = await h.peer();
});
afterEach(() => h.close());

function call(headers: Record<string, string> = {}): Promise<SrfDialog> {
  return a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, {
    localSdp: SDP,
    headers,
    auth: { username: 'alice', password: 'secret' },
  });
}

const challenge = (more: string): string => `WWW-Authenticate: Digest realm="r", nonce="n1", qop="auth"${more}`;
const contact = (): string => `Contact: <sip:x@127.0.0.1:${peer.port}>`;

test('srf answers one challenge a request with MD5, in the call that it belongs to, and its BYE as well', async () => {
  const answered = call();
  const first = await peer.message('INVITE');
  peer.send(reply(first, '401 Unauthorized', 'p', challenge('')), a.port);
  const second = await peer.message('INVITE', 1);
  expect(headerIn(second, 'CSeq')).toBe('2 INVITE');
  expect(headerIn(second, 'Call-ID')).toBe(headerIn(first, 'Call-ID'));
  expect(headerIn(second, 'Authorization')).toMatch(/^Digest username="alice".*nc=00000001/);
  peer.send(reply(second, '200 OK', 'p', contact(), SDP), a.port);
  const dialog = await answered;
  const gone = dialog.destroy();
  peer.send(reply(await peer.message('BYE'), '401 Unauthorized', 'p', challenge('')), a.port);
  const bye = await peer.message('BYE', 1);
  expect(headerIn(bye, 'Authorization')).toContain('username="alice"');
  peer.send(reply(bye, '200 OK', ''), a.port);
  await gone;
  await until(() => a.stats()!.dialogs === 0);
});

test('a second challenge, stale or not, reaches the application of srf as the result', async () => {
  const failed = call().catch((error: SrfCallError) => error.status);
  peer.send(reply(await peer.message('INVITE'), '401 Unauthorized', 'p', challenge('')), a.port);
  peer.send(reply(await peer.message('INVITE', 1), '401 Unauthorized', 'p', challenge(', stale=true')), a.port);
  expect(await failed).toBe(401);
});

test('a challenge after a 422 that was answered here goes on from the sequence number that was reached', async () => {
  const answered = call({ 'Session-Expires': '90' });
  peer.send(reply(await peer.message('INVITE'), '422 Too Small', 'p', 'Min-SE: 600'), a.port);
  peer.send(reply(await peer.message('INVITE', 1), '401 Unauthorized', 'p', challenge('')), a.port);
  const third = await peer.message('INVITE', 2);
  expect(headerIn(third, 'CSeq')).toBe('3 INVITE');
  expect(headerIn(third, 'Authorization')).toContain('username="alice"');
  peer.send(reply(third, '200 OK', 'p', contact(), SDP), a.port);
  await answered;
  await until(() => peer.received.some((text) => headerIn(text, 'CSeq') === '3 ACK'));
});
