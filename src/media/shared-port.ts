import { ChurnMap } from '../core/churn-map.js';
import { hasRtpHeader, isRtcp, senderSsrcOf, ssrcOf } from '../rtp/packet.js';
import type { DatagramSink, PacketMemory, UdpPort } from './udp.js';

/** A call takes an unknown SSRC for its far end's when nothing came of those it knows for so long. */
const TAKE_OVER_AFTER_MS = 500;
/** SSRCs that a description may announce for one call. */
const MOST_ANNOUNCED = 8;
/** RTCP has the SSRC of its sender within these bytes. */
const SENDER_SSRC_BYTES = 8;

/** An address and port that calls are aimed at, and whose is what comes from there. */
class FarEnd {
  /** By SSRC, as a signed number; `null` for one that two calls claim. It stays a call's until that is forgotten. */
  private readonly owners = new ChurnMap<number, PortShare | null>();
  /** Calls that are aimed at it now. */
  private count = 0;
  /** The call that alone is aimed at it, and was so from the start. */
  only: PortShare | null = null;
  /** Two calls were aimed at it at once: what was not announced for one of them is nobody's from then on. */
  private isMixed = false;

  constructor(
    readonly ip: number,
    readonly port: number,
  ) {}

  get isDeserted(): boolean {
    return this.count === 0 && this.owners.size === 0;
  }

  ownerOf(ssrc: number): PortShare | null | undefined {
    return this.owners.get(ssrc);
  }

  add(share: PortShare): void {
    if (++this.count > 1) this.isMixed = true;
    this.only = this.isMixed ? null : share;
  }

  /** Late packets of it are still known. */
  leave(): void {
    this.count--;
    this.only = null;
  }

  /**
   * An SSRC that a call which has ended still holds is free, and so is one that another call only took for its own; one that
   * two calls were told of is nobody's from then on.
   */
  claim(ssrc: number, share: PortShare): void {
    const owner = this.owners.get(ssrc);
    const isHeld = owner !== undefined && owner !== null && owner !== share && owner.farEnd === this;
    const isTaken = owner === null || (isHeld && owner.learned !== ssrc);
    this.owners.set(ssrc, isTaken ? null : share);
  }

  /** The SSRC is no longer the call's. One that two calls claimed stays nobody's as long as any is aimed here. */
  release(ssrc: number, share: PortShare): void {
    const owner = this.owners.get(ssrc);
    if (owner === share || (owner === null && this.count === 0)) this.owners.delete(ssrc);
  }
}

/**
 * One UDP port that many calls share. What comes is a call's by the address that it comes from and by its SSRC:
 *
 * 1. one that the far end's description announced (RFC 5576);
 * 2. where it announced none, the one that we send with: the far end is an echo;
 * 3. while no other call is or was aimed at that address: the first one that comes, and another one when nothing came of those
 *    known for 500 ms.
 *
 * Everything else is `stray`: all that comes before a description told of its address, and, where calls have far ends at one
 * address, what was not announced and is no echo. It is never guessed whose a packet is.
 */
export class SharedPort implements DatagramSink {
  /** By address, then port: whole numbers are looked up without an allocation. */
  private readonly farEnds = new Map<number, ChurnMap<number, FarEnd>>();

  constructor(
    readonly socket: UdpPort,
    private readonly stray: DatagramSink,
  ) {
    socket.sink = this;
  }

  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    const farEnd = this.farEnds.get(sourceIp)?.get(sourcePort);
    const share = farEnd === undefined ? null : ownerIn(farEnd, memory.bytes, offset, length, arrivalMs);
    const sink = share === null ? this.stray : share.sink;
    if (sink !== null) sink.onDatagram(memory, offset, length, arrivalMs, sourceIp, sourcePort);
  }

  /** The far end at an address, which is then known. */
  farEndAt(ip: number, port: number): FarEnd {
    let ports = this.farEnds.get(ip);
    if (ports === undefined) {
      ports = new ChurnMap();
      this.farEnds.set(ip, ports);
    }
    let farEnd = ports.get(port);
    if (farEnd === undefined) {
      farEnd = new FarEnd(ip, port);
      ports.set(port, farEnd);
    }
    return farEnd;
  }

  /** Drops a far end that no call knows. */
  sweep(farEnd: FarEnd): void {
    if (!farEnd.isDeserted) return;
    const ports = this.farEnds.get(farEnd.ip);
    ports?.delete(farEnd.port);
    if (ports?.size === 0) this.farEnds.delete(farEnd.ip);
  }
}

