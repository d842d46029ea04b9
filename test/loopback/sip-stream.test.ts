import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { type StreamOptions, StreamTransport } from '../../src/sip/stream-transport.js';
import type { Peer, TransportReceiver } from '../../src/sip/transport.js';
import { closedPort, until } from './sip-harness.js';

/** Keeps what comes. */
class Inbox implements TransportReceiver {
  readonly messages: { text: string; peer: Peer }[] = [];
  readonly lost: { peer: Peer; reason: string }[] = [];

  onMessage(data: Buffer, peer: Peer): void {
    this.messages.push({ text: data.toString('latin1'), peer });
  }

  onConnectionLost(peer: Peer, reason: string): void {
    this.lost.push({ peer, reason });
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text);
  }
}

function message(body: string): string {
  return `MESSAGE sip:a@b SIP/2.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: Partial<StreamOptions> = {}) {
  const inbox = new Inbox();
  const transport = await StreamTransport.open({
    protocol: 'tcp',
    address: '127.0.0.1',
    port: 0,
    receiver: inbox,
    ...options,
  });
  closers.push(() => transport.close());
  return { transport, inbox, port: transport.local.port, counts: transport.counts };
}

/** A bare connection that plays the other side by hand. */
async function rawClient(port: number): Promise<{ socket: Socket; text: () => string; ended: () => boolean }> {
  const socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  let ended = false;
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
  });
  closers.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, text: () => text, ended: () => ended };
}

/** A bare server; it keeps its connections. */
async function rawServer(): Promise<{ port: number; sockets: Socket[]; server: Server }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, sockets, server };
}

describe('SIP over TCP', () => {
  it('sends everything to one peer over one connection, and the answers back over the same', async () => {
    const a = await open();
    const b = await open();
    for (let i = 0; i < 50; i++) a.transport.send(Buffer.from(message(`m${i}`)), '127.0.0.1', b.port, null);
    await until(() => b.inbox.messages.length === 50);
    expect(b.inbox.texts).toEqual(Array.from({ length: 50 }, (_, i) => message(`m${i}`)));
    const { peer } = b.inbox.messages[0];
    expect(peer.transport).toBe(b.transport);
    b.transport.send(Buffer.from(message('back')), peer.address, 9, null, peer.connection);
    await until(() => a.inbox.messages.length === 1);
    expect(a.inbox.messages[0]).toMatchObject({ text: message('back'), peer: { address: '127.0.0.1', port: b.port } });
    expect(a.counts).toMatchObject({ opened: 1, accepted: 0, open: 1 });
    expect(b.counts).toMatchObject({ opened: 0, accepted: 1, open: 1 });
  });

  it('opens a new connection for an answer whose own is gone', async () => {
    const a = await open();
    const b = await open();
    const client = await rawClient(b.port);
    client.socket.end(message('x'));
    await until(() => b.inbox.messages.length === 1 && b.inbox.lost.length === 1);
    const { peer } = b.inbox.messages[0];
    b.transport.send(Buffer.from(message('answer')), peer.address, a.port, null, peer.connection);
    await until(() => a.inbox.messages.length === 1);
    expect(b.counts).toMatchObject({ opened: 1, accepted: 1 });
  });

  it('tells of every message that waited for a connection which nobody accepts', async () => {
    const a = await open();
    const reasons: string[] = [];
    const port = await closedPort();
    const onTransportError = (reason: string): void => void reasons.push(reason);
    for (let i = 0; i < 3; i++) a.transport.send(Buffer.from(message('x')), '127.0.0.1', port, { onTransportError });
    await until(() => reasons.length === 3);
    expect(reasons).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
    expect(a.counts).toMatchObject({ opened: 1, open: 0 });
    expect(a.inbox.lost).toEqual([]);
  });

  it('tells when a connection ends', async () => {
    const a = await open();
    const far = await rawServer();
    a.transport.send(Buffer.from(message('x')), '127.0.0.1', far.port, null);
    await until(() => far.sockets.length === 1);
    far.sockets[0].on('data', () => far.sockets[0].destroy());
    await until(() => a.inbox.lost.length === 1);
    expect(a.inbox.lost[0]).toMatchObject({ peer: { address: '127.0.0.1', port: far.port } });
    expect(a.counts.open).toBe(0);
  });

  it('answers a ping with a pong, and a single empty line with nothing', async () => {
    const a = await open();
    const client = await rawClient(a.port);
    client.socket.write('\r\n\r\n');
    await until(() => client.text() === '\r\n');
    client.socket.write(`\r\n${message('m')}`);
    await until(() => a.inbox.messages.length === 1);
    client.socket.write('\r\n\r\n');
    await until(() => client.text().length === 4);
    expect(client.text()).toBe('\r\n\r\n');
  });

  it('closes and counts a stream that cannot be cut into messages', async () => {
    const a = await open({ limits: { maxMessageBytes: 1000 } });
    for (const stream of ['INVITE x SIP/2.0\r\nVia: x\r\n\r\n', message('x'.repeat(1000))]) {
      const client = await rawClient(a.port);
      client.socket.write(stream);
      await until(client.ended);
    }
    expect(a.counts).toMatchObject({ framing: 2, open: 0 });
    expect(a.inbox.messages).toEqual([]);
  });

  it('closes and counts a message that never ends, however it drips, and no other', async () => {
    const clock = new ManualClock();
    const a = await open({ clock, times: { messageMs: 1000 } });
    const slow = await rawClient(a.port);
    const good = await rawClient(a.port);
    slow.socket.write('INVITE sip:a@b SIP/2.0\r\n');
    good.socket.write(message('1'));
    await until(() => a.inbox.messages.length === 1 && a.counts.accepted === 2);
    await settled(a.port);
    clock.advance(600);
    slow.socket.write('Via: x\r\n');
    good.socket.write(message('2'));
    await until(() => a.inbox.messages.length === 2);
    clock.advance(600);
    a.transport.check();
    await until(slow.ended);
    expect(a.counts).toMatchObject({ unfinished: 1, open: 1 });
    expect(good.ended()).toBe(false);
  });

  it('closes a connection without traffic', async () => {
    const clock = new ManualClock();
    const a = await open({ clock, times: { idleMs: 5000 } });
    const client = await rawClient(a.port);
    client.socket.write(message('x'));
    await until(() => a.inbox.messages.length === 1);
    clock.advance(4999);
    a.transport.check();
    expect(a.counts.open).toBe(1);
    clock.advance(1);
    a.transport.check();
    await until(client.ended);
    expect(a.inbox.lost[0].reason).toBe('idle');
  });

  it('pings a quiet connection of its own, and closes one that does not answer', async () => {
    const clock = new ManualClock();
    const a = await open({ clock, times: { keepAliveMs: 1000, pongMs: 100 } });
    const far = await rawServer();
    a.transport.send(Buffer.from(message('x')), '127.0.0.1', far.port, null);
    await until(() => far.sockets.length === 1);
    let heard = '';
    far.sockets[0].on('data', (data) => {
      heard += data.toString('latin1');
    });
    await until(() => heard === message('x'));
    clock.advance(1000);
    a.transport.check();
    await until(() => heard.endsWith('\r\n\r\n'));
    far.sockets[0].write(`\r\n${message('alive')}`);
    await until(() => a.inbox.messages.length === 1);
    clock.advance(500);
    a.transport.check();
    expect(a.counts.open).toBe(1);
    clock.advance(500);
    a.transport.check();
    clock.advance(100);
    a.transport.check();
    expect(a.counts.open).toBe(0);
    expect(a.inbox.lost[0].reason).toBe('no answer to a keep-alive');
  });

  it('gives up a connection that is not there in time', async () => {
    const clock = new ManualClock();
    const a = await open({ clock, times: { connectMs: 1000 } });
    const reasons: string[] = [];
    // The check comes before the event loop can hear of any connection.
    const far = await rawServer();
    const onTransportError = (reason: string): void => void reasons.push(reason);
    a.transport.send(Buffer.from(message('x')), '127.0.0.1', far.port, { onTransportError });
    clock.advance(1000);
    a.transport.check();
    expect(reasons).toEqual(['ETIMEDOUT']);
    expect(a.counts.open).toBe(0);
  });

  it('closes a peer that sends and never reads', async () => {
    const a = await open();
    const client = await rawClient(a.port);
    client.socket.pause();
    client.socket.write(message('x'));
    await until(() => a.inbox.messages.length === 1);
    const { peer } = a.inbox.messages[0];
    const large = Buffer.alloc(1_000_000, 'x');
    await until(() => {
      a.transport.send(large, peer.address, peer.port, null, peer.connection);
      return a.counts.unread === 1;
    });
    expect(a.counts.open).toBe(0);
  });

  it('says when its port is taken', async () => {
    const a = await open();
    await expect(open({ port: a.port })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  });

  it('carries IPv6', async () => {
    const a = await open({ address: '::1' });
    const b = await open({ address: '::1' });
    a.transport.send(Buffer.from(message('six')), '::1', b.port, null);
    await until(() => b.inbox.messages.length === 1);
    expect(b.inbox.messages[0].peer.address).toBe('::1');
  });

  it('closes twice, with its connections', async () => {
    const a = await open();
    const client = await rawClient(a.port);
    await until(() => a.counts.accepted === 1);
    await a.transport.close();
    await a.transport.close();
    await until(client.ended);
    expect(a.counts.open).toBe(0);
  });
});

/** Resolves when whatever was written to that port before has surely been read: a later connection was served. */
async function settled(port: number): Promise<void> {
  const client = await rawClient(port);
  client.socket.write('\r\n\r\n');
  await until(() => client.text() === '\r\n');
  client.socket.end();
  await until(client.ended);
}
