import type { Clock } from '../core/clock.js';
import { deriveSeed } from '../core/rng.js';
import { BPL } from '../quality/equipment.js';
import { voipMetricsOf } from '../quality/heard-metrics.js';
import { cnameOf } from '../rtp/cname.js';
import { isRtcp, senderSsrcOf } from '../rtp/packet.js';
import { type Reception, type RtcpReport, RtcpSession, type SenderInfo } from '../rtp/rtcp-session.js';
import { UNAUTHENTIC } from '../rtp/srtp.js';
import type { SrtpSession } from '../rtp/srtp-session.js';
import type { Due, DueWheel } from './due-wheel.js';
import type { Latching } from './link/messages.js';
import type { RtpSender } from './sender.js';
import type { LocalSession } from './session.js';
import type { DatagramSink, PacketMemory, UdpPort } from './udp.js';

/** What the RTCP of all calls of a plane shares. */
export interface RtcpSurroundings {
  clock: Clock;
  /** What brings the clock's time to UTC, for the NTP timestamps of sender reports. */
  utcOffsetMs: number;
  wheel: DueWheel;
  /** Room for a compound packet. */
  scratch: PacketMemory;
  counts: { received: number; malformed: number };
}

/** Where RTCP is sent, and from where. */
export interface RtcpRoute {
  from: UdpPort;
  ip: number;
  /** 0 for a far end that cannot be sent to; what comes is taken from where it was before. */
  port: number;
  /** Whether packets may tell that it is elsewhere; over the port of RTP that is told by RTP. */
  latching: Latching;
}

/** What a path drops of the RTCP of a direction: all, as long as it drops every packet of RTP, or a fault says so; otherwise nothing. */
export interface RtcpBlocks {
  outbound: { blocksRtcp(nowMs: number): boolean };
  inbound: { blocksRtcp(nowMs: number): boolean };
}

/**
 * RTCP of one call (RFC 3550, section 6): reports when they are due, a last one with BYE at the end, and what the far end
 * says meanwhile. A datagram from elsewhere than where reports are sent to is counted and left alone, unless latching takes it
 * for the far end's: with `first` the first report, with `follow` any of the SSRC that is heard too. Where RTP is protected,
 * RTCP is too (RFC 3711, section 3.4), by the keys that the call had when it was connected.
 */
export class CallRtcp implements DatagramSink, Due {
  dueMs = 0;
  next: Due | null = null;
  private rtcp: RtcpSession | null = null;
  /** By the far end's description. */
  private route: RtcpRoute | null = null;
  /** Where reports go; not the route's where latching found the far end elsewhere. */
  private ip = 0;
  private port = 0;
  private hasLatched = false;
  private ended = false;
  /** Packets sent by the time of the last report and of the one before: a sender report says what was sent since then. */
  private sentAtLast = 0;
  private sentAtSecondLast = 0;
  /** Sent with an SSRC before this one, of which a sender report says nothing. */
  private packetsBefore = 0;
  private octetsBefore = 0;
  /** Packets received by the time of the last report: only of a source that was heard since then something is reported. */
  private receivedAtLast = 0;

  constructor(
    private readonly name: string,
    private readonly address: string,
    private readonly sender: RtpSender,
    private readonly session: LocalSession,
    /** Whether VoIP metrics are reported, too. */
    private readonly extended: boolean,
    private readonly blocks: RtcpBlocks,
    /** `null` for RTCP without protection. */
    private readonly srtp: SrtpSession | null,
    private readonly around: RtcpSurroundings,
  ) {}

  /**
   * Sets the far end; reports begin with the first one. The same one again is latched to anew only where that is said.
   * `clockRate` is that of what we send, in Hz.
   */
  connect(route: RtcpRoute, isAnew: boolean, clockRate: number, nowMs: number): void {
    if (this.ended) return;
    if (route.port !== 0 && (isAnew || route.ip !== this.route?.ip || route.port !== this.route.port)) {
      this.ip = route.ip;
      this.port = route.port;
      this.hasLatched = false;
    }
    this.route = route;
    if (this.rtcp !== null) {
      this.rtcp.clockRate = clockRate;
      return;
    }
    const { ssrc } = this.sender;
    const { utcOffsetMs, wheel } = this.around;
    const seed = deriveSeed(ssrc, 'rtcp');
    this.rtcp = new RtcpSession(ssrc, cnameOf(this.name, this.address), clockRate, utcOffsetMs, seed, nowMs);
    this.dueMs = this.rtcp.dueMs;
    wheel.add(this);
  }

