import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Peer } from './transport.js';

/** How long a probe waits for an ICMP "port unreachable". */
const PROBE_MS = 250;
/** RFC 5626 4.4.1 keep-alive; RFC 3261 7.5 has a receiver ignore empty lines before a message. */
const KEEP_ALIVE = Buffer.from('\r\n\r\n');

/** Numeric addresses only: names were resolved before, so nothing has to wait for a resolver. */
export const noLookup = ((host: string, ...rest: unknown[]): void => {
  const done = rest[rest.length - 1] as (error: Error | null, address: string, family: number) => void;
  done(null, host, isIPv6(host) ? 6 : 4);
}) as never;

/** Asks whether anybody listens at a UDP port. An unconnected socket never hears of ICMP errors; a connected one does. */
export class RefusalProbe {
  private readonly sockets = new Set<Socket>();

  /** `onRefused` is called when surely nobody listens there. */
  probe(peer: Peer, onRefused: (reason: string) => void): void {
    const socket = createSocket({ type: isIPv6(peer.address) ? 'udp6' : 'udp4', lookup: noLookup });
    this.sockets.add(socket);
    const end = (): void => {
      clearTimeout(timer);
      if (this.sockets.delete(socket)) socket.close();
    };
    const timer = setTimeout(end, PROBE_MS);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const live = this.sockets.has(socket);
      end();
      if (live && error.code === 'ECONNREFUSED') onRefused('ECONNREFUSED');
    });
    socket.connect(peer.port, peer.address, () => {
      // The ICMP answer to the first datagram is reported by the socket's next operation.
      socket.send(KEEP_ALIVE, () => {});
      setTimeout(() => {
        if (this.sockets.has(socket)) socket.send(KEEP_ALIVE, (error) => error && socket.emit('error', error));
      }, PROBE_MS / 5);
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
    this.sockets.clear();
  }
}
