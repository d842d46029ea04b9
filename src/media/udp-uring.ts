import type { Clock } from '../core/clock.js';
import { IoUring } from '../core/io-uring.js';
import { KernelTime } from '../core/kernel-time.js';
import type { Libc } from '../core/libc.js';
import { MSG_DONTWAIT, MSG_TRUNC } from '../core/linux-sockets.js';
import { type DatagramSink, PacketMemory, pacingHistogram, type UdpDriver, type UdpPort } from './udp.js';
import {
  addressIn,
  CONTROL_BYTES,
  ControlReader,
  portIn,
  SOCKADDR_BYTES,
  SocketOpener,
  writeSockaddr,
} from './udp-socket.js';

// Operations and flags of io_uring_enter(2).
const OP_RECVMSG = 10;
const OP_SEND = 26;
const BUFFER_SELECT = 1 << 5;
const CQE_SKIP_SUCCESS = 1 << 6;
const RECV_POLL_FIRST = 1 << 0;
const RECV_MULTISHOT = 1 << 1;
const CQE_BUFFER = 1 << 0;
const CQE_MORE = 1 << 1;
const BUFFER_GROUP = 0;

/** Datagrams sent by one system call. */
const BATCH = 64;
/** Those, and calls to receive that begin anew. */
const ENTRIES = 256;
const COMPLETIONS = 4096;
/** The kernel completes what some 20 sockets hold at a time, and at most 32 datagrams of each. */
const BUFFERS = 1024;
/** After so many datagrams it is time to send again: more than come while a batch is read, or what waits would only grow. */
const MOST_A_POLL = 8192;

const PAGE_BYTES = 4096;
const DATAGRAM_BYTES = 2048;
// A buffer that a datagram is received into: struct io_uring_recvmsg_out, address, control messages, datagram.
const CONTROL_LENGTH = 4;
const PAYLOAD_LENGTH = 8;
const FLAGS = 12;
const NAME = 16;
const CONTROL = NAME + SOCKADDR_BYTES;
const DATAGRAM = CONTROL + CONTROL_BYTES;
/** Not a power of two, so that the buffers do not share the same sets of the cache. */
const BUFFER_BYTES = DATAGRAM + DATAGRAM_BYTES;
/** A slot that a datagram is sent from: its address, then the datagram. */
const SEND_SLOT = SOCKADDR_BYTES + DATAGRAM_BYTES;

// The driver's block of memory. First the ring of buffers (struct io_uring_buf: address, length, number), page-aligned.
const RING_BYTES = BUFFERS * 16;
/** The ring's tail lies in its first entry, in 16-bit units. */
const RING_TAIL = 7;
const RECEIVES = RING_BYTES;
const SENDS = RECEIVES + BUFFERS * BUFFER_BYTES;
/** struct msghdr that tells how much room a buffer has for addresses and control messages. */
const HEADER = SENDS + BATCH * SEND_SLOT;
const BLOCK_BYTES = Math.ceil((HEADER + 56) / PAGE_BYTES) * PAGE_BYTES;

const LOOPBACK = (127 << 24) | 1;
const PROBE = PacketMemory.allocate(16);

/**
 * UDP through io_uring: a call to receive stands on each socket and fills buffers as datagrams come, and a batch of
 * datagrams of many sockets leaves by one system call. Arrival times as with epoll, by SO_TIMESTAMPNS.
 */
export class UringDriver implements UdpDriver {
  readonly kind = 'native';
  readonly timestampSource = 'kernel';
  receiveDrops = 0;
  sendErrors = 0;
  readonly pacingErrorMs = pacingHistogram();

  private readonly memory: PacketMemory;
  private readonly ring16: Uint16Array;
  private bufferTail = 0;
  private readonly ports: (UringPort | null)[] = [];
  private readonly freeIndexes: number[] = [];
  private generations = 0;
  /** Ports on which a call to receive could not yet be put, for want of an entry. */
  private deaf: UringPort[] = [];
  /** Datagrams that wait in the send slots. */
  private waiting = 0;
  private readonly sendDues = new Float64Array(BATCH);
  private readonly time: KernelTime;
  private readonly sockets: SocketOpener;
  private readonly control: ControlReader;
  private open = true;

  private constructor(
    private readonly libc: Libc,
    private readonly clock: Clock,
    private readonly uring: IoUring,
    block: ArrayBuffer,
    private readonly base: number,
  ) {
    this.memory = new PacketMemory(new Uint8Array(block));
    this.ring16 = new Uint16Array(block, 0, RING_BYTES >> 1);
    this.time = new KernelTime(libc, clock);
    this.sockets = new SocketOpener(libc);
    this.control = new ControlReader(this.time);
    const view = new DataView(block);
    view.setUint32(HEADER + 8, SOCKADDR_BYTES, true);
    view.setBigUint64(HEADER + 40, BigInt(CONTROL_BYTES), true);
    for (let id = 0; id < BUFFERS; id++) {
      const entry = id * 16;
      view.setBigUint64(entry, BigInt(base + RECEIVES + id * BUFFER_BYTES), true);
      view.setUint32(entry + 8, BUFFER_BYTES, true);
      view.setUint16(entry + 12, id, true);
    }
    this.bufferTail = BUFFERS;
    Atomics.store(this.ring16, RING_TAIL, this.bufferTail);
  }

