import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { StreamFramer } from '../../src/sip/framing.js';
import { hostPort } from '../../src/sip/uri.js';
import { type Place, requestText } from './corpus.js';
import { reframed } from './mutators.js';
import type { Listener, Rig } from './rig.js';

/** So long the server may take for a probe, in real time, before it counts as dead. */
const PROBE_MS = 20_000;
/** More than this at once might not fit the server's receive buffer. */
const UNREAD_BYTES = 120_000;

/** A way of the fuzzer to the server, over one of its transports. */
export abstract class Link {
  /** What the server sent here since it was last looked at. */
  inbox: string[] = [];
  readonly name: string;
  abstract readonly isStream: boolean;
  /** Requests of the fuzzer's own that were to be answered. */
  probes = 0;

  constructor(
    protected readonly rig: Rig,
    readonly target: Listener,
  ) {
    this.name = `${target.protocol}${target.address === '::1' ? '6' : '4'}`;
  }

  /** The port that the server sees. */
  abstract get port(): number;

  get place(): Place {
    const { protocol, address, port } = this.target;
    return { protocol: protocol.toUpperCase(), here: hostPort(address, this.port), server: hostPort(address, port) };
  }

  /** Sends messages, and returns when the server has dealt with all of them. */
  abstract send(messages: readonly string[]): Promise<void>;
  abstract close(): Promise<void>;

  /** The server closed what was idle while its clock leapt. */
  async renew(): Promise<void> {}

  /** A request that the server must answer, whatever was sent before. */
  protected probeText(): { callId: string; text: string } {
    const callId = `probe-${this.name}-${this.probes++}`;
    const names = { callId, fromTag: 'probe', toTag: '', branch: `z9hG4bK-${callId}`, cseq: 1 };
    return { callId, text: requestText('OPTIONS', 'probe', this.place, names) };
  }

  protected take(text: string): void {
    this.inbox.push(text);
  }

  protected answered(callId: string): boolean {
    return this.inbox.some((text) => text.includes(`Call-ID: ${callId}\r\n`) && text.includes('SIP/2.0 200'));
  }

  protected async until(condition: () => boolean): Promise<void> {
    const start = process.hrtime.bigint();
    while (!condition()) {
      await new Promise((resolve) => setImmediate(resolve));
      if (process.hrtime.bigint() - start > BigInt(PROBE_MS) * 1_000_000n)
        throw new Error(`${this.name}: the server does not answer any more`);
    }
  }
}

export class UdpLink extends Link {
  readonly isStream = false;

  private constructor(
    rig: Rig,
    target: Listener,
    private readonly socket: UdpSocket,
  ) {
    super(rig, target);
    socket.on('message', (data) => this.take(data.toString('latin1')));
    socket.on('error', () => {});
  }

  static async open(rig: Rig, target: Listener): Promise<UdpLink> {
    const socket = createSocket(target.address === '::1' ? 'udp6' : 'udp4');
    socket.bind(0, target.address);
    await once(socket, 'listening');
    socket.setRecvBufferSize(4 * 1024 * 1024);
    rig.tap.ports.add(socket.address().port);
    return new UdpLink(rig, target, socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  async send(messages: readonly string[]): Promise<void> {
    let unread = 0;
    for (const message of messages) {
      if (unread > 0 && unread + message.length > UNREAD_BYTES) {
        await this.probe();
        unread = 0;
      }
      this.write(message);
      unread += message.length;
    }
    await this.probe();
  }

  async close(): Promise<void> {
    this.rig.tap.ports.delete(this.port);
    this.socket.close();
    await once(this.socket, 'close');
  }

  private write(text: string): void {
    const { address, port } = this.target;
    this.socket.send(Buffer.from(text, 'latin1'), port, address);
  }

  private async probe(): Promise<void> {
    const { callId, text } = this.probeText();
    this.write(text);
    await this.until(() => this.answered(callId));
  }
}

export class StreamLink extends Link {
  readonly isStream = true;

  private constructor(
    rig: Rig,
    target: Listener,
    private socket: Socket,
    /** Of messages whose framing is broken: each of those costs a connection. */
    private readonly brokenRatio: number,
    private readonly draw: () => number,
  ) {
    super(rig, target);
    this.adopt(socket);
  }

  static async open(rig: Rig, target: Listener, brokenRatio: number, draw: () => number): Promise<StreamLink> {
    return new StreamLink(rig, target, await dial(target), brokenRatio, draw);
  }

  get port(): number {
    return this.socket.localPort ?? 0;
  }

  async send(messages: readonly string[]): Promise<void> {
    for (const message of messages) {
      const text = this.draw() < this.brokenRatio ? message : reframed(message);
      if (isOneFrame(text)) this.socket.write(Buffer.from(text, 'latin1'));
      else await this.sendAlone(text);
    }
    const { callId, text } = this.probeText();
    this.socket.write(text);
    await this.until(() => this.socket.destroyed || this.answered(callId));
    if (!this.socket.destroyed) return;
    // A message broke a limit that the framer here does not know; what was before it has been dealt with.
    await this.renew();
  }

  override async renew(): Promise<void> {
    this.socket.destroy();
    this.adopt(await dial(this.target));
    await this.send([]);
  }

  async close(): Promise<void> {
    this.rig.tap.ports.delete(this.port);
    this.socket.destroy();
    await this.until(() => this.socket.destroyed);
  }

  /** Over a connection of its own: the server closes it, or we do after the last byte. */
  private async sendAlone(text: string): Promise<void> {
    const socket = await dial(this.target);
    this.listen(socket);
    socket.end(Buffer.from(text, 'latin1'));
    await this.until(() => socket.destroyed);
  }

  private adopt(socket: Socket): void {
    this.rig.tap.ports.delete(this.port);
    this.socket = socket;
    this.rig.tap.ports.add(this.port);
    this.listen(socket);
  }

  private listen(socket: Socket): void {
    const framer = new StreamFramer();
    const sink = { onFrame: (message: Buffer) => this.take(message.toString('latin1')), onEmptyLine: () => {} };
    socket.on('data', (data: Buffer) => {
      const fault = framer.push(data, sink);
      if (fault !== null) this.rig.failures.push(`${this.name}: the server's own stream is broken: ${fault}`);
    });
    socket.on('error', () => {});
  }
}

async function dial({ protocol, address, port }: Listener): Promise<Socket> {
  const socket =
    protocol === 'tls'
      ? connectTls({ host: address, port, rejectUnauthorized: false })
      : connect({ host: address, port, noDelay: true });
  await once(socket, protocol === 'tls' ? 'secureConnect' : 'connect');
  return socket;
}

/** Whether a stream is in step after these bytes. */
function isOneFrame(text: string): boolean {
  const framer = new StreamFramer();
  let frames = 0;
  const fault = framer.push(Buffer.from(text, 'latin1'), { onFrame: () => frames++, onEmptyLine: () => frames++ });
  return fault === null && frames === 1 && !framer.unfinished;
}
