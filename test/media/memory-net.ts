import type { ManualClock } from '../../src/core/clock.js';
import type { LinearHistogram } from '../../src/core/linear-histogram.js';
import {
  type DatagramSink,
  PacketMemory,
  pacingHistogram,
  parseIpv4,
  type UdpDriver,
  type UdpPort,
} from '../../src/media/udp.js';

/** The first port that a bind to port 0 gets. */
const FIRST_CHOSEN = 60_000;

interface Datagram {
  bytes: Uint8Array;
  atMs: number;
  sourceIp: number;
  sourcePort: number;
}

/** A network without loss: what a port sends is in the queue of the port it was sent to, and is read after `latencyMs`. */
export class MemoryNet {
  readonly ports = new Map<string, MemoryPort>();
  /** Ports that somebody else holds. */
  readonly taken = new Set<number>();
  /** Ports that may still be bound before the system refuses. */
  descriptors = Number.POSITIVE_INFINITY;
  latencyMs = 0;

  constructor(readonly clock: ManualClock) {}

  /** A bound port. */
  port(address: string, port: number): MemoryPort {
    return this.ports.get(`${parseIpv4(address)}:${port}`)!;
  }

  /** Binds a port that belongs to no driver: `onQueued` alone sees what comes. */
  open(address: string, port: number): MemoryPort {
    const bound = new MemoryPort(this, pacingHistogram(), parseIpv4(address) ?? 0, port);
    this.ports.set(`${parseIpv4(address)}:${port}`, bound);
    return bound;
  }

  driver(): MemoryDriver {
    return new MemoryDriver(this);
  }

  /** Sends bytes from an address that no driver has bound. */
  inject(bytes: Uint8Array, from: string, fromPort: number, to: string, toPort: number, atMs = this.clock.now()): void {
    const target = this.ports.get(`${parseIpv4(to)}:${toPort}`);
    target?.queue.push({ bytes, atMs, sourceIp: parseIpv4(from) ?? 0, sourcePort: fromPort });
  }
}

export class MemoryDriver implements UdpDriver {
  readonly kind = 'native';
  readonly timestampSource = 'kernel';
  readonly receiveDrops = 0;
  sendErrors = 0;
  readonly pacingErrorMs = pacingHistogram();
  private readonly bound: MemoryPort[] = [];

  constructor(readonly net: MemoryNet) {}

  bind(address: string, port: number): UdpPort | string {
    for (let chosen = FIRST_CHOSEN; port === 0; chosen++)
      if (!this.net.ports.has(`${parseIpv4(address)}:${chosen}`)) port = chosen;
    const key = `${parseIpv4(address)}:${port}`;
    if (this.net.taken.has(port) || this.net.ports.has(key)) return 'EADDRINUSE';
    if (this.net.descriptors-- <= 0) return 'EMFILE';
    const bound = new MemoryPort(this.net, this.pacingErrorMs, parseIpv4(address) ?? 0, port);
    this.net.ports.set(key, bound);
    this.bound.push(bound);
    return bound;
  }

  poll(): void {
    for (const port of this.bound) port.drain();
  }

  flush(): void {}

  close(): void {
    for (const port of this.bound) port.close();
  }
}

export class MemoryPort implements UdpPort {
  sink: DatagramSink | null = null;
  queue: Datagram[] = [];
  /** Sees what is sent here. */
  onQueued: ((bytes: Uint8Array) => void) | null = null;

  constructor(
    private readonly net: MemoryNet,
    private readonly pacingErrorMs: LinearHistogram,
    private readonly ip: number,
    readonly port: number,
  ) {}

  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number, dueMs: number): void {
    const bytes = memory.bytes.slice(offset, offset + length);
    const target = this.net.ports.get(`${ip}:${port}`);
    const atMs = this.net.clock.now() + this.net.latencyMs;
    target?.queue.push({ bytes, atMs, sourceIp: this.ip, sourcePort: this.port });
    target?.onQueued?.(bytes);
    this.pacingErrorMs.record(this.net.clock.now() - dueMs);
  }

  carryMany(): void {}

  settleDrops(): void {}

  drain(): void {
    const nowMs = this.net.clock.now();
    const waiting = this.queue.filter(({ atMs }) => atMs <= nowMs);
    this.queue = this.queue.filter(({ atMs }) => atMs > nowMs);
    for (const { bytes, atMs, sourceIp, sourcePort } of waiting) {
      this.sink?.onDatagram(new PacketMemory(bytes), 0, bytes.length, atMs, sourceIp, sourcePort);
    }
  }

  close(): void {
    this.net.ports.delete(`${this.ip}:${this.port}`);
    this.sink = null;
  }
}
