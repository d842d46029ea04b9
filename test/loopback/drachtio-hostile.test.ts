import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ApplicationPort } from '../../src/drachtio/application-port.js';
import { EmbeddedServer } from '../../src/drachtio/embedded-server.js';
import { encodeFrame } from '../../src/drachtio/frame.js';
import { UserAgent } from '../../src/sip/user-agent.js';
import { until } from './sip-harness.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: { authenticateMs?: number; maxApplications?: number } = {}): Promise<ApplicationPort> {
  const agent = await UserAgent.open({ address: '127.0.0.1', port: 0 });
  const server = new EmbeddedServer(agent, { secret: 'right' });
  const port = await ApplicationPort.open({ host: '127.0.0.1', port: 0, server, ...options });
  closers.push(
    () => agent.close(),
    () => port.close(),
  );
  return port;
}

interface Client {
  socket: Socket;
  text: () => string;
  ended: () => boolean;
}

/** A bare connection; it stays open on its side whatever the other does. */
async function client(port: ApplicationPort): Promise<Client> {
  const socket = connect({ port: port.local.port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  let ended = false;
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => {});
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      ended = true;
    });
  closers.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, text: () => text, ended: () => ended };
}

const authenticate = (secret: string): Buffer => encodeFrame(`a|authenticate|${secret}|`);

describe('the port for applications', () => {
  it.each(['999999#x', '12x#', '-1#x', '#x', '1e3#', ' 5#a|ping', '00000000001#x', 'GET / HTTP/1.1\r\n\r\n'])(
    'closes a stream that begins with %j, before and after the secret',
    async (bytes) => {
      const port = await open();
      for (const before of [Buffer.alloc(0), authenticate('right')]) {
        const { socket, ended } = await client(port);
        socket.write(Buffer.concat([before, Buffer.from(bytes)]));
        await until(ended);
      }
    },
  );

  it('keeps nothing of what comes after a broken length', async () => {
    const port = await open();
    const { socket } = await client(port);
    socket.write(Buffer.concat([authenticate('right'), Buffer.from('x')]));
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    const more = Buffer.alloc(1_000_000, 'x');
    // Written against a closed door: sooner or later the system says so.
    await until(() => {
      if (!closed && socket.writableLength === 0) socket.write(more);
      return closed;
    });
    expect(port.counts).toEqual({ accepted: 1, refused: 0, strangers: 0 });
  });

  it('closes a connection that never gives the secret, however it drips', async () => {
    const port = await open({ authenticateMs: 100 });
    const { socket, ended } = await client(port);
    socket.write('99999#');
    const drip = setInterval(() => socket.write('x'), 10);
    await until(ended);
    clearInterval(drip);
    await until(() => port.counts.strangers === 1);
  });

  it('refuses each of very many wrong secrets, and takes the right one after them', async () => {
    const port = await open();
    for (let i = 0; i < 300; i++) {
      const { socket, ended } = await client(port);
      socket.write(authenticate(`wrong${i}`));
      await until(ended);
      socket.destroy();
    }
    await until(() => port.counts.strangers === 300);
    const { socket, text } = await client(port);
    socket.write(authenticate('right'));
    await until(() => text().includes('|response|a|OK|'));
  });

  it('closes and counts connections beyond its limit, and takes new ones when others have gone', async () => {
    const port = await open({ maxApplications: 2 });
    const first = await client(port);
    const second = await client(port);
    const third = await client(port);
    await until(third.ended);
    expect(port.counts).toMatchObject({ accepted: 2, refused: 1 });
    first.socket.destroy();
    await until(() => port.counts.strangers === 1);
    const fourth = await client(port);
    for (const { socket, text } of [second, fourth]) {
      socket.write(authenticate('right'));
      await until(() => text().includes('|OK|'));
    }
  });

  it('cuts off an application that asks and never reads', async () => {
    const port = await open();
    const { socket, text } = await client(port);
    socket.write(authenticate('right'));
    await until(() => text().includes('|OK|'));
    socket.pause();
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    // Each answer repeats the id of its question.
    const question = encodeFrame(`${'i'.repeat(60_000)}|ping`);
    await until(() => {
      if (!closed && socket.writableLength < 1_000_000) socket.write(question);
      return closed;
    });
  });
});
