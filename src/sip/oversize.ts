import type { Peer } from './transport.js';
import type { TransportSet } from './transport-set.js';

/** What becomes of a request that is too long for one datagram: TCP as the RFC says, or fragments as many trunks expect. */
export type OversizePolicy = 'tcp' | 'fragment';

/** What is too long for UDP, and what becomes of it. */
export interface Oversize {
  policy: OversizePolicy;
  /** The longest request that UDP may carry, in bytes. */
  longestBytes: number;
}

/** RFC 3261 18.1.1: 1,300 bytes where the path's MTU is not known; nothing within 200 bytes of it where it is. */
export function oversizeOf(policy: OversizePolicy = 'tcp', mtuBytes?: number): Oversize {
  return { policy, longestBytes: mtuBytes === undefined ? 1300 : mtuBytes - 200 };
}

/**
 * The targets of a request of that length: before each that is reached over UDP the same one over TCP, if the request
 * is too long. UDP is left as the way back for where TCP is refused (RFC 3261 18.1.1).
 */
export function targetsForSize(
  peers: readonly Peer[],
  bytes: number,
  transports: TransportSet,
  oversize: Oversize,
): readonly Peer[] {
  if (bytes <= oversize.longestBytes || oversize.policy === 'fragment') return peers;
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
