import type { Clock } from '../core/clock.js';
import type { Libc } from './libc.js';
import { type DatagramSink, type PacketMemory, parseIpv4, type UdpDriver, type UdpPort } from './udp.js';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SO_TIMESTAMPNS = 35;
const SO_RXQ_OVFL = 40;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const CLOCK_REALTIME = 0;
const MSG_TRUNC = 0x20;
const SOCKADDR_BYTES = 16;

const RECEIVE_BUFFER_BYTES = 512 * 1024;
const DATAGRAM_BYTES = 2048;
const CONTROL_BYTES = 128;
const MAX_EVENTS = 1024;
const RESAMPLE_MS = 1000;
const SOCKADDRS_PER_BLOCK = 256;

/** struct epoll_event is packed on x86-64 only. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const EVENT_DATA = process.arch === 'x64' ? 4 : 8;

// Layout of the driver's own block of native memory.
const HEADER = 0; // struct msghdr, 56 bytes
const VECTOR = 64; // struct iovec
const NAME = 80; // struct sockaddr_in
const SCRATCH = 96; // option values, timespec, sockaddr
const CONTROL = 128;
const DATAGRAM = CONTROL + CONTROL_BYTES;
const EVENTS = DATAGRAM + DATAGRAM_BYTES;
const BLOCK_BYTES = EVENTS + MAX_EVENTS * 16;

/**
 * UDP through the C library: one non-blocking socket a port, all in one epoll set that `poll` drains, arrival times by
 * SO_TIMESTAMPNS brought onto the run's clock.
 */
export class NativeDriver implements UdpDriver {
  readonly kind = 'native';
  readonly timestampSource = 'kernel';
  receiveDrops = 0;
  sendErrors = 0;

  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly base: number;
  private readonly received: PacketMemory;
  private readonly epoll: number;
  private readonly ports: (NativePort | null)[] = [];
  private readonly freeIndexes: number[] = [];
  private readonly sockaddrs: PacketMemory[] = [];
  /** What is added to a CLOCK_REALTIME time in ms, less `baseSeconds`, to bring it onto the run's clock. */
  private offsetMs = 0;
  private baseSeconds = 0;
  private sampledAtMs = Number.NEGATIVE_INFINITY;
  private open = true;

  constructor(
    readonly libc: Libc,
    private readonly clock: Clock,
  ) {
    const { buffer, base } = libc.allocate(BLOCK_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer, 0, BLOCK_BYTES >> 2);
    this.view = new DataView(buffer);
    this.base = base;
    this.received = { bytes: this.bytes, base };
    this.view.setBigUint64(HEADER, BigInt(base + NAME), true);
    this.view.setBigUint64(HEADER + 16, BigInt(base + VECTOR), true);
    this.view.setBigUint64(HEADER + 24, 1n, true);
    this.view.setBigUint64(HEADER + 32, BigInt(base + CONTROL), true);
    this.view.setBigUint64(VECTOR, BigInt(base + DATAGRAM), true);
    this.view.setBigUint64(VECTOR + 8, BigInt(DATAGRAM_BYTES), true);
    this.epoll = libc.epollCreate(EPOLL_CLOEXEC);
    if (this.epoll < 0) throw new Error(`epoll_create1: ${libc.errorName(libc.errno())}`);
    this.sampleClocks();
  }

  allocate(bytes: number): PacketMemory {
    const { buffer, base } = this.libc.allocate(bytes);
    return { bytes: new Uint8Array(buffer), base };
  }

  bind(address: string, port: number): UdpPort | string {
    const ip = parseIpv4(address);
    if (ip === null) return 'EADDRNOTAVAIL';
    const fd = this.libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return this.libc.errorName(this.libc.errno());
    const refusal = this.prepare(fd, ip, port);
    if (refusal !== '') {
      this.libc.close(fd);
      return refusal;
    }
    const index = this.freeIndexes.pop() ?? this.ports.length;
    const bound = new NativePort(this, fd, index, port === 0 ? this.portOf(fd) : port);
    this.ports[index] = bound;
    this.view.setUint32(SCRATCH, EPOLLIN, true);
    this.view.setUint32(SCRATCH + EVENT_DATA, index, true);
    if (this.libc.epollControl(this.epoll, EPOLL_CTL_ADD, fd, this.base + SCRATCH) < 0) {
      const error = this.libc.errorName(this.libc.errno());
      bound.close();
      return error;
    }
    return bound;
  }

  /** One datagram from each port that has any; what remains is read at the next call. */
  poll(): void {
    const nowMs = this.clock.now();
    if (nowMs - this.sampledAtMs >= RESAMPLE_MS) this.sampleClocks();
    let count: number;
    do {
      count = this.libc.epollWait(this.epoll, this.base + EVENTS, MAX_EVENTS, 0);
      for (let i = 0; i < count; i++) {
        const port = this.ports[this.words[(EVENTS + i * EVENT_BYTES + EVENT_DATA) >> 2]];
        if (port) this.receive(port);
      }
      // A full set means that more ports may wait.
    } while (count === MAX_EVENTS);
  }

  forget(port: NativePort): void {
    this.ports[port.index] = null;
    this.freeIndexes.push(port.index);
  }

  /** Memory for the port's struct sockaddr_in, which a later port with the same index takes over. */
  sockaddrOf(index: number): { view: DataView; base: number } {
    const block = Math.floor(index / SOCKADDRS_PER_BLOCK);
    while (this.sockaddrs.length <= block) this.sockaddrs.push(this.allocate(SOCKADDRS_PER_BLOCK * SOCKADDR_BYTES));
    const { bytes, base } = this.sockaddrs[block];
    const offset = (index % SOCKADDRS_PER_BLOCK) * SOCKADDR_BYTES;
    return { view: new DataView(bytes.buffer, bytes.byteOffset + offset, SOCKADDR_BYTES), base: base + offset };
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    for (const port of this.ports) port?.close();
    this.libc.close(this.epoll);
  }

