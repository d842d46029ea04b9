import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { Harness, headerIn, QUICK, reply, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

/** Intervals of seconds, as no standard allows them. */
const BRISK = { minSessionS: 2 };
const timed = (value: string) => ({ localSdp: SDP, headers: { 'Session-Expires': value } });

test('srf on both sides: a call with a session timer outlives its interval, whoever refreshes', async () => {
  const a = await h.endpoint({}, BRISK);
  const b = await h.endpoint({}, BRISK);
  const answered: SrfDialog[] = [];
  const ended: string[] = [];
  let refreshes = 0;
  b.srf.invite(async (invite: SrfRequest, response) => {
    const dialog = await b.srf.createUAS(invite, response, { localSdp: SDP });
    dialog.on('refresh', () => refreshes++);
    dialog.on('destroy', (_bye, reason) => ended.push(`b: ${reason}`));
    answered.push(dialog);
  });
  const uri = `sip:x@127.0.0.1:${b.port}`;
  const byCaller = await a.srf.createUAC(uri, timed('3;refresher=uac'));
  const byCallee = await a.srf.createUAC(uri, timed('3;refresher=uas'));
  expect(byCaller.res.get('Session-Expires')).toBe('3;refresher=uac');
  expect(byCallee.res.get('Session-Expires')).toBe('3;refresher=uas');
  let refreshedFromBehind = 0;
  byCallee.on('refresh', () => refreshedFromBehind++);
  for (const dialog of [byCaller, byCallee]) dialog.on('destroy', (_bye, reason) => ended.push(`a: ${reason}`));
  await until(() => refreshes >= 2 && refreshedFromBehind >= 2);
  expect(ended).toEqual([]);
  expect(a.stats()!.dialogs).toBe(2);
  await Promise.all([byCaller.destroy(), byCallee.destroy()]);
  expect(ended).toEqual(['b: normal release', 'b: normal release']);
  expect(h.fatal).toEqual([]);
});

test('a call that the far end does not refresh is hung up, and srf is told why', async () => {
  const a = await h.endpoint(QUICK, BRISK);
  const peer = await h.peer();
  const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, timed('2'));
  const invite = await peer.message('INVITE');
  const lines = `Contact: <sip:x@127.0.0.1:${peer.port}>\r\nRequire: timer\r\nSession-Expires: 2;refresher=uas`;
  peer.send(reply(invite, '200 OK', 'callee', lines, SDP), a.port);
  const dialog = await call;
  const reason = new Promise((resolve) => dialog.on('destroy', (_bye, text) => resolve(text)));
  const bye = await peer.message('BYE');
  peer.send(reply(bye, '200 OK', ''), a.port);
  expect(headerIn(bye, 'Reason')).toBe('SIP;cause=200;text="Session timer expired"');
  expect(await reason).toBe('Session timer expired');
  expect(a.stats()!.dialogs).toBe(0);
});

test('an attempt that a 422 refused is one attempt for srf, which acknowledges the answer to the second', async () => {
  const a = await h.endpoint(QUICK);
  const peer = await h.peer();
  const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, timed('90'));
  const first = await peer.message('INVITE');
  peer.send(reply(first, '422 Session Interval Too Small', 'callee', 'Min-SE: 1800'), a.port);
  const second = await peer.message('INVITE', 1);
  expect(headerIn(second, 'Session-Expires')).toBe('1800');
  const lines = `Contact: <sip:x@127.0.0.1:${peer.port}>\r\nSession-Expires: 1800;refresher=uac`;
  peer.send(reply(second, '200 OK', 'callee', lines, SDP), a.port);
  await call;
  await peer.message('ACK', 1);
  expect(headerIn(await peer.message('ACK', 1), 'CSeq')).toBe('2 ACK');
});

test('a caller that asks for too short a session reaches the application only with the interval that our 422 names', async () => {
  const b = await h.endpoint(QUICK);
  let calls = 0;
  b.srf.invite(() => {
    calls++;
  });
  const a = await h.endpoint(QUICK);
  const refused = a.srf.createUAC(`sip:x@127.0.0.1:${b.port}`, timed('30'));
  await until(() => calls === 1);
  refused.catch(() => {});
  // The 422 and the 100 of the second attempt.
  await until(() => a.stats()!.messagesReceived >= 2);
  expect([a.stats()!.messagesReceived, calls]).toEqual([2, 1]);
});
