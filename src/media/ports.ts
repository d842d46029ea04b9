import { AppError } from '../core/errors.js';
import type { Lease } from './link/messages.js';
import type { DatagramSink, UdpDriver, UdpPort } from './udp.js';

/** A bound RTP port and the RTCP port above it (RFC 3550, section 11). */
export interface PortPair {
  lease: Lease;
  /** Whether it comes from the range; one that was bound for its port alone is closed when it is given back. */
  ranged: boolean;
  rtp: UdpPort;
  rtcp: UdpPort;
}

/** A pair that was given back is not leased again before this, while packets of its last call may still come. */
export const REST_MS = 2000;

/** Bound port pairs of a range: bound when they are first wanted, kept bound when they are given back. */
export class PortPool {
  private readonly pairs = new Map<number, PortPair>();
  private readonly resting: { pair: PortPair; sinceMs: number }[] = [];
  /** The next RTP port of each address. */
  private readonly next: number[];
  /** Index of the address whose turn it is. */
  private turn = 0;
  private bound = 0;

  constructor(
    private readonly driver: UdpDriver,
    /** Taken in turn: every port of the range is there on each of them. */
    private readonly addresses: readonly string[],
    private readonly portMin: number,
    private readonly portMax: number,
    /** Takes what comes on RTP ports that no call holds. */
    private readonly idle: DatagramSink,
    /** Takes what comes on RTCP ports. */
    private readonly rtcp: DatagramSink,
  ) {
    this.next = addresses.map(() => portMin + (portMin % 2));
  }

  /**
   * A pair from the range, of the given address or of all in turn; or why there is none: `PORTS_EXHAUSTED`,
   * `DESCRIPTORS_EXHAUSTED` or `ADDRESS_UNUSABLE`.
   */
  lease(nowMs: number, address?: string): PortPair | AppError {
    const rested = address === undefined ? 0 : this.resting.findIndex(({ pair }) => pair.lease.address === address);
    const found = this.resting[rested];
    if (found && nowMs - found.sinceMs >= REST_MS) return this.resting.splice(rested, 1)[0].pair;
    const bound = this.bindNext(address);
    if (bound instanceof AppError && found) return this.resting.splice(rested, 1)[0].pair;
    return bound;
  }

  get(pair: number): PortPair | undefined {
    return this.pairs.get(pair);
  }

  /** A pair at a port of the caller's choice, on any local address. Also refused with `PORT_TAKEN`. */
  bind(address: string, port: number): PortPair | AppError {
    const pair = this.bindPair(address, port, false);
    if (typeof pair !== 'string') return pair;
    return new AppError('PORT_TAKEN', 'An RTP or RTCP port is taken', {
      where: `UDP ports ${port} and ${port + 1} of ${address}`,
      expected: 'two free ports: RTCP takes the one above that of RTP',
      found: pair,
      hint: 'Give another port, or end the program that holds it (ss -ulpn)',
    });
  }

  /** Takes a pair back; a pair of the range stays bound. */
  release(pair: PortPair, nowMs: number): void {
    pair.rtp.sink = this.idle;
    pair.rtcp.sink = this.rtcp;
    pair.rtp.settleDrops();
    pair.rtcp.settleDrops();
    if (pair.ranged) {
      this.resting.push({ pair, sinceMs: nowMs });
      return;
    }
    this.pairs.delete(pair.lease.pair);
    pair.rtp.close();
    pair.rtcp.close();
  }

  private bindNext(wanted: string | undefined): PortPair | AppError {
    const { addresses, next, portMax } = this;
    const only = wanted === undefined ? -1 : addresses.indexOf(wanted);
    for (;;) {
      if (only < 0) while (next[this.turn] + 1 > portMax && next.some((port) => port + 1 <= portMax)) this.passTurn();
      const index = only < 0 ? this.turn : only;
      const port = next[index];
      if (port + 1 > portMax) return this.exhausted(wanted);
      next[index] += 2;
      if (only < 0) this.passTurn();
      const pair = this.bindPair(addresses[index], port, true);
      if (typeof pair !== 'string') return pair;
    }
  }

  private passTurn(): void {
    this.turn = (this.turn + 1) % this.addresses.length;
  }

  /** Both ports; a string is the system's code where one of them is taken, and then neither is bound. */
  private bindPair(address: string, port: number, ranged: boolean): PortPair | AppError | 'EADDRINUSE' {
    const { driver } = this;
    const rtp = driver.bind(address, port);
    if (typeof rtp === 'string') return rtp === 'EADDRINUSE' ? rtp : this.refusal(rtp, address, port);
    const rtcp = driver.bind(address, port + 1);
    if (typeof rtcp === 'string') {
      rtp.close();
      return rtcp === 'EADDRINUSE' ? rtcp : this.refusal(rtcp, address, port + 1);
    }
    const id = this.bound++;
    const pair = { lease: { pair: id, address, rtpPort: port, rtcpPort: port + 1 }, ranged, rtp, rtcp };
    this.pairs.set(id, pair);
    rtp.sink = this.idle;
    rtcp.sink = this.rtcp;
    return pair;
  }

  private exhausted(address: string | undefined): AppError {
    return new AppError('PORTS_EXHAUSTED', 'No RTP port pair is left in the range', {
      where: `RTP ports ${this.portMin}-${this.portMax} on ${address ?? this.addresses.join(', ')}`,
      expected: 'an even port and the odd one above it, both free, for each call',
      found:
        this.pairs.size === 0
          ? 'every pair is taken by other programs'
          : `${this.pairs.size} pairs bound, all of them in use; the others are taken by other programs`,
      hint: 'Give a wider or another range with --rtp-ports, or fewer calls at a time',
    });
  }

  private refusal(code: string, address: string, port: number): AppError {
    if (code === 'EMFILE' || code === 'ENFILE') {
      return new AppError('DESCRIPTORS_EXHAUSTED', 'The system gives no further file descriptors for RTP sockets', {
        where: `UDP port ${port} of ${address}`,
        expected: 'two descriptors for each call',
        found: `${code} after ${this.pairs.size} pairs`,
        hint: 'Raise the limit (ulimit -n) or lower the number of calls',
      });
    }
    return new AppError('ADDRESS_UNUSABLE', `An RTP socket cannot be bound (${code})`, {
      where: `UDP port ${port} of ${address}`,
      expected: 'an address of this machine and ports that may be bound',
      found: code,
      hint: 'Check the addresses that were given (`ip address` lists those of this machine), and --rtp-ports',
    });
  }
}
