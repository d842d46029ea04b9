import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { AppError } from '../../src/core/errors.js';
import { loadLibc } from '../../src/core/libc.js';
import type { Peer, Transport, TransportReceiver } from '../../src/sip/transport.js';
import { openUdp } from '../../src/sip/udp.js';
import { UdpNativeTransport } from '../../src/sip/udp-native-transport.js';
import type { UdpOptions } from '../../src/sip/udp-options.js';
import { UdpTransport } from '../../src/sip/udp-transport.js';

interface Received {
  text: string;
  peer: Peer;
  arrivalMs: number;
}

/** Keeps what comes, and wakes whoever waits for it. */
class Inbox implements TransportReceiver {
  private readonly messages: Received[] = [];
  private waiting: ((message: Received) => void) | null = null;

  onMessage(data: Buffer, peer: Peer, arrivalMs: number): void {
    const message = { text: data.toString('latin1'), peer: { ...peer }, arrivalMs };
    if (this.waiting) this.waiting(message);
    else this.messages.push(message);
    this.waiting = null;
  }

  next(): Promise<Received> {
    const message = this.messages.shift();
    return message
      ? Promise.resolve(message)
      : new Promise((resolve) => {
          this.waiting = resolve;
        });
  }
}

const drivers: [string, (options: UdpOptions) => Promise<Transport>][] = [
  ['native', async (options) => UdpNativeTransport.open(loadLibc()!, systemClock, options)],
  ['dgram', (options) => UdpTransport.open(options)],
];

describe.each(drivers)('SIP over UDP, %s', (_name, open) => {
  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const it of opened.splice(0)) await it.close();
  });

  async function transport(port = 0, address = '127.0.0.1'): Promise<{ transport: Transport; inbox: Inbox }> {
    const inbox = new Inbox();
    const transport = await open({ address, port, receiver: inbox });
    opened.push(transport);
    return { transport, inbox };
  }

  it('carries messages both ways, each with its sender and its time of arrival', async () => {
    const a = await transport();
    const b = await transport();
    const before = systemClock.now();
    a.transport.send(Buffer.from('from a'), '127.0.0.1', b.transport.local.port, null);
    const got = await b.inbox.next();
    expect(got).toMatchObject({ text: 'from a', peer: { address: '127.0.0.1', port: a.transport.local.port } });
    expect(got.arrivalMs).toBeGreaterThan(before - 1);
    expect(got.arrivalMs).toBeLessThan(systemClock.now() + 1);
    b.transport.send(Buffer.from('from b'), got.peer.address, got.peer.port, null);
    expect((await a.inbox.next()).text).toBe('from b');
  });

  it('tells of each message that cannot leave, and lets those beside it go', async () => {
    const a = await transport();
    const b = await transport();
    const reasons: string[] = [];
    const listener = { onTransportError: (reason: string) => reasons.push(reason) };
    const { port } = b.transport.local;
    a.transport.send(Buffer.from('first'), '127.0.0.1', port, listener);
    // A broadcast needs a socket option that SIP has no use for.
    a.transport.send(Buffer.from('lost'), '255.255.255.255', port, listener);
    a.transport.send(Buffer.alloc(65_508), '127.0.0.1', port, listener);
    a.transport.send(Buffer.from('last'), '127.0.0.1', port, listener);
    expect((await b.inbox.next()).text).toBe('first');
    expect((await b.inbox.next()).text).toBe('last');
    expect(reasons.sort()).toEqual(['EACCES', 'EMSGSIZE']);
  });

  it('sends what was handed over before it was closed', async () => {
    const a = await transport();
    const b = await transport();
    a.transport.send(Buffer.from('goodbye'), '127.0.0.1', b.transport.local.port, null);
    await a.transport.close();
    expect((await b.inbox.next()).text).toBe('goodbye');
  });

  it('carries many messages at once and in order, and the largest whole', async () => {
    const a = await transport();
    const b = await transport();
    for (let i = 0; i < 100; i++)
      a.transport.send(Buffer.from(`message ${i}`), '127.0.0.1', b.transport.local.port, null);
    for (let i = 0; i < 100; i++) expect((await b.inbox.next()).text).toBe(`message ${i}`);
    const large = Buffer.alloc(65_507, 'x');
    a.transport.send(large, '127.0.0.1', b.transport.local.port, null);
    expect((await b.inbox.next()).text).toBe(large.toString());
  });

  it('tells of a message that is too long to leave', async () => {
    const { transport: t } = await transport();
    const reason = await new Promise((resolve) =>
      t.send(Buffer.alloc(65_508), '127.0.0.1', 9, { onTransportError: resolve }),
    );
    expect(reason).toBe('EMSGSIZE');
  });

  it('survives an empty datagram', async () => {
    const { transport: t, inbox } = await transport();
    const socket: Socket = createSocket('udp4');
    opened.push(socket);
    socket.send(Buffer.alloc(0), t.local.port, '127.0.0.1');
    socket.send(Buffer.from('after'), t.local.port, '127.0.0.1');
    expect((await inbox.next()).text).toBe('');
    expect((await inbox.next()).text).toBe('after');
  });

  it('says when its port is taken and when its address is not of this machine', async () => {
    const { transport: t } = await transport();
    await expect(transport(t.local.port)).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    await expect(transport(0, '192.0.2.1')).rejects.toThrow(AppError);
    await expect(transport(0, '192.0.2.1')).rejects.toMatchObject({
      code: 'ADDRESS_UNUSABLE',
      detail: { where: '192.0.2.1' },
    });
  });

  it('finds out by a probe that nobody listens', async () => {
    const { transport: t } = await transport();
    const closed = await transport();
    const { port } = closed.transport.local;
    await closed.transport.close();
    const reason = await new Promise((resolve) => t.probe({ address: '127.0.0.1', port }, resolve));
    expect(reason).toBe('ECONNREFUSED');
  });

  it('closes twice and hears nothing after it', async () => {
    const { transport: t, inbox } = await transport();
    await t.close();
    await t.close();
    t.send(Buffer.from('x'), '127.0.0.1', t.local.port, null);
    const other = await transport();
    other.transport.send(Buffer.from('y'), '127.0.0.1', t.local.port, null);
    let heard = false;
    void inbox.next().then(() => {
      heard = true;
    });
    other.transport.send(Buffer.from('z'), '127.0.0.1', other.transport.local.port, null);
    await other.inbox.next();
    expect(heard).toBe(false);
  });
});

describe('SIP over UDP', () => {
  it('takes the native transport on IPv4 and node:dgram on IPv6', async () => {
    const receiver = new Inbox();
    const four = await openUdp({ address: '127.0.0.1', port: 0, receiver }, systemClock);
    const six = await openUdp({ address: '::1', port: 0, receiver }, systemClock);
    expect(four).toBeInstanceOf(UdpNativeTransport);
    expect(six).toBeInstanceOf(UdpTransport);
    await Promise.all([four.close(), six.close()]);
  });
});