  /** `null` where the kernel cannot do what is needed here, or forbids it; a datagram over loopback is the proof. */
  static open(libc: Libc, clock: Clock): UringDriver | null {
    const uring = IoUring.open(libc, ENTRIES, COMPLETIONS);
    if (uring === null) return null;
    const block = libc.map(BLOCK_BYTES, -1, 0);
    if (block && uring.registerBuffers(block.base, BUFFERS, BUFFER_GROUP)) {
      const driver = new UringDriver(libc, clock, uring, block.buffer, block.base);
      if (driver.works()) return driver;
    }
    uring.close();
    return null;
  }

  bind(address: string, port: number): UdpPort | string {
    const socket = this.sockets.open(address, port);
    if (typeof socket === 'string') return socket;
    const index = this.freeIndexes.pop() ?? this.ports.length;
    this.generations = (this.generations + 1) & 0x3fffffff || 1;
    const bound = new UringPort(this, socket.fd, index, this.generations, socket.port);
    this.ports[index] = bound;
    this.receiveOn(bound);
    return bound;
  }

  poll(): void {
    this.time.refresh(this.clock.now());
    if (this.deaf.length > 0) for (const port of this.deaf.splice(0)) if (port.open) this.receiveOn(port);
    // Sockets that have been read to the end already may be all that one turn looks at: two without anything end it.
    let empty = 0;
    for (let count = 0; empty < 2 && count < MOST_A_POLL; ) {
      this.uring.enter(true);
      const read = this.read();
      count += read;
      empty = read === 0 ? empty + 1 : 0;
    }
  }

  /** Puts a datagram into the next send slot. */
  enqueue(
    fd: number,
    source: PacketMemory,
    offset: number,
    length: number,
    ip: number,
    port: number,
    dueMs: number,
  ): void {
    const entry = length > DATAGRAM_BYTES ? -1 : this.nextEntry();
    if (entry < 0) {
      this.sendErrors++;
      return;
    }
    const index = this.waiting++;
    const slot = SENDS + index * SEND_SLOT;
    const addressLength = writeSockaddr(this.memory.words, slot >> 2, ip, port);
    this.memory.write(slot + SOCKADDR_BYTES, source, offset, length);
    const address = this.base + slot;
    const entries = this.uring.submissions;
    entries[entry] = OP_SEND | (CQE_SKIP_SUCCESS << 8);
    entries[entry + 1] = fd;
    entries[entry + 2] = address;
    entries[entry + 3] = address / 2 ** 32;
    entries[entry + 4] = address + SOCKADDR_BYTES;
    entries[entry + 5] = (address + SOCKADDR_BYTES) / 2 ** 32;
    entries[entry + 6] = length;
    entries[entry + 7] = MSG_DONTWAIT;
    // Data 0 marks what is not a call to receive: only a send that failed completes.
    entries[entry + 8] = 0;
    entries[entry + 9] = 0;
    entries[entry + 10] = 0;
    entries[entry + 11] = addressLength;
    this.sendDues[index] = dueMs;
    if (this.waiting === BATCH) this.flush();
  }

  /** Datagrams of a batch leave one after the other at an even pace, within the one system call. */
  flush(): void {
    const count = this.waiting;
    if (count === 0) return;
    const startMs = this.clock.now();
    this.uring.enter(false);
    const stepMs = (this.clock.now() - startMs) / count;
    for (let i = 0; i < count; i++) this.pacingErrorMs.record(startMs + (i + 1) * stepMs - this.sendDues[i]);
    this.waiting = 0;
  }

  enlarge(port: UringPort): void {
    this.sockets.enlarge(port.fd);
  }

  settleDrops(port: UringPort): void {
    this.noteDrops(port, this.sockets.dropsOf(port.fd));
  }

  /** Ends what stands on a port's socket and closes it; what waits to be sent goes first. */
  release(port: UringPort): void {
    this.flush();
    this.ports[port.index] = null;
    this.freeIndexes.push(port.index);
    // A call to receive that is not yet made would keep the socket open.
    this.uring.enter(false);
    this.uring.cancel(port.fd);
    this.libc.close(port.fd);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.flush();
    this.uring.enter(false);
    for (const port of this.ports) {
      if (port === null) continue;
      port.sink = null;
      port.open = false;
      this.libc.close(port.fd);
    }
    this.ports.length = 0;
    this.uring.cancel(-1);
    // What they completed makes room for the rest to complete.
    while (this.read() > 0) this.uring.enter(true);
    this.uring.close();
  }

