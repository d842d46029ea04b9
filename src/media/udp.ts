import { LinearHistogram } from '../core/linear-histogram.js';

/** Memory that packets live in, seen as bytes and as words: packets that start on a word are copied word by word. */
export class PacketMemory {
  readonly words: Int32Array;

  /** @param bytes starting and ending on a multiple of four of its buffer, unless it is only read by bytes */
  constructor(readonly bytes: Uint8Array) {
    const aligned = (bytes.byteOffset & 3) === 0;
    this.words = aligned ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2) : new Int32Array(0);
  }

  static allocate(byteLength: number): PacketMemory {
    return new PacketMemory(new Uint8Array((byteLength + 3) & ~3));
  }

  /** Copies a packet here. A loop of words is several times as fast as one of bytes, and nothing is allocated. */
  write(at: number, source: PacketMemory, offset: number, length: number): void {
    let copied = 0;
    if (((at | offset) & 3) === 0) {
      const from = source.words;
      const to = this.words;
      const first = offset >> 2;
      const target = at >> 2;
      const count = Math.min(length >> 2, from.length - first);
      for (let i = 0; i < count; i++) to[target + i] = from[first + i];
      copied = count > 0 ? count << 2 : 0;
    }
    const from = source.bytes;
    const to = this.bytes;
    for (let i = copied; i < length; i++) to[at + i] = from[offset + i];
  }
}

/** Takes the datagrams of a port. `memory` belongs to the driver and is valid during the call only; it may be written to. */
export interface DatagramSink {
  /**
   * `length` 0 stands for a datagram that was too long to be read. `arrivalMs` is the kernel's receive time where the
   * driver has it. `sourceIp` is the address as a number (see `addresses.ts`).
   */
  onDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    arrivalMs: number,
    sourceIp: number,
    sourcePort: number,
  ): void;
}

/** A bound UDP port. What arrives while `sink` is `null` is read and thrown away. */
export interface UdpPort {
  readonly port: number;
  sink: DatagramSink | null;
  /**
   * Sends a datagram by the next `flush` at the latest; the memory is free again at once. `dueMs` is when it should have
   * left.
   */
  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number, dueMs: number): void;
  /**
   * Says where the far end is, which SSRCs its description announced, and when: a share of a port that many calls have takes
   * only what it knows to be the call's. A port of a call's own has no need of it. Port 0 expects nothing.
   */
  expect?(ip: number, port: number, announced: readonly number[], nowMs: number): void;
  /** Many calls will share this port: its buffers in the kernel have to be as large as they may be. */
  carryMany(): void;
  /** Brings the driver's count of drops up to date: the kernel tells of one only with the next datagram. */
  settleDrops(): void;
  close(): void;
}

/** Opens UDP ports and reads them. Belongs to one thread. */
export interface UdpDriver {
  readonly kind: 'native' | 'dgram';
  readonly timestampSource: 'kernel' | 'user';
  /** Datagrams that the kernel dropped on our ports for want of buffer space. */
  readonly receiveDrops: number;
  readonly sendErrors: number;
  /** How far behind its due time each datagram left, in ms. */
  readonly pacingErrorMs: LinearHistogram;
  /** Binds an address and port; a string is the system's error code (`EADDRINUSE`, `EMFILE` …). */
  bind(address: string, port: number): UdpPort | string;
  /** Reads what waits in the sockets into the sinks; does nothing where the driver is called back by the event loop. */
  poll(): void;
  /** Sends what has been collected. */
  flush(): void;
  close(): void;
}

const PACING_BUCKET_MS = 0.05;
const PACING_BUCKETS = 2000;

/** The histogram that a driver records its pacing error into: 0.05 ms wide buckets up to 100 ms. */
export function pacingHistogram(): LinearHistogram {
  return new LinearHistogram(PACING_BUCKET_MS, PACING_BUCKETS);
}

/** A dotted IPv4 address as a signed 32-bit number; `null` for anything else. */
export function parseIpv4(address: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (!match) return null;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const part = Number(match[i]);
    if (part > 255) return null;
    value = value * 256 + part;
  }
  return value | 0;
}

/** The dotted form of a 32-bit number. */
export function formatIpv4(ip: number): string {
  return `${ip >>> 24}.${(ip >>> 16) & 0xff}.${(ip >>> 8) & 0xff}.${ip & 0xff}`;
}
