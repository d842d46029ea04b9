import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SrfDialog } from '../../src/drachtio/srf-types.js';
import { Harness, headerIn, QUICK, type RawPeer, reply, SDP, until } from './sip-harness.js';

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(async () => {
  await harness.close();
  expect(harness.fatal).toEqual([]);
});

function request(peer: RawPeer, method: string, user: string, port: number, contact: string, branch: string): string {
  return (
    `${method} sip:${user}@127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK${branch}\r\n` +
    `From: <sip:caller@127.0.0.1:${peer.port}>;tag=f\r\nTo: <sip:${user}@127.0.0.1>\r\nCall-ID: ${branch}\r\nCSeq: 1 ${method}\r\n` +
    `${contact}Content-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`
  );
}

describe('a peer that leaves out what drachtio-srf relies on', () => {
  it('answers without a Contact: the call is up, and its BYE goes to whom was called', async () => {
    const { srf } = await harness.endpoint(QUICK);
    const peer = await harness.peer();
    const calling = srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP }, {});
    const invite = await peer.message('INVITE');
    peer.send(reply(invite, '200 OK', 't', '', SDP), portOf(invite));
    const dialog = await calling;
    await peer.message('ACK');
    void dialog.destroy({});
    const bye = await peer.message('BYE');
    expect(bye.split(' ')[1]).toBe(`sip:x@127.0.0.1:${peer.port}`);
    peer.send(reply(bye, '200 OK', ''), portOf(bye));
  });

  it('calls without a Contact: the call is answered, and hung up towards the From', async () => {
    const { srf, port } = await harness.endpoint(QUICK);
    const peer = await harness.peer();
    const dialogs: SrfDialog[] = [];
    srf.invite((req, res) =>
      srf.createUAS(req, res, { localSdp: SDP }, (_error, dialog) => dialog && dialogs.push(dialog)),
    );
    peer.send(request(peer, 'INVITE', 'x', port, '', 'a'), port);
    const answer = await peer.message('SIP/2.0 200');
    const to = headerIn(answer, 'To');
    peer.send(
      `ACK sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKack\r\n` +
        `From: <sip:caller@127.0.0.1:${peer.port}>;tag=f\r\nTo: ${to}\r\nCall-ID: a\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n`,
      port,
    );
    await until(() => dialogs.length === 1);
    void dialogs[0].destroy({});
    expect((await peer.message('BYE')).split(' ')[1]).toBe(`sip:caller@127.0.0.1:${peer.port}`);
  });
});

describe('a message on which the application breaks', () => {
  it('is answered 500 where it is a request, and the next call finds the application as before', async () => {
    const { srf, port } = await harness.endpoint(QUICK);
    const peer = await harness.peer();
    srf.invite((req, res) => {
      if (req.uri.includes('break')) throw new Error('oops');
      res.send(486);
    });
    peer.send(request(peer, 'INVITE', 'break', port, 'Contact: <sip:a@127.0.0.1>\r\n', 'b'), port);
    expect(headerIn(await peer.message('SIP/2.0 500'), 'Call-ID')).toBe('b');
    peer.send(request(peer, 'INVITE', 'x', port, 'Contact: <sip:a@127.0.0.1>\r\n', 'c'), port);
    expect(headerIn(await peer.message('SIP/2.0 486'), 'Call-ID')).toBe('c');
  });

  it('is acknowledged and hung up where it is an answer', async () => {
    const { srf } = await harness.endpoint(QUICK);
    const peer = await harness.peer();
    srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP }, {}, () => {
      throw new Error('oops');
    });
    const invite = await peer.message('INVITE');
    peer.send(reply(invite, '200 OK', 't', `Contact: <sip:x@127.0.0.1:${peer.port}>`, SDP), portOf(invite));
    await peer.message('ACK');
    await peer.message('BYE');
  });
});

describe('an application that answers too late', () => {
  it('is told so, and nothing else happens', async () => {
    const { srf, port } = await harness.endpoint({ t1Ms: 5, t2Ms: 20, t4Ms: 20 });
    const peer = await harness.peer();
    let answerNow = (): void => {};
    srf.options((_req, res) => {
      answerNow = () => res.send(200);
    });
    peer.send(request(peer, 'OPTIONS', 'x', port, '', 'late'), port);
    // A request waits for 128·T1, then nobody can wait for its answer any more.
    await new Promise((resolve) => setTimeout(resolve, 128 * 5 + 200));
    answerNow();
    srf.message((_req, res) => res.send(200));
    peer.send(request(peer, 'MESSAGE', 'x', port, '', 'next'), port);
    expect(headerIn(await peer.message('SIP/2.0 200'), 'Call-ID')).toBe('next');
    expect(peer.count('SIP/2.0')).toBe(1);
  });
});

/** Where a request came from, by its Via. */
function portOf(text: string): number {
  return Number(/^Via: \S+ [^;]*:(\d+)/m.exec(text)![1]);
}
