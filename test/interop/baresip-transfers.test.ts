import { expect, test } from 'vitest';
import type { DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SrfCallError, SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { SDP, until } from '../loopback/sip-harness.js';
import { answer, at, endPhonesAndServers, expectOver, of, phone, serve, TRANSPORTS } from './phone-server.js';

endPhonesAndServers();

/** Does what the phone's REFERs within a dialog ask for, and tells it how that went (RFC 3515 2.4.4). */
function obey(server: DrachtioConnection, dialog: SrfDialog): SrfDialog[] {
  const placed: SrfDialog[] = [];
  const notify = (state: string, sipfrag: string) =>
    dialog.request({
      method: 'NOTIFY',
      headers: { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag' },
      body: `${sipfrag}\r\n`,
    });
  dialog.on('refer', async (refer, response) => {
    response.send(202);
    await notify('active;expires=60', 'SIP/2.0 100 Trying');
    const [uri, query] = refer.get('Refer-To')!.replace(/[<>]/g, '').split('?');
    const headers: Record<string, string> = {};
    for (const [name, value] of new URLSearchParams(query ?? '')) headers[name] = value;
    try {
      placed.push(await server.srf.createUAC(uri, { localSdp: SDP, headers }));
      await notify('terminated;reason=noresource', 'SIP/2.0 200 OK');
    } catch (error) {
      const { status, reason } = error as SrfCallError;
      await notify('terminated;reason=noresource', `SIP/2.0 ${status} ${reason}`);
    }
  });
  return placed;
}

test.each(TRANSPORTS)('baresip transfers us to a third over %s: we call there, and it hangs up', async (p) => {
  const [bob, carol] = [await serve(), await serve()];
  const [calls, third] = [answer(bob), answer(carol)];
  const alice = await phone(p);
  await alice.command('dial', at(bob, 'bob', p));
  await alice.event('CALL_ESTABLISHED');
  let ended = false;
  const placed = obey(bob, calls[0]);
  calls[0].on('destroy', () => {
    ended = true;
  });
  await alice.command('transfer', at(carol, 'carol', p));
  expect((await alice.event('CALL_CLOSED')).param).toBe('Call transfered');
  await until(() => ended);
  expect([placed.length, third.length]).toEqual([1, 1]);
  await placed[0].destroy();
  expectOver(bob);
  expectOver(carol);
});

test('baresip is told that the third is busy', async () => {
  const [bob, carol] = [await serve(), await serve()];
  const calls = answer(bob);
  carol.srf.invite((_request, response) => response.send(486));
  const alice = await phone('udp');
  await alice.command('dial', at(bob, 'bob', 'udp'));
  await alice.event('CALL_ESTABLISHED');
  obey(bob, calls[0]);
  await alice.command('transfer', at(carol, 'carol', 'udp'));
  expect((await alice.event('TRANSFER_FAILED')).param).toBe('486 Busy Here');
  await until(() => bob.stats()!.dialogs === 0);
  expectOver(carol);
});

test.each(TRANSPORTS)(
  'we transfer baresip to a third over %s: it calls there, and tells us how that went',
  async (p) => {
    const [bob, carol] = [await serve(), await serve()];
    const third = answer(carol);
    const alice = await phone(p);
    const call = bob.srf.createUAC(of(alice, p), { localSdp: SDP });
    await alice.event('CALL_INCOMING');
    await alice.command('accept');
    const dialog = await call;
    const told: string[] = [];
    dialog.on('notify', (request, response) => {
      told.push(`${request.get('Subscription-State')?.split(';')[0]} ${request.body.trim()}`);
      response.send(200);
    });
    const target = at(carol, 'carol', p);
    const refer = await dialog.request({ method: 'REFER', headers: { 'Refer-To': `<${target}>` } });
    expect(refer.status).toBe(202);
    expect((await alice.event('TRANSFER')).param).toContain(target);
    await until(() => told.length === 2);
    expect(told).toEqual(['active SIP/2.0 100 Trying', 'terminated SIP/2.0 200 OK']);
    await dialog.destroy();
    await until(() => third.length === 1);
    await third[0].destroy();
    await until(() => alice.events.filter(({ type }) => type === 'CALL_CLOSED').length === 2);
    expectOver(bob);
    expectOver(carol);
  },
);

test('baresip asks a third and transfers us to it: our call takes the place of its own (RFC 3891)', async () => {
  const [bob, carol] = [await serve(), await serve()];
  const calls = answer(bob);
  const invites: SrfRequest[] = [];
  const third = answer(carol, (invite) => invites.push(invite));
  const alice = await phone('tcp');
  await alice.command('dial', at(bob, 'bob', 'tcp'));
  const { id } = await alice.event('CALL_ESTABLISHED');
  const placed = obey(bob, calls[0]);
  await alice.command('hold');
  await alice.command('dial', at(carol, 'carol', 'tcp'));
  await alice.event('CALL_ESTABLISHED');
  await until(() => third.length === 1);
  const { callId, localTag, remoteTag } = third[0].sip;
  const replaces = encodeURIComponent(`${callId};to-tag=${localTag};from-tag=${remoteTag}`);
  await alice.command('callfind', id);
  await alice.command('transfer', `${at(carol, 'carol', 'tcp')}?Replaces=${replaces}`);
  await until(() => third.length === 2);
  expect(invites[1].get('Replaces')).toBe(`${callId};to-tag=${localTag};from-tag=${remoteTag}`);
  await third[0].destroy();
  await alice.event('CALL_CLOSED');
  await alice.event('CALL_CLOSED');
  await until(() => bob.stats()!.dialogs === 1);
  await placed[0].destroy();
  expectOver(bob);
  expectOver(carol);
});

test('baresip, which knows no Replaces, is the target of a transfer: refused where we insist on it, else a second call', async () => {
  const [alice, bob] = [await serve(), await serve()];
  const calls = answer(bob);
  const carol = await phone('udp');
  const dialog = await alice.srf.createUAC(at(bob, 'bob', 'udp'), { localSdp: SDP });
  const asked = alice.srf.createUAC(of(carol, 'udp'), { localSdp: SDP });
  await carol.event('CALL_INCOMING');
  await carol.command('accept');
  const consultation = await asked;
  const placed = obey(bob, calls[0]);
  const told: string[] = [];
  dialog.on('notify', (request, response) => {
    told.push(request.body.trim());
    response.send(200);
  });
  const refer = (uri: string) => dialog.request({ method: 'REFER', headers: { 'Refer-To': `<${uri}>` } });
  const { callId, localTag, remoteTag } = consultation.sip;
  const replaces = encodeURIComponent(`${callId};to-tag=${remoteTag};from-tag=${localTag}`);
  // RFC 5589 7.4: a target that cannot do it is told apart by Require, and called without.
  await refer(`${of(carol, 'udp')}?Replaces=${replaces}&Require=replaces`);
  await until(() => told.length === 2);
  await refer(of(carol, 'udp'));
  await carol.event('CALL_INCOMING');
  await carol.command('accept');
  await until(() => told.length === 4);
  expect(told).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 420 Bad Extension', 'SIP/2.0 100 Trying', 'SIP/2.0 200 OK']);
  expect([consultation.connected, placed.length]).toEqual([true, 1]);
  await consultation.destroy();
  await dialog.destroy();
  expect((await carol.event('CALL_CLOSED')).id).toBe(callId);
  await placed[0].destroy();
  expect((await carol.event('CALL_CLOSED')).id).toBe(placed[0].sip.callId);
  expectOver(alice);
  expectOver(bob);
});
