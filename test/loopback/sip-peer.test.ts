import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SrfCallError, SrfDialog, SrfRequest } from '../../src/drachtio/srf-types.js';
import { Harness, headerIn, QUICK, type RawPeer, reply, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

function request(
  peer: RawPeer,
  method: string,
  to: number,
  extra: { branch?: string; toTag?: string; cseq?: number; lines?: string[] } = {},
): string {
  const { branch = `z9hG4bK${method}1`, toTag, cseq = 1, lines = [] } = extra;
  return [
    `${method} sip:callee@127.0.0.1:${to} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=${branch}`,
    'Max-Forwards: 70',
    'From: <sip:caller@127.0.0.1>;tag=peer',
    `To: <sip:callee@127.0.0.1>${toTag ? `;tag=${toTag}` : ''}`,
    'Call-ID: raw@peer',
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:caller@127.0.0.1:${peer.port}>`,
    ...lines,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

const tagIn = (text: string): string => /tag=([^;\s]+)/.exec(headerIn(text, 'To'))![1];

describe('as caller, against a peer that plays by hand', () => {
  test('a 200 that comes after our CANCEL is acknowledged and hung up, and the application hears 487', async () => {
    const a = await h.endpoint(QUICK);
    const peer = await h.peer();
    const call = a.srf.createUAC(
      `sip:x@127.0.0.1:${peer.port}`,
      { localSdp: SDP },
      { cbRequest: (_error, sent) => sent!.cancel() },
    );
    const failed = call.catch((error: SrfCallError) => error);
    const invite = await peer.message('INVITE');
    expect(peer.count('CANCEL')).toBe(0);
    peer.send(reply(invite, '180 Ringing', 'callee'), a.port);
    const cancel = await peer.message('CANCEL');
    expect(headerIn(cancel, 'Via')).toBe(headerIn(invite, 'Via'));
    expect(headerIn(cancel, 'CSeq')).toBe(headerIn(invite, 'CSeq').replace('INVITE', 'CANCEL'));
    peer.send(reply(cancel, '200 OK', 'callee'), a.port);
    peer.send(reply(invite, '200 OK', 'callee', `Contact: <sip:x@127.0.0.1:${peer.port}>`, SDP), a.port);
    await peer.message('ACK');
    const bye = await peer.message('BYE');
    expect(headerIn(bye, 'To')).toContain('tag=callee');
    peer.send(reply(bye, '200 OK', 'callee'), a.port);
    const error = (await failed) as SrfCallError;
    expect(error.status).toBe(487);
    expect(error.res!.get('reason')).toContain('200 after CANCEL');
  });

  test('a repeated 200 gets the same ACK again', async () => {
    const a = await h.endpoint(QUICK);
    const peer = await h.peer();
    const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP });
    const invite = await peer.message('INVITE');
    const ok = reply(invite, '200 OK', 'callee', `Contact: <sip:x@127.0.0.1:${peer.port}>`, SDP);
    peer.send(ok, a.port);
    await call;
    const first = await peer.message('ACK');
    peer.send(ok, a.port);
    expect(await peer.message('ACK', 1)).toBe(first);
    expect(a.stats()!.dialogs).toBe(1);
  });

  test.each([
    ['any 2xx', '202 Accepted', ''],
    ['a 200 whose Contacts go on with what names nobody', '200 OK', '\r\nContact: ;x'],
  ])('%s is an answer: the application has a call, and hangs it up', async (_what, status, further) => {
    const a = await h.endpoint(QUICK);
    const peer = await h.peer();
    const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP });
    const invite = await peer.message('INVITE');
    peer.send(reply(invite, status, 'callee', `Contact: <sip:x@127.0.0.1:${peer.port}>${further}`, SDP), a.port);
    const dialog = await call;
    await peer.message('ACK');
    const ended = dialog.destroy();
    peer.send(reply(await peer.message('BYE'), '200 OK', ''), a.port);
    await ended;
    expect(a.stats()!.dialogs).toBe(0);
  });

  test('a second answer of a forked call is acknowledged and hung up', async () => {
    const a = await h.endpoint(QUICK);
    const peer = await h.peer();
    const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP });
    const invite = await peer.message('INVITE');
    const contact = `Contact: <sip:x@127.0.0.1:${peer.port}>`;
    peer.send(reply(invite, '200 OK', 'first', contact, SDP), a.port);
    await call;
    peer.send(reply(invite, '200 OK', 'second', contact, SDP), a.port);
    expect(headerIn(await peer.message('BYE'), 'To')).toContain('tag=second');
    expect(a.stats()!.dialogs).toBe(1);
  });

  test('requests within a dialog follow the reversed Record-Route to its first hop', async () => {
    const a = await h.endpoint(QUICK);
    const peer = await h.peer();
    const hop = await h.peer();
    const call = a.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP });
    const invite = await peer.message('INVITE');
    const routes = `Record-Route: <sip:far.example;lr>, <sip:127.0.0.1:${hop.port};lr>\r\nContact: <sip:x@10.9.9.9:5070>`;
    peer.send(reply(invite, '200 OK', 'callee', routes, SDP), a.port);
    const dialog = await call;
    const ack = await hop.message('ACK');
    expect(ack).toMatch(/^ACK sip:x@10\.9\.9\.9:5070 SIP/);
    expect(ack.match(/^Route: .*$/gm)).toEqual([
      `Route: <sip:127.0.0.1:${hop.port};lr>`,
      'Route: <sip:far.example;lr>',
    ]);
    void dialog.destroy();
    const bye = await hop.message('BYE');
    expect(headerIn(bye, 'CSeq')).toBe('2 BYE');
    hop.send(reply(bye, '200 OK', ''), a.port);
    await until(() => a.stats()!.dialogs === 0);
  });

  test('the outbound proxy gets the request, the Request-URI stays', async () => {
    const a = await h.endpoint(QUICK);
    const proxy = await h.peer();
    const call = a.srf.createUAC('sip:x@10.255.255.1', { localSdp: SDP, proxy: `sip:127.0.0.1:${proxy.port}` });
    const failed = call.catch((error: SrfCallError) => error.status);
    const invite = await proxy.message('INVITE sip:x@10.255.255.1 SIP/2.0');
    proxy.send(reply(invite, '480 Away', 'p'), a.port);
    expect(await failed).toBe(480);
  });
});

describe('as callee, against a peer that plays by hand', () => {
  async function answering(): Promise<{
    port: number;
    stats: () => ReturnType<Awaited<ReturnType<Harness['endpoint']>>['stats']>;
    dialogs: SrfDialog[];
  }> {
    const b = await h.endpoint(QUICK);
    const dialogs: SrfDialog[] = [];
    b.srf.invite(async (invite: SrfRequest, response) => {
      dialogs.push(await b.srf.createUAS(invite, response, { localSdp: SDP }));
    });
    return { port: b.port, stats: () => b.stats(), dialogs };
  }

  test('a 200 that is never acknowledged is repeated, then the call is hung up and the application told', async () => {
    const b = await answering();
    const peer = await h.peer();
    peer.send(request(peer, 'INVITE', b.port), b.port);
    await until(() => b.dialogs.length === 1);
    const reason = new Promise((resolve) => b.dialogs[0].on('destroy', (_bye, why) => resolve(why)));
    const bye = await peer.message('BYE');
    expect(headerIn(bye, 'Reason')).toContain('ACK timeout');
    expect(peer.count('SIP/2.0 200')).toBeGreaterThan(10);
    expect(await reason).toBe('ACK timeout');
    expect(b.stats()!.timerExpiries.ack).toBe(1);
  });

  test('a repeated INVITE is absorbed, and after the ACK nothing is repeated', async () => {
    const b = await answering();
    const peer = await h.peer();
    const invite = request(peer, 'INVITE', b.port);
    peer.send(invite, b.port);
    peer.send(invite, b.port);
    const ok = await peer.message('SIP/2.0 200');
    peer.send(request(peer, 'ACK', b.port, { toTag: tagIn(ok) }), b.port);
    await until(() => b.stats()!.retransmissionsReceived === 1);
    expect(b.dialogs).toHaveLength(1);
    const bye = request(peer, 'BYE', b.port, { toTag: tagIn(ok), cseq: 2 });
    peer.send(bye, b.port);
    await until(() => b.stats()!.dialogs === 0);
    peer.send(bye, b.port);
    await until(() => b.stats()!.retransmissionsReceived === 2);
    await until(() => peer.received.filter((text) => text.includes('2 BYE')).length === 2);
  });

  test('the ACK may come on the branch of the INVITE', async () => {
    const b = await answering();
    const peer = await h.peer();
    peer.send(request(peer, 'INVITE', b.port), b.port);
    const ok = await peer.message('SIP/2.0 200');
    await until(() => b.dialogs.length === 1);
    const acknowledged = new Promise<void>((resolve) => b.dialogs[0].once('ack', () => resolve()));
    peer.send(request(peer, 'ACK', b.port, { toTag: tagIn(ok), branch: 'z9hG4bKINVITE1' }), b.port);
    await acknowledged;
  });

  test('requests of unknown dialogs get 481, a sequence number that went back 500', async () => {
    const b = await answering();
    const peer = await h.peer();
    peer.send(request(peer, 'BYE', b.port, { toTag: 'nobody' }), b.port);
    await peer.message('SIP/2.0 481');
    peer.send(request(peer, 'INVITE', b.port, { cseq: 5 }), b.port);
    const ok = await peer.message('SIP/2.0 200');
    peer.send(request(peer, 'ACK', b.port, { toTag: tagIn(ok), cseq: 5 }), b.port);
    peer.send(request(peer, 'INFO', b.port, { toTag: tagIn(ok), cseq: 4 }), b.port);
    await peer.message('SIP/2.0 500');
  });

  test('a CANCEL of nothing gets 481, one after the answer 200 and no more', async () => {
    const b = await answering();
    const peer = await h.peer();
    peer.send(request(peer, 'CANCEL', b.port, { branch: 'z9hG4bKnone' }), b.port);
    await peer.message('SIP/2.0 481');
    peer.send(request(peer, 'INVITE', b.port), b.port);
    await until(() => b.dialogs.length === 1);
    peer.send(request(peer, 'CANCEL', b.port, { branch: 'z9hG4bKINVITE1' }), b.port);
    await until(() => peer.received.some((text) => /^SIP\/2\.0 200/.test(text) && text.includes('1 CANCEL')));
    expect(peer.count('SIP/2.0 487')).toBe(0);
  });

  test('what is no SIP is counted and ignored, what is half SIP gets 400', async () => {
    const b = await answering();
    const peer = await h.peer();
    const garbage = ['hello', '\x00\x01\x02\x03\x04\x05', 'INVITE sip:x SIP/2.0\r\n\r\n', 'SIP/2.0 abc\r\n\r\n'];
    for (const text of garbage) peer.send(text, b.port);
    peer.send('\r\n\r\n', b.port);
    await until(() => b.stats()!.malformed === garbage.length);
    expect(peer.received).toEqual([]);
    peer.send(request(peer, 'OPTIONS', b.port).replace('CSeq: 1 OPTIONS', 'CSeq: 1 INFO'), b.port);
    expect(await peer.message('SIP/2.0 400')).toContain('CSeq does not match method');
  });

  test('rport is answered to the port that the request came from', async () => {
    const b = await answering();
    const peer = await h.peer();
    const natted = request(peer, 'OPTIONS', b.port).replace(
      /Via: .*/,
      'Via: SIP/2.0/UDP 10.1.2.3:5999;rport;branch=z9hG4bKnat',
    );
    peer.send(natted, b.port);
    const answer = await peer.message('SIP/2.0 200');
    expect(headerIn(answer, 'Via')).toBe(
      `SIP/2.0/UDP 10.1.2.3:5999;rport=${peer.port};branch=z9hG4bKnat;received=127.0.0.1`,
    );
  });

  test('compact names, folded lines and blanks are understood', async () => {
    const b = await answering();
    const peer = await h.peer();
    const text = [
      `INVITE sip:callee@127.0.0.1:${b.port} SIP/2.0`,
      `v:  SIP/2.0/UDP 127.0.0.1:${peer.port}`,
      ' ;branch=z9hG4bKcompact',
      'f : "Caller, \\"the\\" <first>" <sip:caller@127.0.0.1>',
      '\t;tag=peer',
      't: <sip:callee@127.0.0.1>',
      'i: compact@peer',
      'cSeQ:  1   INVITE',
      `m: <sip:caller@127.0.0.1:${peer.port}>`,
      'l: 0',
      '',
      '',
    ].join('\r\n');
    peer.send(text, b.port);
    const ok = await peer.message('SIP/2.0 200');
    expect(headerIn(ok, 'From')).toBe('"Caller, \\"the\\" <first>" <sip:caller@127.0.0.1> ;tag=peer');
    expect(b.dialogs[0].sip.remoteTag).toBe('peer');
  });
});
