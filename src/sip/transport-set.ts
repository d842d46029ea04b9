import { isIPv6 } from 'node:net';
import type { Reach } from './next-hop.js';
import { addStreamCounts, emptyStreamCounts, type StreamCounts } from './stats.js';
import type { Protocol, Transport } from './transport.js';
import { hostPort } from './uri.js';

/** All transports of one user agent: several protocols, addresses and ports at once. */
export class TransportSet {
  private readonly transports: Transport[] = [];
  private readonly sentBys = new Map<Transport, string>();
  /** Start of our Via, up to the branch. */
  private readonly viaStarts = new Map<Transport, string>();
  private reached: Reach = { transports: [], families: [] };

  /** The first one: what is taken where nothing else is said. */
  get first(): Transport {
    return this.transports[0];
  }

  get all(): readonly Transport[] {
    return this.transports;
  }

  /** The protocols and address families that there are, in the order in which they were added. */
  get reach(): Reach {
    return this.reached;
  }

  add(transport: Transport): void {
    this.transports.push(transport);
    const { address, port } = transport.advertised;
    const sentBy = hostPort(address, port);
    this.sentBys.set(transport, sentBy);
    this.viaStarts.set(transport, viaStart(transport, sentBy));
    this.reached = {
      transports: [...new Set(this.transports.map(({ protocol }) => protocol))],
      families: [...new Set(this.transports.map(({ local }) => (isIPv6(local.address) ? 6 : 4)))],
    };
  }

  /** The first transport of that protocol that reaches the address' family; any address where none is given. */
  find(protocol: Protocol, address?: string): Transport | null {
    for (const transport of this.transports) {
      if (transport.protocol !== protocol) continue;
      if (address === undefined || isIPv6(address) === isIPv6(transport.local.address)) return transport;
    }
    return null;
  }

  /** `host:port` under which others reach a transport. */
  sentBy(transport: Transport): string {
    return this.sentBys.get(transport) ?? hostPort(transport.advertised.address, transport.advertised.port);
  }

  /** The value of a Via of ours over that transport (RFC 3261 18.1.1, RFC 3581). */
  via(transport: Transport, branch: string): string {
    return (this.viaStarts.get(transport) ?? viaStart(transport, this.sentBy(transport))) + branch;
  }

  /**
   * A Contact URI by which a transport is reached; UDP needs no parameter. `secure`: for a request to a SIPS URI, whose
   * Contact is one, too (RFC 3261 8.1.1.8, 12.1.1). A transport that none can connect to is reached by the first one.
   */
  contact(via: Transport, secure = false): string {
    if (secure && via.protocol === 'tls') return `sips:${this.sentBy(via)}`;
    const transport = via.callsOnly ? this.first : via;
    const { protocol } = transport;
    const uri = `sip:${this.sentBy(transport)}`;
    return protocol === 'udp' ? uri : `${uri};transport=${protocol}`;
  }

  /** The connections of all transports together. */
  streamCounts(): StreamCounts {
    const sum = emptyStreamCounts();
    for (const { counts } of this.transports) if (counts) addStreamCounts(sum, counts);
    return sum;
  }

  async close(): Promise<void> {
    await Promise.all(this.transports.map((transport) => transport.close()));
  }
}

function viaStart({ protocol }: Transport, sentBy: string): string {
  return `SIP/2.0/${protocol.toUpperCase()} ${sentBy};rport;branch=`;
}
