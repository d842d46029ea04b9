import type { Peer } from './transport.js';
import type { TransportSet } from './transport-set.js';

/** What becomes of a request that is too long for one datagram: TCP as the RFC says, or fragments as many trunks expect. */
export type OversizePolicy = 'tcp' | 'fragment';

/** RFC 3261 18.1.1: the longest request that UDP may carry where the path's MTU is not known, in bytes. */
const MAX_UDP_BYTES = 1300;

/**
 * The targets of a request of that length: before each that is reached over UDP the same one over TCP, if the request
 * is too long. UDP is left as the way back for where TCP is refused (RFC 3261 18.1.1).
 */
export function targetsForSize(peers: Peer[], bytes: number, transports: TransportSet, policy: OversizePolicy): Peer[] {
  if (bytes <= MAX_UDP_BYTES || policy === 'fragment') return peers;
  return peers.flatMap((peer) => {
    const tcp = (peer.transport ?? transports.first).protocol === 'udp' ? transports.find('tcp', peer.address) : null;
    return tcp === null
      ? [peer]
      : [
          { ...peer, transport: tcp },
          { ...peer, ifUnreachable: true },
        ];
  });
}
