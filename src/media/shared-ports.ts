import { ChurnMap } from '../core/churn-map.js';
import { AppError } from '../core/errors.js';
import { Rng } from '../core/rng.js';
import { type PortPair, type PortPool, REST_MS } from './ports.js';
import { PortShare, SharedPort } from './shared-port.js';
import type { DatagramSink } from './udp.js';

interface Shares extends PortPair {
  rtp: PortShare;
  rtcp: PortShare;
}

/** Port pairs of calls that share one bound pair on each address: there are as many as are wanted. */
export class SharedPorts {
  private readonly bound: { rtp: SharedPort; rtcp: SharedPort; base: PortPair }[] = [];
  private readonly pairs = new ChurnMap<number, Shares>();
  private readonly resting: { pair: Shares; sinceMs: number }[] = [];
  /** SSRCs that calls send with: no two have the same, so that an echo of one is never taken for the other's. */
  private readonly ssrcs = new ChurnMap<number, true>();
  private readonly rng: Rng;
  private leased = 0;

  constructor(
    /** What the bound pairs are taken from. */
    private readonly pool: PortPool,
    private readonly addresses: readonly string[],
    seed: number,
    /** Takes what comes of calls that have ended, on RTP ports and on RTCP ports. */
    private readonly idle: DatagramSink,
    private readonly idleRtcp: DatagramSink,
    /** Takes what is of no call that is known. */
    private readonly stray: DatagramSink,
  ) {
    this.rng = new Rng(seed);
  }

  /** A share of the ports of the address whose turn it is; refused as the pool refuses, at the first call for an address. */
  lease(nowMs: number): PortPair | AppError {
    this.forgetRested(nowMs);
    const address = this.addresses[this.leased % this.addresses.length];
    const bound = this.boundAt(address, nowMs);
    if (bound instanceof AppError) return bound;
    const id = this.leased++;
    const ssrc = this.drawSsrc();
    const rtp = new PortShare(bound.rtp, ssrc);
    const rtcp = new PortShare(bound.rtcp, ssrc);
    rtp.sibling = rtcp;
    rtcp.sibling = rtp;
    const pair = { ...bound.base, lease: { ...bound.base.lease, pair: id, ssrc }, rtp, rtcp };
    this.pairs.set(id, pair);
    return pair;
  }

  get(pair: number): PortPair | undefined {
    return this.pairs.get(pair);
  }

  release({ lease }: PortPair, nowMs: number): void {
    const pair = this.pairs.get(lease.pair);
    if (pair === undefined) return;
    pair.rtp.sink = this.idle;
    pair.rtcp.sink = this.idleRtcp;
    pair.rtp.leave();
    pair.rtcp.leave();
    pair.rtp.settleDrops();
    pair.rtcp.settleDrops();
    this.resting.push({ pair, sinceMs: nowMs });
  }

  private forgetRested(nowMs: number): void {
    while (this.resting.length > 0 && nowMs - this.resting[0].sinceMs >= REST_MS) {
      const { pair } = this.resting.shift()!;
      pair.rtp.forget();
      pair.rtcp.forget();
      this.pairs.delete(pair.lease.pair);
      this.ssrcs.delete(pair.lease.ssrc!);
    }
  }

  private boundAt(address: string, nowMs: number): SharedPorts['bound'][number] | AppError {
    const known = this.bound.find(({ base }) => base.lease.address === address);
    if (known !== undefined) return known;
    const base = this.pool.lease(nowMs, address);
    if (base instanceof AppError) return base;
    base.rtp.carryMany();
    base.rtcp.carryMany();
    const bound = { rtp: new SharedPort(base.rtp, this.stray), rtcp: new SharedPort(base.rtcp, this.stray), base };
    this.bound.push(bound);
    return bound;
  }

  private drawSsrc(): number {
    let ssrc = this.rng.uint32();
    while (this.ssrcs.has(ssrc)) ssrc = this.rng.uint32();
    this.ssrcs.set(ssrc, true);
    return ssrc;
  }
}
