import type { Clock } from '../core/clock.js';
import { AppError } from '../core/errors.js';
import type { StreamLimits } from './framing.js';
import type { StreamTimes } from './stream-connection.js';
import { StreamTransport, type TlsOptions } from './stream-transport.js';
import type { TransportReceiver } from './transport.js';
import { TransportSet } from './transport-set.js';
import { openUdp } from './udp.js';

/** A local address at which a user agent is reached. */
export interface LocalEndpoint {
  protocol: 'udp' | 'tcp' | 'tls';
  address: string;
  /** 0 takes a free one. */
  port: number;
  /** What goes into Via and Contact instead of `address`. */
  advertise?: string;
}

export interface TransportOptions {
  address: string;
  /** Of UDP and TCP alike, as carriers listen; 0 takes one that is free for both. */
  port: number;
  /** What goes into Via and Contact instead of `address`. */
  advertise?: string;
  /** The first one is what a URI that asks for none gets. */
  protocols?: readonly ('udp' | 'tcp')[];
  /** SIP over TLS as well, at a port of its own: 5061 beside 5060 (RFC 3261 19.1.2), any where `port` is 0. */
  tls?: TlsOptions & { port?: number };
  /** Further addresses and ports. */
  also?: readonly LocalEndpoint[];
  limits?: Partial<StreamLimits>;
  times?: Partial<StreamTimes>;
  /** Where a thread sends the datagrams of the UDP port that are due later (`DepartureRing`). */
  departures?: SharedArrayBuffer;
}

/** A port free for UDP may be taken for TCP: another is taken then, so often. */
const ATTEMPTS = 20;

/** Opens all or none. @throws AppError PORT_TAKEN, ADDRESS_UNUSABLE, TLS_UNUSABLE */
export async function openTransports(
  options: TransportOptions,
  receiver: TransportReceiver,
  clock: Clock,
): Promise<TransportSet> {
  const { address, port, advertise, protocols = ['udp', 'tcp'], tls, also = [], limits, times, departures } = options;
  const openOne = (set: TransportSet, { protocol, ...where }: LocalEndpoint & Pick<TransportOptions, 'departures'>) =>
    (protocol === 'udp'
      ? openUdp({ ...where, receiver }, clock)
      : StreamTransport.open({ ...where, protocol, tls, receiver, clock, limits, times })
    ).then((transport) => set.add(transport));
  for (let attempt = 1; ; attempt++) {
    const set = new TransportSet();
    try {
      for (const protocol of protocols)
        await openOne(set, {
          protocol,
          address,
          port: set.all.length > 0 ? set.first.local.port : port,
          advertise,
          departures,
        });
      const tlsPort = tls?.port ?? (port === 0 ? 0 : port + 1);
      if (tls) await openOne(set, { protocol: 'tls', address, port: tlsPort, advertise });
      for (const endpoint of also) await openOne(set, endpoint);
      return set;
    } catch (error) {
      const bound = set.all.length;
      await set.close();
      const another = port === 0 && bound > 0 && bound < protocols.length && attempt < ATTEMPTS;
      if (!(another && error instanceof AppError && error.code === 'PORT_TAKEN')) throw error;
    }
  }
}
