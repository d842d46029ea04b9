import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../core/errors.js';
import type { EmbeddedServer } from './embedded-server.js';

/** How long a connection may stay without having authenticated. */
const AUTHENTICATE_MS = 5000;

/** The TCP port at which applications find the embedded server, as they find a drachtio server at 9022. */
export class ApplicationPort {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly listener: Server,
    private readonly server: EmbeddedServer,
    private readonly authenticateMs: number,
  ) {
    listener.on('connection', (socket) => this.accept(socket));
  }

  /** Listens; port 0 takes a free one. Fails with `PORT_TAKEN` or `ADDRESS_UNUSABLE`. */
  static open(options: {
    host: string;
    port: number;
    server: EmbeddedServer;
    authenticateMs?: number;
  }): Promise<ApplicationPort> {
    const { host, port, server, authenticateMs = AUTHENTICATE_MS } = options;
    return new Promise((resolve, reject) => {
      const listener = createServer({ noDelay: true, keepAlive: true });
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
    const session = this.server.accept(socket);
    const impatience = setTimeout(() => {
      if (!session.isAuthenticated) socket.destroy();
    }, this.authenticateMs);
    socket.on('close', () => {
      clearTimeout(impatience);
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
