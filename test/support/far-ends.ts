import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeRtpHeader } from '../../src/rtp/packet.js';

const PTIME_MS = 20;
const PACKET_BYTES = 172;

/** A far end of a relayed path: an RTP port of a loopback address that sends G.711-sized packets and keeps what comes. */
export class FarEnd {
  /** Sequence numbers in the order in which they came. */
  readonly came: number[] = [];
  private sent = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly address: string,
    readonly port: number,
    private readonly ssrc: number,
  ) {
    socket.on('message', (message) => {
      if (message.length === PACKET_BYTES) this.came.push(message.readUInt16BE(2));
    });
  }

  static async open(port: number, ssrc: number, address = '127.0.0.1'): Promise<FarEnd> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(port, address);
    await once(socket, 'listening');
    return new FarEnd(socket, address, socket.address().port, ssrc);
  }

  /** Sends one packet to a port of its own address. */
  send(port: number): void {
    const packet = Buffer.alloc(PACKET_BYTES);
    writeRtpHeader(packet, 0, false, 0, this.sent & 0xffff, this.sent * 160, this.ssrc);
    this.sent++;
    this.socket.send(packet, port, this.address);
  }

  /** Sends anything to a port of its own address. */
  sendRaw(bytes: Uint8Array, port: number): void {
    this.socket.send(bytes, port, this.address);
  }

  close(): void {
    this.socket.close();
  }
}

/** So many packets from each end, one every 20 ms. */
export async function talk(count: number, ...ends: { end: FarEnd; to: number }[]): Promise<void> {
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    for (const { end, to } of ends) end.send(to);
    const waitMs = startMs + (i + 1) * PTIME_MS - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
