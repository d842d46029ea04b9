import type { SipMessage } from './message.js';
import type { Peer } from './transport.js';
import { hostPort } from './uri.js';

/** Names the targets that a request was sent to, in the final response that the application gets. Never on the wire. */
export const TRIED_HEADER = 'X-Tried-Targets';

/** The targets of one request, and what came of those that were tried (RFC 3263 4.3). */
export class Failover {
  private index = 0;
  private readonly tries: string[] = [];

  constructor(private readonly peers: readonly Peer[]) {}

  /** Writes down how the present target's attempt ended. */
  note(status: number, reason: string): void {
    const { transport, address, port } = this.peers[this.index];
    const protocol = transport?.protocol ?? 'udp';
    const text = reason.replaceAll('"', "'");
    this.tries.push(`<sip:${hostPort(address, port)};transport=${protocol}>;status=${status};reason="${text}"`);
  }

  /** Goes on to the next target; `null` when there is none left. `unreachable`: nothing was sent to the present one. */
  next(unreachable: boolean): Peer | null {
    while (++this.index < this.peers.length) {
      const peer = this.peers[this.index];
      if (unreachable || !peer.ifUnreachable) return peer;
    }
    this.index = this.peers.length - 1;
    return null;
  }

  /** Tells the application which targets were tried, where it was more than one. */
  announce(response: SipMessage): void {
    if (this.tries.length < 2) return;
    const value = this.tries.join(', ');
    const lineEnd = response.raw.indexOf('\n') + 1;
    response.raw = `${response.raw.slice(0, lineEnd)}${TRIED_HEADER}: ${value}\r\n${response.raw.slice(lineEnd)}`;
    response.keys.unshift(TRIED_HEADER.toLowerCase());
    response.names.unshift(TRIED_HEADER);
    response.values.unshift(value);
  }
}
