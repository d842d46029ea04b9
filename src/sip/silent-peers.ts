import type { Clock } from '../core/clock.js';
import type { Peer, Transport } from './transport.js';

/** Peers remembered; beyond that the memory starts anew, which costs a few probes. */
const MAX_PEERS = 65_536;
/** T1: who sent anything within that time talks. */
const TALKING_MS = 500;

/**
 * Knows when each peer last sent us anything, and probes one that has been silent since before a request was repeated: only
 * then can a refused probe be blamed on the peer, and a peer that talks is never bothered.
 */
export class SilentPeers {
  private readonly heard = new Map<string, Map<number, number>>();
  private count = 0;
  private readonly probing = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly transport: () => Transport,
    /** Called when nobody listens there. */
    private readonly refused: (peer: Peer, reason: string) => void,
  ) {}

  hear(peer: Peer): void {
    const now = this.clock.now();
    const ports = this.heard.get(peer.address);
    if (ports === undefined) {
      this.heard.set(peer.address, new Map([[peer.port, now]]));
      this.count++;
    } else {
      if (!ports.has(peer.port) && this.count++ >= MAX_PEERS) {
        this.heard.clear();
        this.count = 0;
        return;
      }
      ports.set(peer.port, now);
    }
  }

  /** A request to this peer had to be repeated. */
  suspect(peer: Peer): void {
    if (this.talks(peer)) return;
    const key = `${peer.address} ${peer.port}`;
    if (this.probing.has(key)) return;
    this.probing.add(key);
    // One probe at a time; the next retransmission may ask again.
    setTimeout(() => this.probing.delete(key), 400).unref();
    (peer.transport ?? this.transport()).probe(peer, (reason) => {
      if (!this.talks(peer)) this.refused(peer, reason);
    });
  }

  private talks(peer: Peer): boolean {
    const heardMs = this.heard.get(peer.address)?.get(peer.port);
    return heardMs !== undefined && this.clock.now() - heardMs < TALKING_MS;
  }
}
