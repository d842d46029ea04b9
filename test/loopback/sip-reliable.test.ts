import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { Harness, headerIn, QUICK, reply, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await h.close();
});

/** What srf's typings of a response leave out: a listener for the PRACK. */
type SendReliably = (
  status: number,
  options: { headers: Record<string, string>; body: string },
  sent: () => void,
  acknowledged: (prack: SrfRequest) => void,
) => void;

test('srf on both sides: a reliable 183 is acknowledged by PRACK, and the call goes on', async () => {
  const a = await h.endpoint();
  const b = await h.endpoint();
  const racks: string[] = [];
  const dialogs: SrfDialog[] = [];
  b.srf.invite((invite: SrfRequest, response) => {
    const send = response.send.bind(response) as unknown as SendReliably;
    send(
      183,
      { headers: { Require: '100rel' }, body: SDP },
      () => {},
      async (prack) => {
        racks.push(prack.get('RAck') ?? '');
        dialogs.push(await b.srf.createUAS(invite, response, { localSdp: SDP }));
      },
    );
  });
  const heard: number[] = [];
  const dialog = await a.srf.createUAC(
    `sip:x@127.0.0.1:${b.port}`,
    { localSdp: SDP, headers: { Supported: '100rel' } },
    { cbProvisional: (response) => heard.push(response.status) },
  );
  expect(heard).toEqual([183]);
  expect(racks).toEqual(['1 1 INVITE']);
  await until(() => dialogs.length === 1);
  await dialog.destroy();
  expect(a.stats()!.dialogs + b.stats()!.dialogs).toBe(0);
  expect(h.fatal).toEqual([]);
});

test('a PRACK that comes once the application has answered is no business of srf, which would complain of it', async () => {
  const complaints: unknown[][] = [];
  vi.spyOn(console, 'error').mockImplementation((...details) => void complaints.push(details));
  const a = await h.endpoint();
  const b = await h.endpoint();
  const called = new Promise<SrfDialog>((resolve) => {
    b.srf.invite((invite, response) => {
      const reliably = { headers: { Require: '100rel' }, body: SDP };
      response.send(183, reliably);
      response.send(183, reliably);
      resolve(b.srf.createUAS(invite, response, { localSdp: SDP }));
    });
  });
  const dialog = await a.srf.createUAC(`sip:x@127.0.0.1:${b.port}`, {
    localSdp: SDP,
    headers: { Supported: '100rel' },
  });
  const answered = await called;
  const ended = new Promise((resolve) => answered.on('destroy', resolve));
  await dialog.destroy();
  await ended;
  expect(complaints).toEqual([]);
});

test('each branch of a forked call gets the PRACK for its own 183', async () => {
  const a = await h.endpoint(QUICK);
  const peer = await h.peer();
  const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP });
  const invite = await peer.message('INVITE');
  const lines = (user: string, rseq: number): string =>
    `Contact: <sip:${user}@127.0.0.1:${peer.port}>\r\nRequire: 100rel\r\nRSeq: ${rseq}`;
  peer.send(reply(invite, '183 Progress', 'first', lines('first', 11)), a.port);
  peer.send(reply(invite, '183 Progress', 'second', lines('second', 22)), a.port);
  const pracks = [await peer.message('PRACK'), await peer.message('PRACK sip:second')];
  expect(pracks[0]).toMatch(/^PRACK sip:first@/);
  expect(pracks.map((prack) => headerIn(prack, 'RAck'))).toEqual(['11 1 INVITE', '22 1 INVITE']);
  for (const prack of pracks) peer.send(reply(prack, '200 OK', ''), a.port);
  peer.send(reply(invite, '200 OK', 'second', `Contact: <sip:second@127.0.0.1:${peer.port}>`, SDP), a.port);
  const dialog = await call;
  expect(headerIn(await peer.message('ACK'), 'To')).toContain('tag=second');
  void dialog.destroy();
  const bye = await peer.message('BYE');
  expect(headerIn(bye, 'CSeq')).toBe('3 BYE');
  peer.send(reply(bye, '200 OK', ''), a.port);
});
