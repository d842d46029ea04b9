import type { Socket } from 'node:net';
import { type FrameSink, StreamFramer, type StreamLimits } from './framing.js';
import type { TransportErrorListener } from './transport.js';

/** RFC 5626 4.4.1: asks for a sign of life. */
const PING = Buffer.from('\r\n\r\n');
const PONG = Buffer.from('\r\n');
/** How much may wait for a peer that does not read. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;

/** How long a connection may take for what, in ms. */
export interface StreamTimes {
  /** Until a connection is there, its TLS handshake included. */
  connectMs: number;
  /** From the first byte of a message to its last. */
  messageMs: number;
  /** Without any traffic; closed then. */
  idleMs: number;
  /** Between pings on connections that we opened; `null`: none, since only RFC 5626 peers answer them. */
  keepAliveMs: number | null;
  /** For the answer to a ping (RFC 5626 4.4.1). */
  pongMs: number;
}

export const STREAM_TIMES: StreamTimes = {
  connectMs: 10_000,
  messageMs: 10_000,
  idleMs: 600_000,
  keepAliveMs: null,
  pongMs: 10_000,
};

/** What a connection tells the transport it belongs to. */
export interface ConnectionOwner {
  onFrame(connection: StreamConnection, message: Buffer): void;
  onClosed(connection: StreamConnection, reason: string): void;
  now(): number;
}

/** One TCP or TLS connection: its socket, the message it is in the middle of, and the times that it has to keep. */
export class StreamConnection implements FrameSink {
  ready = false;
  /** What its far end had to prove to be, where that was a name. */
  name: string | undefined;
  closed = false;
  /** What ended it was a breach of the limits, not the peer's or the network's doing. */
  breach: 'framing' | 'unfinished' | 'handshake' | 'unread' | null = null;

  private readonly framer: StreamFramer;
  /** Messages that wait for the connection: each is told when there will be none. */
  private waiting: TransportErrorListener[] = [];
  private readonly startedMs: number;
  private activeMs: number;
  private unfinishedMs: number | null = null;
  private pingMs: number | null = null;
  private emptyLines = 0;
  private corked = false;

  constructor(
    readonly id: number,
    readonly address: string,
    readonly port: number,
    /** Whether we opened it. */
    readonly opened: boolean,
    private readonly socket: Socket,
    private readonly owner: ConnectionOwner,
    limits: StreamLimits,
    private readonly times: StreamTimes,
  ) {
    this.framer = new StreamFramer(limits);
    this.startedMs = owner.now();
    this.activeMs = this.startedMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => this.end(errorName(error)));
    socket.on('close', () => this.end('connection closed'));
  }

  /** It is connected and, with TLS, verified. */
  begin(): void {
    if (this.closed) return;
    this.ready = true;
    this.waiting = [];
    this.activeMs = this.owner.now();
  }

  send(message: Buffer, onError: TransportErrorListener | null): void {
    if (this.closed) return;
    if (!this.ready && onError) this.waiting.push(onError);
    this.activeMs = this.owner.now();
    // Messages of one turn leave together.
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
      process.nextTick(() => {
        this.corked = false;
        this.socket.uncork();
      });
    }
    this.socket.write(message);
    if (this.socket.writableLength > MAX_UNSENT_BYTES) {
      this.breach = 'unread';
      this.end('the peer does not read');
    }
  }

  /** Holds it to its times. */
  check(nowMs: number): void {
    const { times } = this;
    if (!this.ready) {
      if (nowMs - this.startedMs < times.connectMs) return;
      if (!this.opened) this.breach = 'handshake';
      this.end('ETIMEDOUT');
    } else if (this.unfinishedMs !== null && nowMs - this.unfinishedMs >= times.messageMs) {
      this.breach = 'unfinished';
      this.end('a message never ended');
    } else if (this.pingMs !== null) {
      if (nowMs - this.pingMs >= times.pongMs) this.end('no answer to a keep-alive');
    } else if (nowMs - this.activeMs >= times.idleMs) this.end('idle');
    else if (this.opened && times.keepAliveMs !== null && nowMs - this.activeMs >= times.keepAliveMs) {
      this.pingMs = nowMs;
      this.socket.write(PING);
    }
  }

  onFrame(message: Buffer): void {
    this.emptyLines = 0;
    if (!this.closed) this.owner.onFrame(this, message);
  }

  onEmptyLine(): void {
    if (this.pingMs !== null) {
      this.pingMs = null;
      return;
    }
    if (++this.emptyLines < 2 || this.closed) return;
    this.emptyLines = 0;
    this.socket.write(PONG);
    if (this.socket.writableLength > MAX_UNSENT_BYTES) {
      this.breach = 'unread';
      this.end('the peer does not read');
    }
  }

  /** Ends it and tells whoever waits; what was written before still leaves. */
  end(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    if (reason === 'closed by us' && this.ready) this.socket.destroySoon();
    else this.socket.destroy();
    const { waiting } = this;
    this.waiting = [];
    this.owner.onClosed(this, reason);
    for (const listener of waiting) listener.onTransportError(reason);
  }

  private receive(chunk: Buffer): void {
    if (this.closed) return;
    const nowMs = this.owner.now();
    this.activeMs = nowMs;
    const wasUnfinished = this.framer.unfinished;
    let framed = false;
    const fault = this.framer.push(chunk, {
      onFrame: (message) => {
        framed = true;
        this.onFrame(message);
      },
      onEmptyLine: () => this.onEmptyLine(),
    });
    if (fault !== null) {
      this.breach = 'framing';
      this.end(fault);
      return;
    }
    if (!this.framer.unfinished) this.unfinishedMs = null;
    else if (!wasUnfinished || framed) this.unfinishedMs = nowMs;
  }
}

/** What went wrong, by the stable code of the system or of the TLS library, which holds nothing of the peer's. */
function errorName(error: NodeJS.ErrnoException): string {
  return error.code ?? 'connection failed';
}
