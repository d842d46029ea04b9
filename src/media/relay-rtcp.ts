import { isRtcp, senderSsrcOf } from '../rtp/packet.js';
import { rtcpPortOf } from '../rtp/rtcp-port.js';
import { UNAUTHENTIC } from '../rtp/srtp.js';
import type { SrtpSession } from '../rtp/srtp-session.js';
import type { Latching } from './link/messages.js';
import type { RelayRemote, Traffic } from './link/relay-messages.js';
import type { RelayEnd } from './relay-end.js';
import type { DatagramSink, PacketMemory, UdpPort } from './udp.js';

/** A header and the SSRC of its sender. */
const MIN_BYTES = 8;
/** Longer than any that fits into a datagram of Ethernet, and short enough for what protection adds. */
const MAX_BYTES = 1500;

/**
 * RTCP of one end of a relayed call. It passes as it came, no stage delays or drops it; where SRTP ends or begins here it is
 * opened and protected anew. A direction that is blocked, or whose stages drop all there is, lets none of it through.
 *
 * Where the far end takes it is latched to as RTP is: with `first` the first report tells it, with `follow` any of the
 * SSRC that RTP is heard of; where nobody said an address, the port above that of RTP is taken until a report comes.
 */
export class RelayRtcp implements DatagramSink {
  readonly received: Traffic = { packets: 0, bytes: 0 };
  readonly sent: Traffic = { packets: 0, bytes: 0 };
  /** Where it goes: the same of the other end. */
  other: RelayRtcp | null = null;
  /** What of the direction that starts here may block RTCP, too. */
  pipeline: { blocksRtcp(nowMs: number): boolean } | null = null;
  private ip = 0;
  private port = 0;
  private aimedIp = 0;
  private aimedPort = 0;
  private latching: Latching = 'off';
  private strict = true;
  private hasLatched = false;

  constructor(
    private readonly end: RelayEnd,
    private rtpPort: UdpPort,
    private readonly rtcpPort: UdpPort,
    private readonly srtp: SrtpSession,
    private readonly scratch: PacketMemory,
  ) {}

  /** Sets where the far end takes RTCP on a port of its own; port 0 where nobody said. */
  aim(ip: number, port: number, { latch = 'off', strictSource = true }: RelayRemote): void {
    this.strict = strictSource;
    if (ip === this.aimedIp && port === this.aimedPort && latch === this.latching && (this.hasLatched || port !== 0))
      return;
    this.aimedIp = ip;
    this.aimedPort = ip === 0 ? 0 : port;
    this.ip = this.aimedIp;
    this.port = this.aimedPort;
    this.latching = latch;
    this.hasLatched = false;
    if (this.port === 0 && this.end.remotePort !== 0) this.onRtpLatched(this.end.remoteIp, this.end.remotePort);
  }

  /** What goes over the port of RTP leaves from another one from now on. */
  sendRtpFrom(port: UdpPort): void {
    this.rtpPort = port;
  }

  /** RTCP shares the port of RTP. */
  mux(): void {
    this.aimedIp = 0;
    this.aimedPort = 0;
    this.port = 0;
    this.hasLatched = false;
  }

  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    if (!isRtcp(memory.bytes, offset, length)) this.end.malformed++;
    else if (this.isFarEnd(memory.bytes, offset, length, sourceIp, sourcePort))
      this.take(memory, offset, length, arrivalMs);
    else {
      this.end.wrongSource++;
      if (!this.strict) this.take(memory, offset, length, arrivalMs);
    }
  }

  /** Takes RTCP of the far end, on whichever port it came. */
  take(memory: PacketMemory, offset: number, length: number, arrivalMs: number): void {
    const { end, received } = this;
    let opened = length;
    if (end.isProtected) opened = this.srtp.inbound?.openRtcp(memory.bytes, offset, length) ?? UNAUTHENTIC;
    if (opened < 0) {
      end.unopened++;
      return;
    }
    if (opened < MIN_BYTES || opened > MAX_BYTES) {
      end.malformed++;
      return;
    }
    received.packets++;
    received.bytes += length;
    end.onHeard(arrivalMs);
    if (!end.blocksTraffic && !this.pipeline?.blocksRtcp(arrivalMs))
      this.other!.send(memory, offset, opened, arrivalMs);
  }

  /** RTP was found to come from there. */
  onRtpLatched(ip: number, port: number): void {
    if (this.hasLatched || this.aimedPort !== 0) return;
    this.ip = ip;
    this.port = rtcpPortOf(port);
  }

  private send(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    const { end, scratch } = this;
    const ip = end.muxes ? end.remoteIp : this.ip;
    const port = end.muxes ? end.remotePort : this.port;
    if (port === 0) return;
    const from = end.muxes ? this.rtpPort : this.rtcpPort;
    let sealed = length;
    if (end.isProtected) {
      if (this.srtp.outbound === null) return;
      scratch.write(0, memory, offset, length);
      sealed = this.srtp.outbound.protectRtcp(scratch.bytes, 0, length);
      if (sealed <= 0) return;
      from.send(scratch, 0, sealed, ip, port, dueMs);
    } else {
      from.send(memory, offset, length, ip, port, dueMs);
    }
    this.sent.packets++;
    this.sent.bytes += sealed;
  }

  private isFarEnd(bytes: Uint8Array, offset: number, length: number, ip: number, port: number): boolean {
    if (this.end.muxes) return ip === this.end.remoteIp;
    // Before anything is known of the far end, whoever comes may be it (RFC 3264, section 5.1).
    if (this.port === 0) return true;
    const { latching, hasLatched } = this;
    const isAimed = this.aimedPort !== 0;
    if (ip !== this.ip || port !== this.port) {
      if (hasLatched) {
        if (latching !== 'follow' || length < MIN_BYTES || senderSsrcOf(bytes, offset) !== this.end.ssrc) return false;
      } else if (isAimed ? latching === 'off' : ip !== this.end.remoteIp) {
        return false;
      }
      this.ip = ip;
      this.port = port;
    }
    this.hasLatched = !isAimed || latching !== 'off';
    return true;
  }
}
