import type { Clock } from '../core/clock.js';
import { KernelTime } from '../core/kernel-time.js';
import type { Libc } from '../core/libc.js';
import {
  AF_INET,
  MSG_DONTWAIT,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from '../core/linux-sockets.js';
import { Departures } from './departures.js';
import { type AddressFault, addressFault, reachableAddress } from './local-address.js';
import { RefusalProbe } from './refusal-probe.js';
import type { DepartureListener, Peer, Transport, TransportErrorListener, TransportReceiver } from './transport.js';
import type { UdpOptions } from './udp-options.js';
import { UdpSendBatch, writeAddress } from './udp-send-batch.js';

const SOCKADDR_BYTES = 16;

const BUFFER_BYTES = 8 * 1024 * 1024;
/** How often the socket is looked at while nothing comes. Arrival times are the kernel's, so this delays, not distorts. */
const POLL_MS = 1;
/** Read in one turn of the event loop: what waits besides, a call that is to start above all, waits a millisecond at most. */
const BATCH = 16;
const MESSAGE_BYTES = 65_536;
/** Addresses remembered in either direction; senders can make up as many as they like. */
const MAX_ADDRESSES = 16_384;

// struct mmsghdr: msghdr (56 bytes), then the length received; one after the other, as recvmmsg wants them.
const HEADER_BYTES = 64;
const NAME_LENGTH = 8;
const CONTROL_LENGTH = 40;
const RECEIVED_LENGTH = 56;
const CONTROL_BYTES = 64;
const HEADERS = 0;
const VECTORS = HEADERS + BATCH * HEADER_BYTES;
const NAMES = VECTORS + BATCH * 16;
const CONTROLS = NAMES + BATCH * SOCKADDR_BYTES;
const MESSAGES = CONTROLS + BATCH * CONTROL_BYTES;
const OWN_ADDRESS = MESSAGES + BATCH * MESSAGE_BYTES;
const SCRATCH = OWN_ADDRESS + SOCKADDR_BYTES;
const BLOCK_BYTES = SCRATCH + 16;

/**
 * SIP over UDP (RFC 3261 18) on one unconnected IPv4 socket through the C library: messages are sent and read in
 * batches, and each carries the kernel's arrival time.
 */
export class UdpNativeTransport implements Transport {
  readonly protocol = 'udp' as const;
  readonly reliable = false;
  readonly local: Peer;
  readonly advertised: Peer;

  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly base: number;
  private readonly time: KernelTime;
  private readonly probes = new RefusalProbe();
  private readonly batch: UdpSendBatch;
  private readonly numbers = new Map<string, number>();
  private readonly dotted = new Map<number, string>();
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;
  private closed = false;

  private constructor(
    private readonly libc: Libc,
    private readonly clock: Clock,
    private readonly fd: number,
    private readonly receiver: TransportReceiver,
    block: { buffer: ArrayBuffer; base: number },
    local: Peer,
    advertise: string | undefined,
    private readonly departures: Departures | null,
  ) {
    this.bytes = new Uint8Array(block.buffer);
    this.words = new Int32Array(block.buffer);
    this.view = new DataView(block.buffer);
    this.base = block.base;
    this.local = local;
    this.advertised = { address: advertise ?? reachableAddress(local.address), port: local.port };
    this.time = new KernelTime(libc, clock);
    this.batch = new UdpSendBatch(libc, fd);
    for (let i = 0; i < BATCH; i++) {
      const header = HEADERS + i * HEADER_BYTES;
      const vector = VECTORS + i * 16;
      this.view.setBigUint64(header, BigInt(this.base + NAMES + i * SOCKADDR_BYTES), true);
      this.view.setBigUint64(header + 16, BigInt(this.base + vector), true);
      this.view.setBigUint64(header + 24, 1n, true);
      this.view.setBigUint64(header + 32, BigInt(this.base + CONTROLS + i * CONTROL_BYTES), true);
      this.view.setBigUint64(vector, BigInt(this.base + MESSAGES + i * MESSAGE_BYTES), true);
      this.view.setBigUint64(vector + 8, BigInt(MESSAGE_BYTES), true);
      this.readyHeader(i);
    }
    this.poll();
  }

  /** Binds; port 0 takes a free one. @throws AppError PORT_TAKEN, ADDRESS_UNUSABLE */
  static open(libc: Libc, clock: Clock, options: UdpOptions): UdpNativeTransport {
    const { address, port, advertise, receiver, departures } = options;
    const fail = (fd: number): AddressFault => {
      const code = libc.errorName(libc.errno());
      if (fd >= 0) libc.close(fd);
      return addressFault(address, port, code);
    };
    const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw fail(fd);
    const block = libc.allocate(BLOCK_BYTES);
    const view = new DataView(block.buffer);
    const scratch = block.base + SCRATCH;
    const set = (name: number, value: number): number => {
      view.setInt32(SCRATCH, value, true);
      return libc.setsockopt(fd, SOL_SOCKET, name, scratch, 4);
    };
    // Beyond the system's limit only with CAP_NET_ADMIN; the plain option takes what it may.
    if (set(SO_RCVBUFFORCE, BUFFER_BYTES) < 0) set(SO_RCVBUF, BUFFER_BYTES);
    if (set(SO_SNDBUFFORCE, BUFFER_BYTES) < 0) set(SO_SNDBUF, BUFFER_BYTES);
    set(SO_TIMESTAMPNS, 1);
    writeAddress(view, OWN_ADDRESS, ipv4Number(address)!, port);
    if (libc.bind(fd, block.base + OWN_ADDRESS, SOCKADDR_BYTES) < 0) throw fail(fd);
    view.setInt32(SCRATCH, SOCKADDR_BYTES, true);
    libc.getsockname(fd, block.base + OWN_ADDRESS, scratch);
    const local = { address, port: view.getUint16(OWN_ADDRESS + 2, false) };
    const ring = departures ? new Departures(departures, libc.errorName) : null;
    return new UdpNativeTransport(libc, clock, fd, receiver, block, local, advertise, ring);
  }

  send(message: Buffer, address: string, port: number, onError: TransportErrorListener | null): void {
    if (this.closed) return;
    const ip = this.numberOf(address);
    if (ip !== null) this.batch.add(message, ip, port, onError);
    else if (onError) queueMicrotask(() => onError.onTransportError('EAFNOSUPPORT'));
  }

  depart(message: Buffer, address: string, port: number, dueMs: number, listener: DepartureListener): boolean {
    if (this.closed || this.departures === null) return false;
    const ip = this.numberOf(address);
    return ip !== null && this.departures.lay(this.fd, message, ip, port, dueMs, listener);
  }

  probe(peer: Peer, onRefused: (reason: string) => void): void {
    if (!this.closed) this.probes.probe(peer, onRefused);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.batch.flush();
    this.closed = true;
    this.departures?.drop(this.fd);
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.probes.close();
    this.libc.close(this.fd);
  }

  private poll(): void {
    // What is read may take a while.
    this.batch.flush();
    this.time.refresh(this.clock.now());
    const count = this.libc.recvmmsg(this.fd, this.base + HEADERS, BATCH, MSG_DONTWAIT, 0);
    // After the read and before what was read is told: whatever that answers has left by now.
    this.departures?.collect();
    for (let i = 0; i < count && !this.closed; i++) this.hand(i);
    if (this.closed) return;
    if (count === BATCH) this.immediate = setImmediate(() => this.poll());
    else this.timer = setTimeout(() => this.poll(), POLL_MS);
  }

  private numberOf(address: string): number | null {
    const known = this.numbers.get(address);
    if (known !== undefined) return known;
    const number = ipv4Number(address);
    if (number === null) return null;
    if (this.numbers.size >= MAX_ADDRESSES) this.numbers.clear();
    this.numbers.set(address, number);
    return number;
  }

  private hand(i: number): void {
    const { words } = this;
    const name = NAMES + i * SOCKADDR_BYTES;
    const ip = this.view.getInt32(name + 4, false);
    let address = this.dotted.get(ip);
    if (address === undefined) {
      address = `${ip >>> 24}.${(ip >>> 16) & 0xff}.${(ip >>> 8) & 0xff}.${ip & 0xff}`;
      if (this.dotted.size >= MAX_ADDRESSES) this.dotted.clear();
      this.dotted.set(ip, address);
    }
    const control = (CONTROLS + i * CONTROL_BYTES) >> 2;
    const stamped = words[control + 2] === SOL_SOCKET && words[control + 3] === SO_TIMESTAMPNS;
    const arrivalMs = stamped ? this.time.toRunMs(words[control + 4], words[control + 6]) : this.clock.now();
    const length = words[(HEADERS + i * HEADER_BYTES + RECEIVED_LENGTH) >> 2];
    const data = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + MESSAGES + i * MESSAGE_BYTES, length);
    const port = this.view.getUint16(name + 2, false);
    this.readyHeader(i);
    this.receiver.onMessage(data, { address, port, transport: this }, arrivalMs);
  }

  /** What the kernel overwrote in a header is set anew. */
  private readyHeader(i: number): void {
    const header = HEADERS + i * HEADER_BYTES;
    this.words[(header + NAME_LENGTH) >> 2] = SOCKADDR_BYTES;
    this.words[(header + CONTROL_LENGTH) >> 2] = CONTROL_BYTES;
    this.words[(CONTROLS + i * CONTROL_BYTES + 12) >> 2] = 0;
  }
}

/** A dotted IPv4 address as a 32-bit number; `null` for anything else. */
function ipv4Number(address: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (!match) return null;
  const parts = match.slice(1).map(Number);
  return parts.some((part) => part > 255) ? null : (parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3];
}
