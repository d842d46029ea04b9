import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { connectEmbedded, connectExternal } from '../../src/drachtio/connect.js';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import { UserAgent } from '../../src/sip/user-agent.js';
import { Harness, SDP, until } from './sip-harness.js';

let h: Harness;
beforeEach(() => {
  h = new Harness();
});
afterEach(() => h.close());

const fatal = (error: Error): void => {
  throw error;
};

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

describe('the embedded server', () => {
  test('says that its port is taken', async () => {
    const a = await h.endpoint();
    expect(await codeOf(connectEmbedded({ address: '127.0.0.1', port: a.port, onFatal: fatal }))).toBe('PORT_TAKEN');
  });

  test.each(['192.0.2.77', 'not-an-address'])('says that %s is no address of this machine', async (address) => {
    expect(await codeOf(connectEmbedded({ address, port: 0, onFatal: fatal }))).toBe('ADDRESS_UNUSABLE');
  });

  test('names itself by the advertised address in Via and Contact', async () => {
    const connection = await connectEmbedded({
      address: '127.0.0.1',
      port: 0,
      advertise: '198.51.100.7',
      onFatal: fatal,
    });
    const peer = await h.peer();
    const call = connection.srf.createUAC(`sip:x@127.0.0.1:${peer.port}`, { localSdp: SDP }).catch(() => null);
    const invite = await peer.message('INVITE');
    expect(invite).toContain(`Via: SIP/2.0/UDP 198.51.100.7:${connection.sip!.port};rport;`);
    expect(invite).toContain(`Contact: <sip:198.51.100.7:${connection.sip!.port}>`);
    await connection.close();
    await connection.close();
    void call;
  });
});

describe('a server reached over TCP', () => {
  let agent: UserAgent;
  let admin: Server;
  let port = 0;
  const sockets = new Set<Socket>();
  beforeEach(async () => {
    agent = await UserAgent.open({ address: '127.0.0.1', port: 0 });
    const server = new EmbeddedServer(agent, { secret: 'cymru' });
    admin = createServer((socket) => {
      sockets.add(socket);
      server.accept(socket);
    });
    await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve));
    port = (admin.address() as { port: number }).port;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => admin.close(resolve));
    await agent.close();
  });

  test('serves calls both ways, and only the verbs that were asked for', async () => {
    const connection = await connectExternal({ host: '127.0.0.1', port, secret: 'cymru', onFatal: fatal });
    expect(connection.stats()).toBeNull();
    const b = await h.endpoint();
    b.srf.invite(async (request, response) => void (await b.srf.createUAS(request, response, { localSdp: SDP })));
    const out = await connection.srf.createUAC(`sip:x@127.0.0.1:${b.port}`, { localSdp: SDP });
    await out.destroy();
    const target = `sip:x@127.0.0.1:${agent.local.port}`;
    await expect(b.srf.createUAC(target, { localSdp: SDP })).rejects.toMatchObject({ status: 405 });
    connection.srf.invite(
      async (request, response) => void (await connection.srf.createUAS(request, response, { localSdp: SDP })),
    );
    let inward = await b.srf.createUAC(target, { localSdp: SDP }).catch(() => null);
    while (inward === null) inward = await b.srf.createUAC(target, { localSdp: SDP }).catch(() => null);
    await inward.destroy();
    expect(agent.stats().dialogs).toBe(0);
    await connection.close();
  });

  test('a wrong secret and a closed port are unreachable servers', async () => {
    const attempt = (at: number, secret: string): Promise<unknown> =>
      connectExternal({ host: '127.0.0.1', port: at, secret, onFatal: fatal });
    expect(await codeOf(attempt(port, 'wrong'))).toBe('DRACHTIO_UNREACHABLE');
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port: gone } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    expect(await codeOf(attempt(gone, 'cymru'))).toBe('DRACHTIO_UNREACHABLE');
  });

  test('a connection that breaks is fatal', async () => {
    const errors: Error[] = [];
    await connectExternal({ host: '127.0.0.1', port, secret: 'cymru', onFatal: (error) => errors.push(error) });
    for (const socket of sockets) socket.destroy();
    await until(() => errors.length > 0);
    expect(errors[0]).toMatchObject({
      code: 'DRACHTIO_UNREACHABLE',
      detail: { where: `127.0.0.1:${port}`, found: 'it closed the connection' },
    });
    expect(errors).toHaveLength(1);
  });
});
