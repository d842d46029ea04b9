import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { NgEngine } from './engine.js';
import { listenError } from './listen-error.js';
import { MessageSplitter } from './message-splitter.js';

/** Controllers that may be connected at a time. */
const MAX_CONNECTIONS = 256;
/** Answers that wait for a controller that does not read them; beyond, it is let go. */
const MAX_UNREAD_BYTES = 1 << 22;
/** How long the rest of a message is waited for. */
const INCOMPLETE_TIMEOUT_MS = 10_000;

/** Connections so far, by what became of them. */
export interface TcpCounts {
  accepted: number;
  /** Closed by us: not the protocol, too slow with the rest of a message, not reading. */
  malformed: number;
  incomplete: number;
  unread: number;
}

/** The ng protocol over TCP: the messages of a connection one behind the other, answers as they are ready. */
export class TcpControl {
  readonly counts: TcpCounts = { accepted: 0, malformed: 0, incomplete: 0, unread: 0 };
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly engine: NgEngine,
  ) {
    server.maxConnections = MAX_CONNECTIONS;
    server.on('connection', (socket) => this.serve(socket));
  }

  /** Rejects with an AppError: `PORT_TAKEN`, `ADDRESS_UNUSABLE`. */
  static async open(host: string, port: number, engine: NgEngine): Promise<TcpControl> {
    const server = createServer();
    try {
      const bound = once(server, 'listening');
      server.listen({ host, port, exclusive: true });
      await bound;
    } catch (error) {
      throw listenError('TCP', host, port, error as NodeJS.ErrnoException);
    }
    return new TcpControl(server, engine);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.sockets.size;
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    const { counts, engine, sockets } = this;
    const splitter = new MessageSplitter();
    const address = socket.remoteAddress ?? '';
    counts.accepted++;
    sockets.add(socket);
    socket.setNoDelay(true);
    const letGo = (cause: 'malformed' | 'incomplete' | 'unread'): void => {
      if (socket.destroyed) return;
      counts[cause]++;
      socket.destroy();
    };
    let waiting: NodeJS.Timeout | null = null;
    const answer = (text: Buffer): void => {
      if (socket.destroyed) return;
      socket.write(text);
      if (socket.writableLength > MAX_UNREAD_BYTES) letGo('unread');
    };
    socket.on('data', (bytes) => {
      let messages = 0;
      const isOfProtocol = splitter.take(bytes, (message) => {
        messages++;
        engine.take(message, address, answer);
      });
      // The time of a message runs from its first byte, however many pieces follow.
      if (waiting !== null && (messages > 0 || !splitter.isWithin)) {
        clearTimeout(waiting);
        waiting = null;
      }
      if (splitter.isWithin) waiting ??= setTimeout(() => letGo('incomplete'), INCOMPLETE_TIMEOUT_MS).unref();
      if (!isOfProtocol) letGo('malformed');
    });
    // A controller that breaks off is its own affair; its calls go on.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      if (waiting) clearTimeout(waiting);
    });
  }
}
