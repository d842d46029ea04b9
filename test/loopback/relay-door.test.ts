import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SrfRequest } from '../../src/drachtio/srf-types.js';
import { B2buaDoor } from '../../src/relay/b2bua/door.js';
import { Relay } from '../../src/relay/relay.js';
import { requestText } from '../fuzz/corpus.js';
import { answering, failureOf, sdpAt } from '../support/b2bua.js';
import { endDoorsAfterEach, openDoor } from '../support/relay-door.js';
import { Harness, headerIn, QUICK, reply, SDP, until } from './sip-harness.js';

endDoorsAfterEach();
let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  await h.close();
  expect(h.fatal).toEqual([]);
});

describe('limits of the B2BUA', () => {
  test('a call more than it may carry, and one for which there are no ports, get 503', async () => {
    const [a, b] = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    answering(b);
    // Room for two calls.
    const door = await openDoor({ target: b.port, ports: [40_900, 40_907], maxCalls: 3 });
    const uri = `sip:bob@127.0.0.1:${door.port}`;
    const first = await a.srf.createUAC(uri, { localSdp: SDP });
    const second = await a.srf.createUAC(uri, { localSdp: SDP });
    const refused = await failureOf(a.srf.createUAC(uri, { localSdp: SDP }));
    expect(refused.res).toMatchObject({ status: 503, reason: 'No Media Ports' });
    expect(refused.res!.get('Retry-After')).toBe('10');
    await first.destroy();
    await until(() => door.records.length === 1);
    // Its ports came back.
    await until(() => door.relay.counts.up === 1);
    let third = null;
    while (third === null) third = await a.srf.createUAC(uri, { localSdp: SDP }).catch(() => null);
    await third.destroy();
    await second.destroy();
    await until(() => door.records.length === 3);
    const few = await openDoor({ target: b.port, ports: [40_910, 40_949], maxCalls: 1 });
    const other = `sip:bob@127.0.0.1:${few.port}`;
    const only = await a.srf.createUAC(other, { localSdp: SDP });
    expect((await failureOf(a.srf.createUAC(other, { localSdp: SDP }))).res).toMatchObject({
      reason: 'Too Many Calls',
    });
    await only.destroy();
  });

  test('a call in which neither side sends anything is hung up, unless it is on hold', async () => {
    const [a, b] = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    const { dialogs } = answering(b);
    const door = await openDoor({ target: b.port, ports: [40_950, 40_989], mediaTimeoutMs: 400 });
    const uri = `sip:bob@127.0.0.1:${door.port}`;
    const held = await a.srf.createUAC(uri, { localSdp: SDP.replace('sendrecv', 'sendonly') });
    const silent = await a.srf.createUAC(uri, { localSdp: SDP });
    const bye = (dialog: typeof silent) => new Promise<SrfRequest>((resolve) => dialog.on('destroy', resolve));
    const byes = await Promise.all([bye(silent), bye(dialogs[1])]);
    for (const { headers } of byes) expect(headers.reason).toContain('Media timeout');
    await until(() => door.records.length === 1);
    expect(door.records).toMatchObject([{ id: 2, outcome: 'dropped', endedBy: 'relay', reason: 'Media timeout' }]);
    expect(door.door.statistics()).toMatchObject({ calls: { up: 1, dropped: 1 } });
    await held.destroy();
  });
});

test('over IPv6 both sides are told of the relay at its address', async () => {
  const address = '::1';
  const [a, b] = [await h.endpoint(QUICK, { address }), await h.endpoint(QUICK, { address })];
  const sdp = SDP.replaceAll('IP4 127.0.0.1', 'IP6 ::1');
  const { invites } = answering(b, sdp);
  const door = await openDoor({ target: b.port, ports: [41_100, 41_139], address });
  const from = `<sip:anna@[::1]:${door.port}>`;
  const dialog = await a.srf.createUAC(`sip:bob@[::1]:${door.port}`, { localSdp: sdp, headers: { From: from } });
  for (const body of [invites[0].body, dialog.remote.sdp]) {
    expect(body).toContain('c=IN IP6 ::1');
    expect(body).toMatch(/m=audio 411\d\d /);
  }
  expect(invites[0].uri).toBe(`sip:bob@[::1]:${b.port}`);
  expect(invites[0].get('From')).toContain(`<sip:anna@[::1]:${b.port}>`);
  await dialog.destroy();
  await until(() => door.records.length === 1);
  expect(door.records[0].media!.ends.a.remote).toEqual({ address: '::1', port: 4000 });
});

