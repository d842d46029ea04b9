import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AppError } from '../core/errors.js';
import type { Peer, Transport, TransportErrorListener, TransportReceiver } from './transport.js';

/** Bursts of thousands of calls must fit while the thread is busy; the system caps it at its own limit. */
const BUFFER_BYTES = 8 * 1024 * 1024;
/** How long a probe waits for an ICMP "port unreachable". */
const PROBE_MS = 250;
/** RFC 5626 4.4.1 keep-alive; RFC 3261 7.5 has a receiver ignore empty lines before a message. */
const KEEP_ALIVE = Buffer.from('\r\n\r\n');

/** Numeric addresses only: names were resolved before, so nothing has to wait for a resolver. */
const noLookup = ((host: string, ...rest: unknown[]): void => {
  const done = rest[rest.length - 1] as (error: Error | null, address: string, family: number) => void;
  done(null, host, isIPv6(host) ? 6 : 4);
}) as never;

/** SIP over UDP (RFC 3261 18) on one unconnected socket. */
export class UdpTransport implements Transport {
  readonly protocol = 'udp' as const;
  readonly reliable = false;
  readonly local: Peer;
  readonly advertised: Peer;

  private closing: Promise<void> | null = null;
  private readonly probes = new Set<Socket>();

  private constructor(
    private readonly socket: Socket,
    receiver: TransportReceiver,
    advertise: string | undefined,
  ) {
    const bound = socket.address();
    this.local = { address: bound.address, port: bound.port };
    this.advertised = { address: advertise ?? reachableAddress(bound.address), port: bound.port };
    socket.on('message', (data: Buffer, from: RemoteInfo) => receiver.onMessage(data, from));
    // Errors of sends reach their callbacks; what is left concerns no message of ours.
    socket.on('error', () => {});
  }

  /** Binds; port 0 takes a free one. Fails with `PORT_TAKEN` or `ADDRESS_UNUSABLE`. */
  static open(options: {
    address: string;
    port: number;
    advertise?: string;
    receiver: TransportReceiver;
  }): Promise<UdpTransport> {
    const { address, port, advertise, receiver } = options;
    const where = `${address}:${port}`;
    return new Promise((resolve, reject) => {
      let socket: Socket;
      const fail = (cause: NodeJS.ErrnoException): void => {
        if (cause.code === 'EADDRINUSE') {
          const hint = 'choose another port, or 0 for any free one';
          reject(
            new AppError('PORT_TAKEN', `SIP port ${where} is taken`, { where, found: cause.message, hint, cause }),
          );
          return;
        }
        const hint = 'the address must belong to this machine; ports below 1024 need privileges';
        reject(
          new AppError('ADDRESS_UNUSABLE', `SIP cannot use ${where}`, { where, found: cause.message, hint, cause }),
        );
      };
      try {
        socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup: noLookup });
        socket.once('error', (error) => {
          socket.close();
          fail(error);
        });
        socket.bind({ address, port, exclusive: true }, () => {
          socket.removeAllListeners('error');
          growBuffers(socket);
          resolve(new UdpTransport(socket, receiver, advertise));
        });
      } catch (error) {
        fail(error as NodeJS.ErrnoException);
      }
    });
  }

  send(message: Buffer, address: string, port: number, onError: TransportErrorListener | null): void {
    if (this.closing) return;
    try {
      this.socket.send(message, port, address, (error) => {
        if (error) onError?.onTransportError((error as NodeJS.ErrnoException).code ?? error.message);
      });
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      if (onError) queueMicrotask(() => onError.onTransportError(reason));
    }
  }

  /** An unconnected socket never hears of ICMP errors on Linux; a connected one does. */
  probe(peer: Peer, onRefused: (reason: string) => void): void {
    if (this.closing) return;
    const socket = createSocket({ type: isIPv6(peer.address) ? 'udp6' : 'udp4', lookup: noLookup });
    this.probes.add(socket);
    const end = (): void => {
      clearTimeout(timer);
      if (this.probes.delete(socket)) socket.close();
    };
    const timer = setTimeout(end, PROBE_MS);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const live = this.probes.has(socket);
      end();
      if (live && error.code === 'ECONNREFUSED') onRefused('ECONNREFUSED');
    });
    socket.connect(peer.port, peer.address, () => {
      // The ICMP answer to the first datagram is reported by the socket's next operation.
      socket.send(KEEP_ALIVE, () => {});
      setTimeout(() => {
        if (this.probes.has(socket)) socket.send(KEEP_ALIVE, (error) => error && socket.emit('error', error));
      }, PROBE_MS / 5);
    });
  }

  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      for (const socket of this.probes) socket.close();
      this.probes.clear();
      this.socket.close(() => resolve());
    });
    return this.closing;
  }
}

function growBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
  } catch {
    // The system's own size has to do.
  }
}

/** A wildcard address cannot be written into a Contact: takes the first address that others can reach. */
function reachableAddress(bound: string): string {
  if (bound !== '0.0.0.0' && bound !== '::') return bound;
  const family = bound === '::' ? 'IPv6' : 'IPv4';
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) if (!entry.internal && entry.family === family) return entry.address;
  }
  return bound === '::' ? '::1' : '127.0.0.1';
}
