import type { Peer, Transport } from './transport.js';

/** Peers remembered; beyond that the memory starts anew, which costs a few probes. */
const MAX_PEERS = 65_536;

/**
 * Knows which peers ever sent us anything, and probes one that did not once it kept silent for a retransmission: only
 * then can a refused probe be blamed on the peer, and a peer that talks is never bothered.
 */
export class SilentPeers {
  private readonly heard = new Map<string, Set<number>>();
  private count = 0;
  private readonly probing = new Set<string>();

  constructor(
    private readonly transport: () => Transport,
    /** Called when nobody listens there. */
    private readonly refused: (peer: Peer, reason: string) => void,
  ) {}

  hear(peer: Peer): void {
    const ports = this.heard.get(peer.address);
    if (ports === undefined) {
      this.heard.set(peer.address, new Set([peer.port]));
      this.count++;
    } else if (!ports.has(peer.port)) {
      if (this.count++ >= MAX_PEERS) {
        this.heard.clear();
        this.count = 0;
        return;
      }
      ports.add(peer.port);
    }
  }

  wasHeard(peer: Peer): boolean {
    return this.heard.get(peer.address)?.has(peer.port) === true;
  }

  /** A request to this peer had to be repeated. */
  suspect(peer: Peer): void {
    if (this.wasHeard(peer)) return;
    const key = `${peer.address} ${peer.port}`;
    if (this.probing.has(key)) return;
    this.probing.add(key);
    // One probe at a time; the next retransmission may ask again.
    setTimeout(() => this.probing.delete(key), 400).unref();
    (peer.transport ?? this.transport()).probe(peer, (reason) => {
      if (!this.wasHeard(peer)) this.refused(peer, reason);
    });
  }
}