function ownerIn(
  farEnd: FarEnd,
  bytes: Uint8Array,
  offset: number,
  length: number,
  arrivalMs: number,
): PortShare | null {
  let ssrc: number;
  if (hasRtpHeader(bytes, offset, length)) ssrc = ssrcOf(bytes, offset) | 0;
  else if (length >= SENDER_SSRC_BYTES && isRtcp(bytes, offset, length)) ssrc = senderSsrcOf(bytes, offset) | 0;
  else return farEnd.only;
  const owner = farEnd.ownerOf(ssrc);
  if (owner !== undefined) {
    if (owner !== null) owner.heardMs = arrivalMs;
    return owner;
  }
  const { only } = farEnd;
  if (only === null || arrivalMs - only.heardMs < TAKE_OVER_AFTER_MS) return null;
  only.heardMs = arrivalMs;
  only.learn(ssrc);
  return only;
}

/** What one call has of a shared port: a port to whoever sends by it and listens to it. */
export class PortShare implements UdpPort {
  sink: DatagramSink | null = null;
  /** When RTP or RTCP of the far end came last, or was announced to come. */
  heardMs = Number.NEGATIVE_INFINITY;
  /** The call's share of the other port: the far end has one SSRC for RTP and RTCP. */
  sibling: PortShare | null = null;
  /** The SSRC that it was not told of and took for its far end's; as a signed number, `null` before. */
  learned: number | null = null;
  /** Where the call is aimed. */
  farEnd: FarEnd | null = null;
  private readonly claims: { farEnd: FarEnd; ssrc: number }[] = [];

  constructor(
    private readonly shared: SharedPort,
    /** The SSRC that the call sends with. */
    private readonly ownSsrc: number,
  ) {}

  get port(): number {
    return this.shared.socket.port;
  }

  expect(ip: number, port: number, announced: readonly number[], nowMs: number): void {
    if (this.farEnd !== null && (this.farEnd.ip !== ip || this.farEnd.port !== port)) this.leave();
    if (port === 0) return;
    if (this.farEnd === null) {
      this.farEnd = this.shared.farEndAt(ip, port);
      this.farEnd.add(this);
      // Of what was heard from elsewhere nothing has to be waited for.
      this.heardMs = Number.NEGATIVE_INFINITY;
    }
    if (announced.length === 0) {
      this.own(this.ownSsrc | 0);
      return;
    }
    for (const ssrc of announced.slice(0, MOST_ANNOUNCED)) this.own(ssrc | 0);
    this.heardMs = Math.max(this.heardMs, nowMs);
  }

  /** An SSRC has turned out to be the far end's. */
  learn(ssrc: number): void {
    this.take(ssrc);
    this.sibling?.take(ssrc);
  }

  /** The call has ended; what still comes of it goes to `sink`, and is nobody else's. */
  leave(): void {
    this.farEnd?.leave();
    this.farEnd = null;
  }

  /** Nothing of the call comes any more. */
  forget(): void {
    const { farEnd: last } = this;
    this.leave();
    for (const { farEnd, ssrc } of this.claims.splice(0)) {
      farEnd.release(ssrc, this);
      this.shared.sweep(farEnd);
    }
    if (last !== null) this.shared.sweep(last);
    this.sink = null;
  }

  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number, dueMs: number): void {
    this.shared.socket.send(memory, offset, length, ip, port, dueMs);
  }

  carryMany(): void {}

  settleDrops(): void {
    this.shared.socket.settleDrops();
  }

  /** The port itself stays open: it is the others', too. */
  close(): void {
    this.forget();
  }

  private take(ssrc: number): void {
    this.own(ssrc);
    this.learned = ssrc;
  }

  private own(ssrc: number): void {
    if (this.farEnd === null) return;
    this.farEnd.claim(ssrc, this);
    this.claims.push({ farEnd: this.farEnd, ssrc });
  }
}
