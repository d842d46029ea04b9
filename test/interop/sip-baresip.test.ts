import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { SDP, until } from '../loopback/sip-harness.js';
import type { PhoneEvent } from './baresip.js';
import {
  answer,
  at,
  endPhonesAndServers,
  expectOver,
  of,
  phone,
  registering,
  serve,
  TRANSPORTS,
} from './phone-server.js';

endPhonesAndServers();

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const PASSWORD = 'wonder';

/** Keeps who registered with the right password (RFC 3261 10.3, RFC 7616), by user. */
function keepRegistrations(server: DrachtioConnection): Map<string, string> {
  const bindings = new Map<string, string>();
  const challenge = { headers: { 'WWW-Authenticate': 'Digest realm="phones.test", nonce="n1", qop="auth"' } };
  server.srf.register((request, response) => {
    const authorization = request.get('Authorization');
    if (authorization === undefined) {
      response.send(401, challenge);
      return;
    }
    const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)"?`).exec(authorization)?.[1] ?? '';
    const secret = md5(`${field('username')}:phones.test:${PASSWORD}`);
    const count = [field('nonce'), field('nc'), field('cnonce'), field('qop')].join(':');
    if (field('response') !== md5(`${secret}:${count}:${md5(`REGISTER:${field('uri')}`)}`)) {
      response.send(403);
      return;
    }
    const [{ uri, params }] = request.getParsedHeader('contact');
    const gone = (params.expires ?? request.get('Expires')) === '0';
    if (gone) bindings.delete(field('username'));
    else bindings.set(field('username'), uri);
    response.send(200, gone ? {} : { headers: { Contact: `<${uri}>;expires=60` } });
  });
  return bindings;
}

describe('baresip', () => {
  test.each(TRANSPORTS)(
    'registers with a digest over %s, is called there, and takes its registration back',
    async (p) => {
      const server = await serve();
      const bindings = keepRegistrations(server);
      const alice = await registering(server, p, PASSWORD);
      expect((await alice.event('REGISTER_OK')).param).toMatch(/^200 /);
      const contact = bindings.get('alice')!;
      const call = server.srf.createUAC(contact, { localSdp: SDP, headers: { To: '<sip:alice@phones.test>' } });
      await alice.event('CALL_INCOMING');
      await alice.command('accept');
      const dialog = await call;
      expect((await alice.event('CALL_ESTABLISHED')).id).toBe(dialog.sip.callId);
      await dialog.destroy();
      expect((await alice.event('CALL_CLOSED')).id).toBe(dialog.sip.callId);
      await alice.stop();
      await until(() => bindings.size === 0);
      expectOver(server);
    },
  );

  test('with a wrong password is told so', async () => {
    const server = await serve();
    const bindings = keepRegistrations(server);
    const alice = await registering(server, 'udp', 'wander');
    expect((await alice.event('REGISTER_FAIL')).param).toMatch(/^403 /);
    expect(bindings.size).toBe(0);
  });

  test.each(TRANSPORTS)('calls over %s, holds, resumes and hangs up; is held and hung up', async (p) => {
    const server = await serve();
    const dialogs = answer(server);
    const alice = await phone(p);
    for (const hangsUp of ['phone', 'server']) {
      await alice.command('dial', at(server, 'bob', p));
      await alice.event('CALL_RINGING');
      const { id } = await alice.event('CALL_ESTABLISHED');
      const dialog = dialogs.pop()!;
      expect(dialog.sip.callId).toBe(id);
      const changes: string[] = [];
      dialog.on('modify', ({ body }, response) => {
        changes.push(/^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(body)?.[1] ?? '');
        response.send(200, { body: SDP.replace('sendrecv', changes.length === 1 ? 'recvonly' : 'sendrecv') });
      });
      await alice.command('hold');
      await until(() => changes.length === 1);
      await alice.command('resume');
      await until(() => changes.length === 2);
      expect(changes).toEqual(['sendonly', 'sendrecv']);
      // Until it has the last of its answers it may refuse an INVITE of ours (RFC 3261 14.2).
      const isAnswer = (e: PhoneEvent): boolean => e.type === 'CALL_REMOTE_SDP' && e.param === 'answer' && e.id === id;
      await until(() => alice.events.filter(isAnswer).length === 3);
      expect(await dialog.modify(SDP.replace('sendrecv', 'sendonly').replace('1 1 IN', '1 2 IN'))).toContain(
        'a=recvonly',
      );
      expect(await dialog.modify(SDP.replace('1 1 IN', '1 3 IN'))).toContain('a=sendrecv');
      let ended = false;
      dialog.on('destroy', () => {
        ended = true;
      });
      if (hangsUp === 'phone') {
        await alice.command('hangup');
        await until(() => ended);
      } else await dialog.destroy();
      expect((await alice.event('CALL_CLOSED')).id).toBe(id);
    }
    expectOver(server);
  });

  test.each(TRANSPORTS)('is called over %s: rings until the caller gives up, declines, answers', async (p) => {
    const server = await serve();
    const alice = await phone(p);
    const call = (ringing: (request: SrfRequest) => void): Promise<SrfDialog | SrfCallError> => {
      let invite: SrfRequest;
      return server.srf
        .createUAC(
          of(alice, p),
          { localSdp: SDP },
          {
            cbRequest: (_error, request) => {
              invite = request!;
            },
            cbProvisional: ({ status }) => status === 180 && ringing(invite),
          },
        )
        .catch((error: SrfCallError) => error);
    };
    expect(await call((request) => request.cancel())).toMatchObject({ status: 487 });
    await alice.event('CALL_CLOSED');
    expect(await call(() => void alice.command('hangup'))).toMatchObject({ status: 486 });
    await alice.event('CALL_CLOSED');
    const dialog = (await call(() => void alice.command('accept'))) as SrfDialog;
    await alice.event('CALL_ESTABLISHED');
    const over = new Promise((resolve) => dialog.on('destroy', resolve));
    await alice.command('hangup');
    await over;
    expectOver(server);
  });
});