  private prepare(fd: number, ip: number, port: number): string {
    this.view.setInt32(SCRATCH, RECEIVE_BUFFER_BYTES, true);
    // Beyond net.core.rmem_max only with CAP_NET_ADMIN; the plain option takes what it may.
    if (this.libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, this.base + SCRATCH, 4) < 0) {
      this.libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, this.base + SCRATCH, 4);
    }
    this.view.setInt32(SCRATCH, 1, true);
    this.libc.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, this.base + SCRATCH, 4);
    this.libc.setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, this.base + SCRATCH, 4);
    writeSockaddr(this.view, SCRATCH, ip, port);
    if (this.libc.bind(fd, this.base + SCRATCH, SOCKADDR_BYTES) < 0) return this.libc.errorName(this.libc.errno());
    return '';
  }

  private portOf(fd: number): number {
    this.view.setInt32(SCRATCH + SOCKADDR_BYTES, SOCKADDR_BYTES, true);
    this.libc.getsockname(fd, this.base + SCRATCH, this.base + SCRATCH + SOCKADDR_BYTES);
    return this.view.getUint16(SCRATCH + 2, false);
  }

  private receive(port: NativePort): void {
    const words = this.words;
    // The kernel overwrites these two with what it filled in.
    words[(HEADER + 8) >> 2] = SOCKADDR_BYTES;
    words[(HEADER + 40) >> 2] = CONTROL_BYTES;
    const length = this.libc.recvmsg(port.fd, this.base + HEADER, 0);
    if (length < 0) return;
    let arrivalMs = 0;
    const end = CONTROL + words[(HEADER + 40) >> 2];
    for (let at = CONTROL; at + 16 <= end; ) {
      // struct cmsghdr: length (8), level (4), type (4), data
      const cmsgBytes = words[at >> 2];
      if (cmsgBytes < 16) break;
      if (words[(at + 8) >> 2] === SOL_SOCKET) {
        const type = words[(at + 12) >> 2];
        if (type === SO_TIMESTAMPNS) {
          arrivalMs = (words[(at + 16) >> 2] - this.baseSeconds) * 1000 + words[(at + 24) >> 2] / 1e6 + this.offsetMs;
        } else if (type === SO_RXQ_OVFL) {
          const drops = words[(at + 16) >> 2] >>> 0;
          this.receiveDrops += (drops - port.drops) >>> 0;
          port.drops = drops;
        }
      }
      at += (cmsgBytes + 7) & ~7;
    }
    const sink = port.sink;
    if (sink === null) return;
    if (arrivalMs === 0) arrivalMs = this.clock.now();
    const bytes = this.bytes;
    const ip = ((bytes[NAME + 4] << 24) | (bytes[NAME + 5] << 16) | (bytes[NAME + 6] << 8) | bytes[NAME + 7]) >>> 0;
    const source = (bytes[NAME + 2] << 8) | bytes[NAME + 3];
    const whole = (words[(HEADER + 48) >> 2] & MSG_TRUNC) === 0;
    sink.onDatagram(this.received, DATAGRAM, whole ? length : 0, arrivalMs, ip, source);
  }

  /** Relates CLOCK_REALTIME to the run's clock: of five readings between two of ours the tightest counts. */
  private sampleClocks(): void {
    let tightestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      const before = this.clock.now();
      this.libc.clockGettime(CLOCK_REALTIME, this.base + SCRATCH);
      const after = this.clock.now();
      if (after - before >= tightestMs) continue;
      tightestMs = after - before;
      // Seconds fit 32 bits until 2038; from then on they are taken as unsigned by the difference to baseSeconds.
      this.baseSeconds = this.words[SCRATCH >> 2];
      this.offsetMs = (before + after) / 2 - this.words[(SCRATCH + 8) >> 2] / 1e6;
    }
    this.sampledAtMs = this.clock.now();
  }
}

class NativePort implements UdpPort {
  sink: DatagramSink | null = null;
  /** The socket's drop counter as last reported. */
  drops = 0;
  private open = true;
  private readonly address: { view: DataView; base: number };
  private addressIp = -1;
  private addressPort = -1;

  constructor(
    private readonly driver: NativeDriver,
    readonly fd: number,
    readonly index: number,
    readonly port: number,
  ) {
    this.address = driver.sockaddrOf(index);
  }

  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number): boolean {
    if (!this.open) return false;
    if (ip !== this.addressIp || port !== this.addressPort) this.aim(ip, port);
    const sent = this.driver.libc.sendto(this.fd, memory.base + offset, length, 0, this.address.base, SOCKADDR_BYTES);
    if (sent === length) return true;
    this.driver.sendErrors++;
    return false;
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.sink = null;
    this.driver.forget(this);
    // Closing the descriptor takes it out of the epoll set.
    this.driver.libc.close(this.fd);
  }

  private aim(ip: number, port: number): void {
    writeSockaddr(this.address.view, 0, ip, port);
    this.addressIp = ip;
    this.addressPort = port;
  }
}

/** struct sockaddr_in: family in host order, port and address in network order. */
function writeSockaddr(view: DataView, offset: number, ip: number, port: number): void {
  view.setUint16(offset, AF_INET, true);
  view.setUint16(offset + 2, port, false);
  view.setUint32(offset + 4, ip, false);
  view.setUint32(offset + 8, 0);
  view.setUint32(offset + 12, 0);
}
