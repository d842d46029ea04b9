import { AppError } from '../core/errors.js';
import type { Lease } from './link/messages.js';
import type { DatagramSink, UdpDriver, UdpPort } from './udp.js';

/** A bound RTP port and the RTCP port above it (RFC 3550, section 11). */
export interface PortPair {
  lease: Lease;
  rtp: UdpPort;
  rtcp: UdpPort;
}

/** A pair that was given back is not leased again before this, while packets of its last call may still come. */
const REST_MS = 2000;

/** Bound port pairs of a range: bound when they are first wanted, kept bound when they are given back. */
export class PortPool {
  private readonly pairs = new Map<number, PortPair>();
  private readonly resting: { pair: PortPair; sinceMs: number }[] = [];
  private next: number;
  /** Index of the address that is next at that port. */
  private nextAddress = 0;

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
    this.next = portMin + (portMin % 2);
  }

  /** A pair from the range, or why there is none: `PORTS_EXHAUSTED`, `DESCRIPTORS_EXHAUSTED` or `ADDRESS_UNUSABLE`. */
  lease(nowMs: number): PortPair | AppError {
    const rested = this.resting[0];
    if (rested && nowMs - rested.sinceMs >= REST_MS) {
      this.resting.shift();
      return rested.pair;
    }
    const bound = this.bindNext();
    if (bound instanceof AppError && this.resting.length > 0) return this.resting.shift()!.pair;
    return bound;
  }

  get(pair: number): PortPair | undefined {
    return this.pairs.get(pair);
  }

  /** Takes a pair back; its ports stay bound. */
  release(pair: PortPair, nowMs: number): void {
    pair.rtp.sink = this.idle;
    pair.rtcp.sink = this.rtcp;
    pair.rtp.settleDrops();
    pair.rtcp.settleDrops();
    this.resting.push({ pair, sinceMs: nowMs });
  }

  private bindNext(): PortPair | AppError {
    const { driver, addresses } = this;
    while (this.next + 1 <= this.portMax) {
      const port = this.next;
      const address = addresses[this.nextAddress];
      const id = port * addresses.length + this.nextAddress;
      const rtp = driver.bind(address, port);
      if (typeof rtp === 'string' && rtp !== 'EADDRINUSE') return this.refusal(rtp, address, port);
      const rtcp = typeof rtp === 'string' ? rtp : driver.bind(address, port + 1);
      if (typeof rtcp === 'string' && typeof rtp !== 'string') rtp.close();
      if (typeof rtcp === 'string' && rtcp !== 'EADDRINUSE') return this.refusal(rtcp, address, port + 1);
      this.nextAddress = (this.nextAddress + 1) % addresses.length;
      if (this.nextAddress === 0) this.next += 2;
      if (typeof rtp === 'string' || typeof rtcp === 'string') continue;
      const pair = { lease: { pair: id, address, rtpPort: port, rtcpPort: port + 1 }, rtp, rtcp };
      this.pairs.set(id, pair);
      rtp.sink = this.idle;
      rtcp.sink = this.rtcp;
      return pair;
    }
    return new AppError('PORTS_EXHAUSTED', 'No RTP port pair is left in the range', {
      where: `RTP ports ${this.portMin}-${this.portMax} on ${addresses.join(', ')}`,
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
      hint: 'Check --local, media.addresses and --rtp-ports',
    });
  }
}
