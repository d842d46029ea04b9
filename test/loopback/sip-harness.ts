import { createSocket, type Socket } from 'node:dgram';
import { connectEmbedded, type DrachtioConnection } from '../../src/drachtio/connect.js';
import type { SipTimers } from '../../src/sip/timer-values.js';
import type { UserAgentOptions } from '../../src/sip/user-agent.js';

export const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 4000 RTP/AVP 0',
  'a=sendrecv',
  '',
].join('\r\n');

/** Quick enough for a test, slow enough for a busy machine. */
export const QUICK: Partial<SipTimers> = { t1Ms: 40, t2Ms: 160, t4Ms: 200 };

/** What must be closed after a test. */
export class Harness {
  readonly fatal: Error[] = [];
  private readonly closers: (() => Promise<void>)[] = [];

  async endpoint(
    timers?: Partial<SipTimers>,
    options: Partial<UserAgentOptions> = {},
  ): Promise<DrachtioConnection & { port: number }> {
    const connection = await connectEmbedded({
      address: '127.0.0.1',
      port: 0,
      timers,
      ...options,
      onFatal: (error) => this.fatal.push(error),
    });
    this.closers.push(() => connection.close());
    return Object.assign(connection, { port: connection.sip!.port });
  }

  /** A bare UDP socket that plays the other side by hand. */
  async peer(): Promise<RawPeer> {
    const peer = await RawPeer.open();
    this.closers.push(() => peer.close());
    return peer;
  }

  async proxy(target: number, drop: (text: string, toTarget: boolean) => boolean): Promise<number> {
    const proxy = await lossyProxy(target, drop);
    this.closers.push(proxy.close);
    return proxy.port;
  }

  /** Something of the test's own that must be closed. */
  closing(close: () => Promise<void>): void {
    this.closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
  }
}

/** What has not come by then does not come. */
const LONGEST_WAIT_MS = 40_000;

/** Resolves once `condition` holds; throws where it does not in time, and says how things stand then. */
export async function until(condition: () => boolean, state?: () => unknown): Promise<void> {
  const endMs = performance.now() + LONGEST_WAIT_MS;
  while (!condition()) {
    if (performance.now() > endMs)
      throw new Error(`waited for ${LONGEST_WAIT_MS} ms in vain: ${condition} ${JSON.stringify(state?.())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const peer = await RawPeer.open();
  const { port } = peer;
  await peer.close();
  return port;
}

export class RawPeer {
  readonly received: string[] = [];
  private constructor(
    private readonly socket: Socket,
    readonly port: number,
  ) {
    socket.on('message', (data) => this.received.push(data.toString('latin1')));
  }

  static open(): Promise<RawPeer> {
    return new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => resolve(new RawPeer(socket, socket.address().port)));
    });
  }

  send(text: string, port: number): void {
    this.socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1');
  }

  /** The first message received that starts so. */
  async message(start: string, index = 0): Promise<string> {
    const found = (): string | undefined => this.received.filter((text) => text.startsWith(start))[index];
    await until(() => found() !== undefined);
    return found()!;
  }

  count(start: string): number {
    return this.received.filter((text) => text.startsWith(start)).length;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}

/** The value of a header in a message's text. */
export function headerIn(text: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(text)?.[1].trim() ?? '';
}

/** A response to a request as a plain peer would write it. */
export function reply(request: string, status: string, toTag: string, extra = '', body = ''): string {
  const to = headerIn(request, 'To');
  const vias = request.split('\r\n').filter((line) => /^via:/i.test(line));
  return [
    `SIP/2.0 ${status}`,
    ...vias,
    `From: ${headerIn(request, 'From')}`,
    `To: ${toTag && !to.includes('tag=') ? `${to};tag=${toTag}` : to}`,
    `Call-ID: ${headerIn(request, 'Call-ID')}`,
    `CSeq: ${headerIn(request, 'CSeq')}`,
    ...(extra ? [extra] : []),
    ...(body ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** A UDP relay that loses what it is told to: one socket to each side, both learned from the first packet. */
function lossyProxy(
  target: number,
  drop: (text: string, toTarget: boolean) => boolean,
): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve) => {
    const front = createSocket('udp4');
    const back = createSocket('udp4');
    let caller = 0;
    front.on('message', (data, from) => {
      caller = from.port;
      if (!drop(data.toString('latin1'), true)) back.send(data, target, '127.0.0.1');
    });
    back.on('message', (data) => {
      if (!drop(data.toString('latin1'), false)) front.send(data, caller, '127.0.0.1');
    });
    back.bind(0, '127.0.0.1', () =>
      front.bind(0, '127.0.0.1', () =>
        resolve({
          port: front.address().port,
          close: async () => {
            front.close();
            back.close();
          },
        }),
      ),
    );
  });
}
