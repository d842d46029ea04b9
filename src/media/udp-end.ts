import { isRtp } from '../rtp/packet.js';
import type { Direction, End } from './path.js';
import type { DatagramSink, PacketMemory, UdpPort } from './udp.js';

/** Hears of datagrams that never enter the path. */
export interface SourceWatcher {
  onMalformed(): void;
  onWrongSource(): void;
}

/** An end of a path that is a UDP port: what comes from the negotiated far end enters, what comes out is sent to it. */
export class UdpEnd implements End, DatagramSink {
  /** The direction that starts here; set before the port is listened to. */
  inbound: Direction | null = null;
  /** The far end; port 0 while it is not known. Until then packets are taken from anywhere (RFC 3264, section 5.1). */
  remoteIp = 0;
  remotePort = 0;
  /** Where the packets came from that were taken before the far end was known. */
  private earlyIp = 0;
  private earlyPort = 0;
  private earlyPackets = 0;

  constructor(
    private readonly port: UdpPort,
    private readonly watcher: SourceWatcher,
  ) {}

  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void {
    if (!isRtp(memory.bytes, offset, length)) {
      this.watcher.onMalformed();
      return;
    }
    if (this.remotePort === 0) {
      this.earlyIp = sourceIp;
      this.earlyPort = sourcePort;
      this.earlyPackets++;
    } else if (sourceIp !== this.remoteIp || sourcePort !== this.remotePort) {
      this.watcher.onWrongSource();
      return;
    }
    this.inbound?.forward(memory, offset, length, arrivalMs);
  }

  deliver(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    if (this.remotePort === 0) return;
    this.port.send(memory, offset, length, this.remoteIp, this.remotePort, dueMs);
  }

  /** Sets the far end. The result counts the packets taken before that came from elsewhere, 0 from the second time on. */
  aim(ip: number, port: number): number {
    const strangers =
      this.remotePort === 0 && this.earlyPackets > 0 && (this.earlyIp !== ip || this.earlyPort !== port)
        ? this.earlyPackets
        : 0;
    this.remoteIp = ip;
    this.remotePort = port;
    this.earlyPackets = 0;
    return strangers;
  }
}
