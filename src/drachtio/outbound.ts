import { connect, type Socket } from 'node:net';
import type { EmbeddedServer } from './embedded-server.js';
import type { Session } from './session.js';

/** Where an application awaits connections (`srf.listen`). */
export interface ApplicationAddress {
  host: string;
  port: number;
}

/** How long an application may take to accept a connection and authenticate on it. */
const READY_MS = 5000;

/**
 * Connects to an application, which authenticates as if it had connected itself; `null` when it is not there, gives a
 * wrong secret, or takes too long.
 */
export function connectOut(
  server: EmbeddedServer,
  { host, port }: ApplicationAddress,
  done: (session: Session | null) => void,
): Socket {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  const settle = (session: Session | null): void => {
    if (settled) return;
    settled = true;
    clearTimeout(impatience);
    if (session === null) socket.destroy();
    done(session);
  };
  let settled = false;
  const impatience = setTimeout(() => settle(null), READY_MS);
  const session = server.accept(socket);
  session.onAuthenticated = () => settle(session);
  socket.on('error', () => settle(null));
  socket.on('close', () => settle(null));
  return socket;
}
