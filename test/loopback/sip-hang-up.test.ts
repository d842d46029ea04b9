import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, headerIn, QUICK, reply, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

/** A caller that plays by hand. */
interface Caller {
  port: number;
  received(): string;
  send(text: string): void;
}

async function callerOver(protocol: 'UDP' | 'TCP', port: number): Promise<Caller> {
  if (protocol === 'UDP') {
    const peer = await h.peer();
    return { port: peer.port, received: () => peer.received.join(''), send: (text) => peer.send(text, port) };
  }
  const socket = connect({ host: '127.0.0.1', port });
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  h.closing(async () => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return { port: socket.localPort!, received: () => received, send: (text) => socket.write(text) };
}

test.each(['UDP', 'TCP'] as const)(
  'over %s, an application that hangs up at once has its BYE leave after the ACK, not before',
  async (protocol) => {
    const b = await h.endpoint(QUICK);
    let ended = false;
    b.srf.invite(async (invite, response) => {
      const dialog = await b.srf.createUAS(invite, response, { localSdp: SDP });
      await dialog.destroy();
      ended = true;
    });
    const caller = await callerOver(protocol, b.port);
    const request = (method: string, toTag: string): string =>
      [
        `${method} sip:callee@127.0.0.1:${b.port} SIP/2.0`,
        `Via: SIP/2.0/${protocol} 127.0.0.1:${caller.port};branch=z9hG4bK${method}`,
        'Max-Forwards: 70',
        'From: <sip:caller@127.0.0.1>;tag=peer',
        `To: <sip:callee@127.0.0.1>${toTag}`,
        'Call-ID: raw@peer',
        `CSeq: 1 ${method}`,
        `Contact: <sip:caller@127.0.0.1:${caller.port};transport=${protocol.toLowerCase()}>`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
    const messages = (start: RegExp): string[] =>
      caller.received().match(new RegExp(`${start.source}[^]*?\\r\\n\\r\\n`, 'g')) ?? [];

    caller.send(request('INVITE', ''));
    // The BYE would have come before the 200 came again.
    await until(() => messages(/SIP\/2\.0 200/).length >= 3);
    expect(messages(/BYE sip:/)).toEqual([]);
    const [accepted] = messages(/SIP\/2\.0 200/);
    caller.send(request('ACK', `;tag=${/tag=([^;\s]+)/.exec(headerIn(accepted, 'To'))![1]}`));
    await until(() => messages(/BYE sip:/).length > 0);
    caller.send(reply(messages(/BYE sip:/)[0], '200 OK', ''));
    await until(() => ended);
    expect(b.stats()!.dialogs).toBe(0);
    expect(b.stats()!.timerExpiries.ack).toBe(0);
    expect(h.fatal).toEqual([]);
  },
);