  /** Whether a datagram that one port sends arrives at another, with address and time. */
  private works(): boolean {
    const from = this.bind('127.0.0.1', 0);
    const to = this.bind('127.0.0.1', 0);
    if (typeof from === 'string' || typeof to === 'string') return false;
    let arrived = false;
    to.sink = {
      onDatagram: (_memory, _offset, length, _arrivalMs, ip, port) => {
        arrived = length === PROBE.bytes.length && ip === LOOPBACK && port === from.port && this.control.arrivalMs > 0;
      },
    };
    this.uring.enter(false);
    from.send(PROBE, 0, PROBE.bytes.length, LOOPBACK, to.port, this.clock.now());
    this.flush();
    this.poll();
    from.close();
    to.close();
    this.pacingErrorMs.clear();
    return arrived && this.sendErrors === 0;
  }

  /** Lets a call to receive stand on a port's socket: it fills a buffer for each datagram until it is ended. */
  private receiveOn(port: UringPort): void {
    const entry = this.nextEntry();
    if (entry < 0) {
      this.deaf.push(port);
      return;
    }
    const entries = this.uring.submissions;
    const header = this.base + HEADER;
    entries[entry] = OP_RECVMSG | (BUFFER_SELECT << 8) | ((RECV_MULTISHOT | RECV_POLL_FIRST) << 16);
    entries[entry + 1] = port.fd;
    entries[entry + 2] = 0;
    entries[entry + 3] = 0;
    entries[entry + 4] = header;
    entries[entry + 5] = header / 2 ** 32;
    entries[entry + 6] = 1;
    entries[entry + 7] = 0;
    entries[entry + 8] = port.index;
    entries[entry + 9] = port.generation;
    entries[entry + 10] = BUFFER_GROUP;
    entries[entry + 11] = 0;
  }

  /** A free entry; where all are taken the kernel is made to take them first. */
  private nextEntry(): number {
    const entry = this.uring.next();
    if (entry >= 0) return entry;
    this.flush();
    this.uring.enter(false);
    return this.uring.next();
  }

  /** Hands over what has been completed. */
  private read(): number {
    const { uring, ports } = this;
    const { completions } = uring;
    const count = uring.waiting;
    for (let i = 0; i < count; i++) {
      const at = uring.take();
      const generation = completions[at + 1];
      if (generation === 0) {
        this.sendErrors++;
        continue;
      }
      const found = ports[completions[at]];
      const port = found && found.generation === generation ? found : null;
      const flags = completions[at + 3];
      if ((flags & CQE_BUFFER) !== 0) {
        const id = flags >>> 16;
        if (port && completions[at + 2] >= DATAGRAM) this.hand(port, RECEIVES + id * BUFFER_BYTES);
        this.giveBack(id);
      }
      // The call has ended: no buffer was free for it, or the port is being closed.
      if ((flags & CQE_MORE) === 0 && port) this.receiveOn(port);
    }
    if (count > 0) {
      uring.release();
      Atomics.store(this.ring16, RING_TAIL, this.bufferTail & 0xffff);
    }
    return count;
  }

  private giveBack(id: number): void {
    const { words } = this.memory;
    const entry = (this.bufferTail & (BUFFERS - 1)) * 4;
    const address = this.base + RECEIVES + id * BUFFER_BYTES;
    words[entry] = address;
    words[entry + 1] = address / 2 ** 32;
    words[entry + 2] = BUFFER_BYTES;
    this.ring16[2 * entry + 6] = id;
    this.bufferTail = (this.bufferTail + 1) & 0x3fffffff;
  }

  private hand(port: UringPort, buffer: number): void {
    const { words, bytes } = this.memory;
    const { control } = this;
    control.read(words, buffer + CONTROL, words[(buffer + CONTROL_LENGTH) >> 2]);
    if (control.drops >= 0) this.noteDrops(port, control.drops);
    const sink = port.sink;
    if (sink === null) return;
    const arrivalMs = control.arrivalMs === 0 ? this.clock.now() : control.arrivalMs;
    const name = buffer + NAME;
    const ip = addressIn(words, bytes, name);
    const source = portIn(bytes, name);
    const whole = (words[(buffer + FLAGS) >> 2] & MSG_TRUNC) === 0;
    const length = whole ? words[(buffer + PAYLOAD_LENGTH) >> 2] : 0;
    sink.onDatagram(this.memory, buffer + DATAGRAM, length, arrivalMs, ip, source);
  }

  /** Takes a socket's drop counter; datagrams that were queued before it was last asked tell an older one. */
  private noteDrops(port: UringPort, drops: number): void {
    const more = (drops - port.drops) | 0;
    if (more <= 0) return;
    this.receiveDrops += more;
    port.drops = drops;
  }
}

class UringPort implements UdpPort {
  sink: DatagramSink | null = null;
  /** The socket's drop counter as last reported. */
  drops = 0;
  open = true;

  constructor(
    private readonly driver: UringDriver,
    readonly fd: number,
    readonly index: number,
    /** Tells this port's completions from those of one that had its index before. */
    readonly generation: number,
    readonly port: number,
  ) {}

  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number, dueMs: number): void {
    if (this.open) this.driver.enqueue(this.fd, memory, offset, length, ip, port, dueMs);
  }

  carryMany(): void {
    if (this.open) this.driver.enlarge(this);
  }

  settleDrops(): void {
    if (this.open) this.driver.settleDrops(this);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.sink = null;
    this.driver.release(this);
  }
}
