import { hasRtpHeader, isRtp, ssrcOf } from '../rtp/packet.js';
import { REPLAYED } from '../rtp/srtp.js';
import type { SrtpSession } from '../rtp/srtp-session.js';
import type { Latching } from './link/messages.js';
import type { End } from './path.js';
import type { DatagramSink, PacketMemory, UdpPort } from './udp.js';

/** Where a path begins: takes what comes from the far end. `atMs`: the kernel's receive time or the sender's deadline. */
export interface Entrance {
  forward(memory: PacketMemory, offset: number, length: number, atMs: number): void;
}

/** Hears of datagrams that never enter the path. */
export interface SourceWatcher {
  /** Takes a datagram that is no RTP, as a sink would. */
  onNoRtp(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void;
  onWrongSource(): void;
  /** The far end was found elsewhere than before. */
  onLatched(ip: number, port: number): void;
  /** A port to send from and listen at in place of the one that there is; `null` where there is none to be had. */
  onRebind?(): UdpPort | null;
  /** SRTP whose key is not yet known. */
  onUnopened(): void;
  /** SRTP of the far end that does not authenticate, and SRTP that came before. */
  onUnauthenticated(): void;
  onReplayed(): void;
}

/** What a port needs to speak SRTP. */
export interface Protection {
  session: SrtpSession;
  /** Room for one protected packet, shared by all: what is sent may lie in memory that must not be written to. */
  scratch: PacketMemory;
}

/** With `follow`, a packet of another SSRC than the one heard moves the latch when that one was silent for so long. */
const FOLLOW_AFTER_MS = 500;

/**
 * An end of a path that is a UDP port: what comes from the far end enters, what comes out is sent to it.
 *
 * Where the far end is, its description says. With latching (RFC 7362, section 4) packets say it too: `first` takes the source
 * of the first packet that comes once the description is known, for good; `follow` goes on to another source when the
 * SSRC that is heard comes from there, or when nothing has come for 500 ms. What comes from elsewhere is never taken.
 *
 * With protection it is SRTP that crosses the port, and RTP that crosses the path.
 */
export class UdpEnd implements End, DatagramSink {
  /** The direction that starts here; set before the port is listened to. */
  inbound: Entrance | null = null;
  /** The far end; port 0 while it is not known. Until then packets are taken from anywhere (RFC 3264, section 5.1). */
  remoteIp = 0;
  remotePort = 0;
  /** The far end by its description. */
  private aimedIp = 0;
  private aimedPort = 0;
  /** Whether a packet may still tell that the far end is elsewhere. */
  private learns = false;
  private hasLatched = false;
  private latchedSsrc = 0;
  private lastArrivalMs = 0;
  /** Where the packets came from that were taken before the far end was known. */
  private earlyIp = 0;
  private earlyPort = 0;
  private earlyPackets = 0;
  private strict = true;

  constructor(
    private port: UdpPort,
    private readonly watcher: SourceWatcher,
    private latching: Latching = 'off',
    private protection: Protection | null = null,
  ) {}

  /**
   * Changes what the constructor said; `aim` follows. A source that is not strict: RTP from elsewhere than the far end is
   * counted and taken, too.
   */
  configure(latching: Latching, strict: boolean, protection: Protection | null): void {
    this.latching = latching;
    this.strict = strict;
    this.protection = protection;
  }

  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    const { protection } = this;
    // Padding tells nothing before it is opened.
    const isWhole =
      protection === null ? isRtp(memory.bytes, offset, length) : hasRtpHeader(memory.bytes, offset, length);
    if (!isWhole) {
      this.watcher.onNoRtp(memory, offset, length, arrivalMs, sourceIp, sourcePort);
      return;
    }
    if (protection !== null) {
      if (this.remotePort !== 0 && !this.learns && (sourceIp !== this.remoteIp || sourcePort !== this.remotePort)) {
        this.watcher.onWrongSource();
        if (this.strict) return;
      }
      const opened = this.open(protection.session, memory.bytes, offset, length);
      if (opened < 0) return;
      if (!isRtp(memory.bytes, offset, opened)) {
        this.watcher.onNoRtp(memory, offset, opened, arrivalMs, sourceIp, sourcePort);
        return;
      }
      length = opened;
    }
    if (this.learns) {
      if (!this.learn(ssrcOf(memory.bytes, offset) | 0, arrivalMs, sourceIp, sourcePort)) {
        this.watcher.onWrongSource();
        if (this.strict) return;
      }
    } else if (this.remotePort === 0) {
      this.earlyIp = sourceIp;
      this.earlyPort = sourcePort;
      this.earlyPackets++;
      this.latchedSsrc = ssrcOf(memory.bytes, offset) | 0;
      this.lastArrivalMs = arrivalMs;
    } else if (protection === null && (sourceIp !== this.remoteIp || sourcePort !== this.remotePort)) {
      this.watcher.onWrongSource();
      if (this.strict) return;
    }
    this.inbound?.forward(memory, offset, length, arrivalMs);
  }

