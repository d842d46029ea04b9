import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SrfDialog, SrfRequest, SrfResponder } from '../../src/drachtio/srf-types.js';
import { Harness, headerIn, QUICK, reply, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

test('srf on all sides: a call is transferred by REFER, its NOTIFYs tell how it goes, and it ends', async () => {
  const [transferor, transferee, target] = [await h.endpoint(), await h.endpoint(), await h.endpoint()];
  const reached: SrfDialog[] = [];
  target.srf.invite(async (invite, response) => {
    reached.push(await target.srf.createUAS(invite, response, { localSdp: SDP }));
  });
  const told = async (dialog: SrfDialog, state: string, body: string): Promise<void> => {
    const headers = { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag' };
    await dialog.request({ method: 'NOTIFY', headers, body });
  };
  transferee.srf.invite(async (invite, response) => {
    const dialog = await transferee.srf.createUAS(invite, response, { localSdp: SDP });
    dialog.on('refer', async (refer: SrfRequest, answer: SrfResponder) => {
      answer.send(202);
      await told(dialog, 'active;expires=60', 'SIP/2.0 100 Trying\r\n');
      await transferee.srf.createUAC(/<([^>]+)>/.exec(refer.get('Refer-To')!)![1], { localSdp: SDP });
      await told(dialog, 'terminated;reason=noresource', 'SIP/2.0 200 OK\r\n');
    });
  });
  const dialog = await transferor.srf.createUAC(`sip:x@127.0.0.1:${transferee.port}`, { localSdp: SDP });
  const fragments: string[] = [];
  dialog.on('notify', (notify, response) => {
    fragments.push(notify.body.trim());
    response.send(200);
  });
  const accepted = await dialog.request({
    method: 'REFER',
    headers: { 'Refer-To': `<sip:y@127.0.0.1:${target.port}>` },
  });
  expect(accepted.status).toBe(202);
  await until(() => fragments.length === 2);
  expect(fragments).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 200 OK']);
  await dialog.destroy();
  expect(transferor.stats()!.dialogs).toBe(0);
  await until(() => reached.length === 1);
  await reached[0].destroy();
  expect([transferee.stats()!.dialogs, target.stats()!.dialogs]).toEqual([0, 0]);
  expect(h.fatal).toEqual([]);
});

test('NOTIFYs of a REFER that sent the transferor away are taken after the call, until the last one', async () => {
  const a = await h.endpoint(QUICK);
  const fragments: string[] = [];
  const srf = a.srf as unknown as { notify(handler: (request: SrfRequest, response: SrfResponder) => void): void };
  srf.notify((notify, response) => {
    fragments.push(notify.body);
    response.send(200);
  });
  const peer = await h.peer();
  const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP });
  const invite = await peer.message('INVITE');
  peer.send(reply(invite, '200 OK', 'callee', `Contact: <sip:x@127.0.0.1:${peer.port}>`, SDP), a.port);
  const dialog = await call;
  dialog.request({ method: 'REFER', headers: { 'Refer-To': '<sip:z@127.0.0.1>' } }, () => {});
  const refer = await peer.message('REFER');
  peer.send(reply(refer, '202 Accepted', ''), a.port);
  void dialog.destroy();
  peer.send(reply(await peer.message('BYE'), '200 OK', ''), a.port);
  const notify = (cseq: number, state: string): string =>
    [
      `NOTIFY sip:a@127.0.0.1:${a.port} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKn${cseq}`,
      `From: ${headerIn(refer, 'To')}`,
      `To: ${headerIn(refer, 'From')}`,
      `Call-ID: ${headerIn(refer, 'Call-ID')}`,
      `CSeq: ${cseq} NOTIFY`,
      'Event: refer',
      `Subscription-State: ${state}`,
      'Content-Type: message/sipfrag',
      'Content-Length: 14',
      '',
      'SIP/2.0 200 OK',
    ].join('\r\n');
  peer.send(notify(1, 'active;expires=60'), a.port);
  await until(() => fragments.length === 1);
  peer.send(notify(2, 'terminated;reason=noresource'), a.port);
  await until(() => fragments.length === 2 && a.stats()!.dialogs === 0);
  peer.send(notify(3, 'active;expires=60'), a.port);
  expect(await peer.message('SIP/2.0 481')).toContain('3 NOTIFY');
});

test('srf subscribes: the first NOTIFY finds its dialog even where it overtakes the answer', async () => {
  const a = await h.endpoint(QUICK);
  const peer = await h.peer();
  const subscribed = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, {
    method: 'SUBSCRIBE',
    // srf knows a subscription again only where subscriber and notifier go by one name.
    headers: { Event: 'presence', From: '<sip:x@127.0.0.1>' },
  });
  const subscribe = await peer.message('SUBSCRIBE');
  const notify = [
    `NOTIFY sip:a@127.0.0.1:${a.port} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKearly`,
    `From: ${headerIn(subscribe, 'To')};tag=notifier`,
    `To: ${headerIn(subscribe, 'From')}`,
    `Call-ID: ${headerIn(subscribe, 'Call-ID')}`,
    'CSeq: 1 NOTIFY',
    `Contact: <sip:x@127.0.0.1:${peer.port}>`,
    'Event: presence',
    'Subscription-State: terminated;reason=noresource',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  peer.send(notify, a.port);
  const lines = `Contact: <sip:x@127.0.0.1:${peer.port}>\r\nExpires: 60`;
  peer.send(reply(subscribe, '202 Accepted', 'notifier', lines), a.port);
  const dialog = await subscribed;
  await new Promise((resolve) => dialog.on('destroy', resolve));
  expect(headerIn(await peer.message('SIP/2.0 200'), 'CSeq')).toBe('1 NOTIFY');
  expect(a.stats()!.dialogs).toBe(0);
});
