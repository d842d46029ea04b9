import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { systemClock } from '../core/clock.js';
import { addressFault, reachableAddress } from './local-address.js';
import { noLookup, RefusalProbe } from './refusal-probe.js';
import type { Peer, Transport, TransportErrorListener, TransportReceiver } from './transport.js';

/** Bursts of thousands of calls must fit while the thread is busy; the system caps it at its own limit. */
const BUFFER_BYTES = 8 * 1024 * 1024;
/** SIP over UDP (RFC 3261 18) on one unconnected socket of node:dgram: where the native one cannot be, and for IPv6. */
export class UdpTransport implements Transport {
  readonly protocol = 'udp' as const;
  readonly reliable = false;
  readonly local: Peer;
  readonly advertised: Peer;

  private closing: Promise<void> | null = null;
  private readonly probes = new RefusalProbe();

  private constructor(
    private readonly socket: Socket,
    receiver: TransportReceiver,
    advertise: string | undefined,
  ) {
    const bound = socket.address();
    this.local = { address: bound.address, port: bound.port };
    this.advertised = { address: advertise ?? reachableAddress(bound.address), port: bound.port };
    socket.on('message', (data: Buffer, from: RemoteInfo) =>
      receiver.onMessage(data, { address: from.address, port: from.port, transport: this }, systemClock.now()),
    );
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
    return new Promise((resolve, reject) => {
      let socket: Socket;
      const fail = (cause: NodeJS.ErrnoException): void => {
        reject(addressFault(address, port, cause.code ?? cause.message, cause));
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

  probe(peer: Peer, onRefused: (reason: string) => void): void {
    if (!this.closing) this.probes.probe(peer, onRefused);
  }

  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      this.probes.close();
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