  /** Sends to the far end; false where it is not known where that is, or the packet cannot be sealed as it wants it. */
  deliver(memory: PacketMemory, offset: number, length: number, dueMs: number): boolean {
    if (this.remotePort === 0) return false;
    const { protection } = this;
    if (protection === null) {
      this.port.send(memory, offset, length, this.remoteIp, this.remotePort, dueMs);
      return true;
    }
    const { scratch, session } = protection;
    const { outbound } = session;
    // What an impairment made no RTP could not be sealed, and no far end would take it.
    if (outbound === null || !hasRtpHeader(memory.bytes, offset, length)) return false;
    if (length + outbound.overheadBytes > scratch.bytes.length) return false;
    scratch.write(0, memory, offset, length);
    const sealed = outbound.protectRtp(scratch.bytes, 0, length);
    if (sealed < 0) return false;
    this.port.send(scratch, 0, sealed, this.remoteIp, this.remotePort, dueMs);
    return true;
  }

  /** Goes over to another port; what still comes to the old one is thrown away. */
  rebind(): void {
    const port = this.watcher.onRebind?.() ?? null;
    if (port === null) return;
    this.port.sink = null;
    this.port = port;
  }

  /**
   * Sets the far end. The result counts the packets taken before that came from elsewhere, 0 from the second time on. With
   * latching, those packets have told where the far end is. The same description again changes nothing unless `anew`.
   */
  aim(ip: number, port: number, anew = true): number {
    if (!anew && ip === this.aimedIp && port === this.aimedPort) return 0;
    const { earlyPackets, earlyIp, earlyPort } = this;
    const isFirst = this.remotePort === 0 && earlyPackets > 0;
    this.aimedIp = ip;
    this.aimedPort = port;
    this.remoteIp = ip;
    this.remotePort = port;
    this.earlyPackets = 0;
    this.learns = this.latching !== 'off' && port !== 0;
    this.hasLatched = false;
    if (!isFirst || (earlyIp === ip && earlyPort === port)) return 0;
    if (!this.learns) return earlyPackets;
    this.latch(earlyIp, earlyPort);
    return 0;
  }

  /** Nobody said where the far end is: the first packet tells it. What was learned so goes on. */
  await(): void {
    if (this.aimedPort === 0 && (this.learns || this.hasLatched)) return;
    this.aimedIp = 0;
    this.aimedPort = 0;
    this.remoteIp = 0;
    this.remotePort = 0;
    this.learns = true;
    this.hasLatched = false;
  }

  /** Whether packets go to another address than that of the description. */
  get isElsewhere(): boolean {
    return this.remoteIp !== this.aimedIp || this.remotePort !== this.aimedPort;
  }

  /** The length of the packet once it is opened; negative where it is not to be heard, which is counted here. */
  private open(session: SrtpSession, bytes: Uint8Array, offset: number, length: number): number {
    if (session.inbound === null) {
      this.watcher.onUnopened();
      return -1;
    }
    const opened = session.inbound.openRtp(bytes, offset, length);
    if (opened === REPLAYED) this.watcher.onReplayed();
    else if (opened < 0) this.watcher.onUnauthenticated();
    return opened;
  }

  /** Whether a packet is of the far end; the first one, and with `follow` a later one, says where that is. */
  private learn(ssrc: number, arrivalMs: number, sourceIp: number, sourcePort: number): boolean {
    if (!this.hasLatched) {
      this.latch(sourceIp, sourcePort);
    } else if (sourceIp !== this.remoteIp || sourcePort !== this.remotePort) {
      if (ssrc !== this.latchedSsrc && arrivalMs - this.lastArrivalMs < FOLLOW_AFTER_MS) return false;
      this.latch(sourceIp, sourcePort);
    }
    this.latchedSsrc = ssrc;
    this.lastArrivalMs = arrivalMs;
    return true;
  }

  private latch(ip: number, port: number): void {
    this.remoteIp = ip;
    this.remotePort = port;
    this.hasLatched = true;
    this.learns = this.latching === 'follow';
    this.watcher.onLatched(ip, port);
  }
}