test('behind NAT both sides are told of the advertised address, and what names it is for the target', async () => {
  const [a, b] = [await h.peer(), await h.peer()];
  const advertise = '198.51.100.7';
  const door = await openDoor({ target: b.port, ports: [41_140, 41_179], advertise });
  const place = { protocol: 'UDP', here: `127.0.0.1:${a.port}`, server: `${advertise}:${door.port}` };
  const names = { callId: 'nat', fromTag: 'a', toTag: '', branch: 'z9hG4bK1', cseq: 1 };
  a.send(requestText('INVITE', 'bob', place, names), door.port);
  const invite = await b.message('INVITE');
  expect(invite).toContain(`INVITE sip:bob@127.0.0.1:${b.port} SIP/2.0`);
  expect(headerIn(invite, 'To')).toBe(`<sip:bob@127.0.0.1:${b.port}>`);
  b.send(reply(invite, '200 OK', 'b', `Contact: <sip:bob@127.0.0.1:${b.port}>`, sdpAt(5000)), door.port);
  const answered = await a.message('SIP/2.0 200');
  for (const message of [invite, answered]) {
    expect(headerIn(message, 'Contact')).toContain(`${advertise}:${door.port}`);
    expect(message).toContain(`c=IN IP4 ${advertise}\r\n`);
  }
  const toTag = /tag=(.*)/.exec(headerIn(answered, 'To'))![1];
  a.send(requestText('ACK', 'bob', place, { ...names, toTag, branch: 'z9hG4bK2' }), door.port);
  a.send(requestText('BYE', 'bob', place, { ...names, toTag, branch: 'z9hG4bK3', cseq: 2 }), door.port);
  b.send(reply(await b.message('BYE'), '200 OK', ''), door.port);
  await until(() => door.records.length === 1);
  expect(door.records[0]).toMatchObject({ outcome: 'completed', endedBy: 'a' });
});

describe('calls from the target', () => {
  test('go where such calls shall go, and those to the target to the target', async () => {
    const [pbx, phone] = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    const [atPbx, atPhone] = [answering(pbx), answering(phone, sdpAt(6000))];
    const door = await openDoor({
      target: pbx.port,
      fromTarget: `sip:127.0.0.1:${phone.port}`,
      ports: [41_000, 41_039],
    });
    const uri = `sip:100@127.0.0.1:${door.port}`;
    const down = await pbx.srf.createUAC(uri, { localSdp: SDP });
    expect(atPhone.invites.map((invite) => invite.uri)).toEqual([`sip:100@127.0.0.1:${phone.port}`]);
    const up = await phone.srf.createUAC(uri, { localSdp: SDP });
    expect(atPbx.invites.map((invite) => invite.uri)).toEqual([`sip:100@127.0.0.1:${pbx.port}`]);
    await down.destroy();
    await up.destroy();
    await until(() => door.records.length === 2);
    expect(door.records.map(({ towardsTarget }) => towardsTarget)).toEqual([false, true]);
  });

  test('to nobody are answered with 404; an OPTIONS is answered all the same, one of a phone passes', async () => {
    const [pbx, phone] = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    pbx.srf.options((_request, response) => response.send(200, { headers: { 'X-From': 'pbx' } }));
    const door = await openDoor({ target: pbx.port, ports: [41_040, 41_079] });
    const uri = `sip:100@127.0.0.1:${door.port}`;
    expect((await failureOf(pbx.srf.createUAC(uri, { localSdp: SDP }))).status).toBe(404);
    const asked = async (end: typeof pbx) => {
      const sent = await end.srf.request(uri, { method: 'OPTIONS' });
      return new Promise<string | undefined>((resolve) =>
        sent.on('response', (response) => resolve(`${response.status} ${response.get('X-From')}`)),
      );
    };
    expect(await asked(pbx)).toBe('200 undefined');
    expect(await asked(phone)).toBe('200 pbx');
    expect(door.door.figures().find(({ label }) => label === 'refused')).toEqual({ label: 'refused', value: '1' });
  });

  test('what belongs to no call is refused: 405 with what is taken, 481 for a NOTIFY', async () => {
    const [pbx, phone] = [await h.endpoint(QUICK), await h.endpoint(QUICK)];
    const door = await openDoor({ target: pbx.port, ports: [41_080, 41_099] });
    const statusOf = async (method: string): Promise<string> => {
      const sent = await phone.srf.request(`sip:100@127.0.0.1:${door.port}`, { method });
      return new Promise((resolve) =>
        sent.on('response', (response) => resolve(`${response.status} ${response.get('Allow') ?? ''}`)),
      );
    };
    expect(await statusOf('INFO')).toMatch(/^405 INVITE, ACK/);
    expect(await statusOf('SUBSCRIBE')).toMatch(/^405 /);
    expect(await statusOf('NOTIFY')).toMatch(/^481 /);
  });
});

describe('a door that cannot be opened', () => {
  test.each([
    ['at any address', { address: '0.0.0.0', port: 5999 }, 'sip:127.0.0.1', '--listen'],
    ['towards itself', { address: '127.0.0.1', port: 5999 }, 'sip:127.0.0.1:5999', '--to'],
    ['towards nobody', { address: '127.0.0.1', port: 0 }, 'sip:x..invalid', '--to'],
  ])('%s', async (_name, listen, target, where) => {
    const relay = new Relay({
      client: {} as never,
      pipelinesOf: () => ({ aToB: [], bToA: [] }),
      mediaTimeoutMs: 0,
      maxCalls: 1,
    });
    const nothing = (): void => {};
    const opened = B2buaDoor.open({
      relay,
      listen,
      target,
      fromTarget: null,
      mediaAddress: '127.0.0.1',
      latch: 'off',
      sdpFaultsOf: () => ({ a: [], b: [] }),
      onRecord: nothing,
      onLog: nothing,
      onFatal: nothing,
    });
    await expect(opened).rejects.toMatchObject({ detail: { where } });
  });
});