  onDue(): boolean {
    if (this.ended) return false;
    this.send(false);
    this.dueMs = this.rtcp!.dueMs;
    return true;
  }

  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    const { around, rtcp, route } = this;
    const isWellFormed = isRtcp(memory.bytes, offset, length);
    if (isWellFormed) around.counts.received++;
    else around.counts.malformed++;
    if (rtcp === null || route === null) return;
    const isThere = sourceIp === this.ip && sourcePort === this.port;
    if (!isThere && !(isWellFormed && this.mayBeThere(route, memory.bytes, offset))) rtcp.onWrongSource();
    else if (!isWellFormed) rtcp.onMalformed();
    else if (!this.blocks.inbound.blocksRtcp(arrivalMs)) {
      const { bytes } = memory;
      const opened = this.srtp === null ? length : (this.srtp.inbound?.openRtcp(bytes, offset, length) ?? UNAUTHENTIC);
      if (opened < 0) {
        rtcp.onUnauthenticated();
        return;
      }
      const receivedBefore = rtcp.received;
      rtcp.receive(bytes, offset, opened, arrivalMs, this.sender.packetsSent);
      if (rtcp.received > receivedBefore) this.moveTo(sourceIp, sourcePort);
    }
  }

  /** Reports go over another port of ours from now on. */
  sendFrom(port: UdpPort): void {
    if (this.route !== null) this.route.from = port;
  }

  /** The far end was found there. */
  moveTo(ip: number, port: number): void {
    this.ip = ip;
    this.port = port;
    this.hasLatched = true;
  }

  /** Says BYE with a last report. Idempotent; what still comes is taken. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.rtcp !== null) this.send(true);
  }

  /** The far end has our SSRC: says BYE for it and takes the one that `draw` gives the sender (RFC 3550, section 8.2). */
  changeSsrc(draw: () => void): void {
    if (this.rtcp !== null && !this.ended) this.send(true);
    draw();
    this.packetsBefore = this.sender.packetsSent;
    this.octetsBefore = this.sender.octetsSent;
    this.rtcp?.changeSsrc(this.sender.ssrc);
  }

  /** `null` where the far end never was known. */
  report(): RtcpReport | null {
    return this.rtcp === null ? null : this.rtcp.report();
  }

  /** Whether a report from elsewhere may be the far end's (RFC 7362, section 4). */
  private mayBeThere({ latching }: RtcpRoute, bytes: Uint8Array, offset: number): boolean {
    if (latching === 'off') return false;
    return !this.hasLatched || (latching === 'follow' && senderSsrcOf(bytes, offset) === this.session.heard.ssrc);
  }

  private send(goodbye: boolean): void {
    const { around, route } = this;
    const rtcp = this.rtcp!;
    const nowMs = around.clock.now();
    const isSilent = this.blocks.outbound.blocksRtcp(nowMs) || (this.srtp !== null && this.srtp.outbound === null);
    if (route === null || route.port === 0 || this.port === 0 || isSilent) {
      rtcp.postpone(nowMs);
      return;
    }
    const sender = this.senderInfo(nowMs);
    const reception = this.reception();
    const { heard, spec } = this.session;
    const metrics =
      this.extended && reception ? voipMetricsOf(heard.figures(nowMs), rtcp.roundTripMs, spec.bpl !== BPL.none) : null;
    const compound = rtcp.compose(nowMs, sender, reception, metrics, goodbye);
    around.scratch.bytes.set(new Uint8Array(compound.buffer, compound.byteOffset, compound.byteLength));
    let length = compound.byteLength;
    if (this.srtp !== null) length = this.srtp.outbound!.protectRtcp(around.scratch.bytes, 0, length);
    route.from.send(around.scratch, 0, length, this.ip, this.port, nowMs);
  }

  /** `null` unless something was sent since the report before the last one (RFC 3550, section 6.4). */
  private senderInfo(nowMs: number): SenderInfo | null {
    const { sender, sentAtSecondLast } = this;
    const packets = sender.packetsSent;
    this.sentAtSecondLast = this.sentAtLast;
    this.sentAtLast = packets;
    if (packets === sentAtSecondLast) return null;
    return {
      packets: packets - this.packetsBefore,
      octets: sender.octetsSent - this.octetsBefore,
      rtpTimestamp: sender.timestampAt(nowMs),
    };
  }

  /** `null` unless something was received since the last report (RFC 3550, section 6.4.2). */
  private reception(): Reception | null {
    const { source } = this.session.heard;
    // Our own packets, sent back: nothing of it is the far end's.
    if (source === null || source.ssrc === this.sender.ssrc) return null;
    const { received, cumulativeLost, last, jitterMs } = source.receiver;
    if (received === this.receivedAtLast) return null;
    this.receivedAtLast = received;
    return {
      ssrc: source.ssrc,
      expected: received + cumulativeLost,
      received,
      extendedHighest: last,
      jitterUnits: (jitterMs * source.clockRate) / 1000,
    };
  }
}
