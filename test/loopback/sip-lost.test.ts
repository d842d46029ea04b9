import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApplicationPort } from '../../src/drachtio/application-port.js';
import { connectExternal, type DrachtioConnection } from '../../src/drachtio/connect.js';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import type { SrfCallError } from '../../src/drachtio/srf-types.js';
import { UserAgent } from '../../src/sip/user-agent.js';
import { Harness, headerIn, QUICK, type RawPeer, reply, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

describe('an application whose connection ends', () => {
  let agent: UserAgent;
  let admin: ApplicationPort;
  let application: DrachtioConnection;
  let peer: RawPeer;
  beforeEach(async () => {
    agent = await UserAgent.open({ address: '127.0.0.1', port: 0, timers: QUICK });
    const server = new EmbeddedServer(agent, { secret: 'cymru' });
    admin = await ApplicationPort.open({ host: '127.0.0.1', port: 0, server });
    application = await connectExternal({
      host: '127.0.0.1',
      port: admin.local.port,
      secret: 'cymru',
      onFatal: (error) => h.fatal.push(error),
    });
    peer = await h.peer();
  });
  afterEach(async () => {
    await application.close();
    await admin.close();
    await agent.close();
  });

  const contact = (): string => `Contact: <sip:x@127.0.0.1:${peer.port}>`;

  /** Places a call, and leaves it to the peer. */
  async function placed(): Promise<string> {
    application.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP }).catch(() => {});
    return peer.message('INVITE');
  }

  test('leaves no caller waiting: its INVITE is answered 503 at once', async () => {
    let asked = 0;
    application.srf.invite(() => {
      asked++;
    });
    const caller = await h.endpoint(QUICK);
    const call = (): Promise<unknown> =>
      caller.srf
        .createUAC(`sip:x@127.0.0.1:${agent.local.port}`, { localSdp: SDP })
        .catch((error: SrfCallError) => error.status);
    let waiting = call();
    // The verb may still be under way to the server.
    while ((await Promise.race([waiting, until(() => asked === 1)])) === 405) waiting = call();
    await application.close();
    expect(await waiting).toBe(503);
  });

  test('has its call that rings cancelled', async () => {
    const invite = await placed();
    peer.send(reply(invite, '180 Ringing', 'callee', contact()), agent.local.port);
    await until(() => agent.stats().messagesReceived === 1);
    await application.close();
    const cancel = await peer.message('CANCEL');
    expect(headerIn(cancel, 'Call-ID')).toBe(headerIn(invite, 'Call-ID'));
    peer.send(reply(cancel, '200 OK', 'callee'), agent.local.port);
    peer.send(reply(invite, '487 Request Terminated', 'callee'), agent.local.port);
    await peer.message('ACK');
    expect(agent.stats().dialogs).toBe(0);
  });

  test('has its call acknowledged and hung up that is answered all the same', async () => {
    const invite = await placed();
    await application.close();
    // Whether the server hears of the answer or of the loss first does not matter.
    peer.send(reply(invite, '200 OK', 'callee', contact(), SDP), agent.local.port);
    await peer.message('ACK');
    const bye = await peer.message('BYE');
    peer.send(reply(bye, '200 OK', ''), agent.local.port);
    await until(() => agent.stats().dialogs === 0);
  });
});

describe('a call over TCP whose connection ends while it rings', () => {
  let callee: Server;
  const sockets: Socket[] = [];
  const received: string[] = [];
  beforeEach(async () => {
    received.length = 0;
    callee = createTcp((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (data) => received.push(data.toString('latin1')));
    });
    await new Promise<void>((resolve) => callee.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    callee.close();
  });

  test('fails at once with 503; a CANCEL goes over another connection, and a late answer is hung up', async () => {
    const a = await h.endpoint(QUICK);
    const { port } = callee.address() as { port: number };
    let rings = 0;
    const call = a.srf
      .createUAC(`sip:x@127.0.0.1:${port};transport=tcp`, { localSdp: SDP }, { cbProvisional: () => rings++ })
      .catch((error: SrfCallError) => error);
    await until(() => received.length === 1);
    const [invite] = received;
    const contact = `Contact: <sip:x@127.0.0.1:${port};transport=tcp>`;
    sockets[0].write(reply(invite, '180 Ringing', 'callee', contact));
    await until(() => rings === 1);
    sockets[0].destroy();
    const error = (await call) as SrfCallError;
    expect(error.status).toBe(503);
    expect(error.res!.get('reason')).toContain('transport: ');
    await until(() => received.some((text) => text.startsWith('CANCEL ')));
    sockets[1].write(reply(invite, '200 OK', 'callee', contact, SDP));
    await until(() => received.some((text) => text.includes('BYE sip:')));
    expect(received.join('')).toContain('ACK sip:x@127.0.0.1');
    expect(a.stats()!.dialogs).toBe(0);
  });
});
