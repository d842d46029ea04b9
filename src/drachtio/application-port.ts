import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../core/errors.js';
import type { EmbeddedServer } from './embedded-server.js';

/** How long a connection may stay without having authenticated. */
const AUTHENTICATE_MS = 5000;
/** How long a connection that we ended may take to end on its side. */
const LINGER_MS = 1000;
/** Applications at once; further connections are closed and counted. */
const MAX_APPLICATIONS = 1024;

/** Connections since the start, by what became of them. */
export interface ApplicationCounts {
  accepted: number;
  /** Closed at once because there were too many. */
  refused: number;
  /** Ended without ever having given the secret. */
  strangers: number;
}

/** The TCP port at which applications find the embedded server, as they find a drachtio server at 9022. */
export class ApplicationPort {
  readonly counts: ApplicationCounts = { accepted: 0, refused: 0, strangers: 0 };
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly listener: Server,
    private readonly server: EmbeddedServer,
    private readonly authenticateMs: number,
  ) {
    listener.on('connection', (socket) => this.accept(socket));
    listener.on('drop', () => {
      this.counts.refused++;
    });
  }

  /** Listens; port 0 takes a free one. Fails with `PORT_TAKEN` or `ADDRESS_UNUSABLE`. */
  static open(options: {
    host: string;
    port: number;
    server: EmbeddedServer;
    authenticateMs?: number;
    maxApplications?: number;
  }): Promise<ApplicationPort> {
    const { host, port, server, authenticateMs = AUTHENTICATE_MS, maxApplications = MAX_APPLICATIONS } = options;
    return new Promise((resolve, reject) => {
      const listener = createServer({ noDelay: true, keepAlive: true });
      listener.maxConnections = maxApplications;
      listener.once('error', (cause: NodeJS.ErrnoException) => reject(listenFault(host, port, cause)));
      listener.listen({ host, port, exclusive: true }, () => {
        listener.removeAllListeners('error');
        resolve(new ApplicationPort(listener, server, authenticateMs));
      });
    });
  }

  get local(): { address: string; port: number } {
    return this.listener.address() as { address: string; port: number };
  }

  /** Ends every connection and stops listening. */
  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.listener.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    this.counts.accepted++;
    const session = this.server.accept(socket);
    const impatience = setTimeout(() => {
      if (!session.isAuthenticated) socket.destroy();
    }, this.authenticateMs);
    // The refusal that we ended it with is to arrive, but nobody keeps a connection by never ending it.
    socket.on('finish', () => setTimeout(() => socket.destroy(), LINGER_MS).unref());
    socket.on('close', () => {
      clearTimeout(impatience);
      if (!session.isAuthenticated) this.counts.strangers++;
      this.sockets.delete(socket);
    });
  }
}

function listenFault(host: string, port: number, cause: NodeJS.ErrnoException): AppError {
  const where = `${host}:${port}`;
  if (cause.code === 'EADDRINUSE')
    return new AppError('PORT_TAKEN', `The port for applications, ${port}, is taken`, {
      where,
      hint: 'Give another one with --port, or stop the drachtio-server that has it.',
      cause,
    });
  return new AppError('ADDRESS_UNUSABLE', `Applications cannot be awaited at ${where}`, {
    where,
    found: cause.code ?? cause.message,
    hint: 'Give an address of this machine, and a port that this user may open.',
    cause,
  });
}
