import type { Clock } from '../core/clock.js';
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

const EPOLL_CLOEXEC = 0o2000000;
const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const MAX_EVENTS = 1024;
/**
 * Datagrams that are read, or sent, in a row. After each system call the processor has to warm up to our own code again,
 * so calls and work are kept apart: first all calls of a batch, then all work, or the reverse.
 */
const BATCH = 64;
/** The clock is read for every so many datagrams sent (some 3 µs each). */
const SENDS_A_CLOCK = 4;

/** struct epoll_event is packed on x86-64 only; its data is the descriptor and, above it, the port's index. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const EVENT_DATA = EVENT_WORDS - 2;

/** A port that many calls share is read in so many batches at most before it is time to send again. */
const MOST_BATCHES = 128;

/** struct mmsghdr: struct msghdr (56 bytes), then the length that was received. */
const HEADER_BYTES = 64;
const RECEIVED_LENGTH = 56;
// A slot that a datagram is received into, in bytes from its start.
const VECTOR = 0; // struct iovec
const NAME = 16; // struct sockaddr_in or sockaddr_in6
const CONTROL = NAME + SOCKADDR_BYTES;
const DATAGRAM = CONTROL + CONTROL_BYTES;
const DATAGRAM_BYTES = 2048;
const RECEIVE_SLOT = DATAGRAM + DATAGRAM_BYTES;
// Fields of struct msghdr that the kernel overwrites.
const NAME_LENGTH = 8;
const CONTROL_LENGTH = 40;
const FLAGS = 48;
// A slot that a datagram is sent from: its address, then the datagram.
const SEND_SLOT = SOCKADDR_BYTES + DATAGRAM_BYTES;

// The driver's block of native memory: headers, and the slots that they point to.
const RECEIVES = BATCH * HEADER_BYTES;
const SENDS = RECEIVES + BATCH * RECEIVE_SLOT;
const EVENTS = SENDS + BATCH * SEND_SLOT;
const EVENT = EVENTS + MAX_EVENTS * 16; // the one that is added
const BLOCK_BYTES = EVENT + 16;

/**
 * UDP through the C library: one non-blocking socket a port, all in one epoll set that `poll` drains, arrival times by
 * SO_TIMESTAMPNS brought onto the run's clock.
 */
export class EpollDriver implements UdpDriver {
  readonly kind = 'native';
  readonly timestampSource = 'kernel';
  receiveDrops = 0;
  sendErrors = 0;

  readonly pacingErrorMs = pacingHistogram();

  private readonly memory: PacketMemory;
  private readonly view: DataView;
  private readonly base: number;
  private readonly epoll: number;
  private readonly ports: (EpollPort | null)[] = [];
  private readonly freeIndexes: number[] = [];
  /** Those that many calls share: they have something to read at each poll. */
  private crowded: EpollPort[] = [];
  private readonly receivedLengths = new Int32Array(BATCH);
  /** Datagrams that wait in the send slots. */
  private waiting = 0;
  private readonly sendDescriptors = new Int32Array(BATCH);
  private readonly sendLengths = new Int32Array(BATCH);
  private readonly sendAddressLengths = new Int32Array(BATCH);
  private readonly sendDues = new Float64Array(BATCH);
  private readonly time: KernelTime;
  private readonly sockets: SocketOpener;
  private readonly control: ControlReader;
  private open = true;

  constructor(
    private readonly libc: Libc,
    private readonly clock: Clock,
  ) {
    const { buffer, base } = libc.allocate(BLOCK_BYTES);
    this.memory = new PacketMemory(new Uint8Array(buffer));
    this.view = new DataView(buffer);
    this.base = base;
    for (let i = 0; i < BATCH; i++) {
      const header = i * HEADER_BYTES;
      const slot = RECEIVES + i * RECEIVE_SLOT;
      this.view.setBigUint64(header, BigInt(base + slot + NAME), true);
      this.view.setBigUint64(header + NAME_LENGTH, BigInt(SOCKADDR_BYTES), true);
      this.view.setBigUint64(header + 16, BigInt(base + slot + VECTOR), true);
      this.view.setBigUint64(header + 24, 1n, true);
      this.view.setBigUint64(header + 32, BigInt(base + slot + CONTROL), true);
      this.view.setBigUint64(header + CONTROL_LENGTH, BigInt(CONTROL_BYTES), true);
      this.view.setBigUint64(slot + VECTOR, BigInt(base + slot + DATAGRAM), true);
      this.view.setBigUint64(slot + VECTOR + 8, BigInt(DATAGRAM_BYTES), true);
    }
    this.epoll = libc.epollCreate(EPOLL_CLOEXEC);
    if (this.epoll < 0) throw new Error(`epoll_create1: ${libc.errorName(libc.errno())}`);
    this.time = new KernelTime(libc, clock);
    this.sockets = new SocketOpener(libc);
    this.control = new ControlReader(this.time);
  }

  bind(address: string, port: number): UdpPort | string {
    const socket = this.sockets.open(address, port);
    if (typeof socket === 'string') return socket;
    const { fd } = socket;
    const index = this.freeIndexes.pop() ?? this.ports.length;
    const bound = new EpollPort(this, fd, index, socket.port);
    this.ports[index] = bound;
    this.view.setUint32(EVENT, EPOLLIN, true);
    this.view.setInt32(EVENT + 4 * EVENT_DATA, fd, true);
    this.view.setInt32(EVENT + 4 * EVENT_DATA + 4, index, true);
    if (this.libc.epollControl(this.epoll, EPOLL_CTL_ADD, fd, this.base + EVENT) < 0) {
      const error = this.libc.errorName(this.libc.errno());
      bound.close();
      return error;
    }
    return bound;
  }

  /** One datagram from each port that has any; what remains is read at the next call. A shared port is read to its end. */
  poll(): void {
    this.time.refresh(this.clock.now());
    let count: number;
    do {
      count = this.libc.epollWait(this.epoll, this.base + EVENTS, MAX_EVENTS, 0);
      for (let first = 0; first < count; first += BATCH) this.receive(first, Math.min(BATCH, count - first));
      // A full set means that more ports may wait.
    } while (count === MAX_EVENTS);
    for (const port of this.crowded) this.drain(port);
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
    if (length > DATAGRAM_BYTES) {
      this.sendErrors++;
      return;
    }
    const index = this.waiting++;
    const slot = SENDS + index * SEND_SLOT;
    this.sendAddressLengths[index] = writeSockaddr(this.memory.words, slot >> 2, ip, port);
    this.memory.write(slot + SOCKADDR_BYTES, source, offset, length);
    this.sendDescriptors[index] = fd;
    this.sendLengths[index] = length;
    this.sendDues[index] = dueMs;
    if (this.waiting === BATCH) this.flush();
  }

  flush(): void {
    const count = this.waiting;
    if (count === 0) return;
    const { libc, sendDescriptors, sendLengths, sendAddressLengths } = this;
    let leftMs = 0;
    for (let i = 0; i < count; i++) {
      const address = this.base + SENDS + i * SEND_SLOT;
      const length = sendLengths[i];
      const addressLength = sendAddressLengths[i];
      const sent = libc.sendto(sendDescriptors[i], address + SOCKADDR_BYTES, length, 0, address, addressLength);
      if (sent !== length) this.sendErrors++;
      if (i % SENDS_A_CLOCK === 0) leftMs = this.clock.now();
      this.pacingErrorMs.record(leftMs - this.sendDues[i]);
    }
    this.waiting = 0;
  }

  /** A port that many calls share: it leaves the epoll set, since it always has something. */
  crowd(port: EpollPort): void {
    this.sockets.enlarge(port.fd);
    if (this.libc.epollControl(this.epoll, EPOLL_CTL_DEL, port.fd, this.base + EVENT) === 0) this.crowded.push(port);
  }

  settleDrops(port: EpollPort): void {
    this.noteDrops(port, this.sockets.dropsOf(port.fd));
  }

  /** Closes a port's socket, which also takes it out of the epoll set; what waits to be sent goes first. */
  release(port: EpollPort): void {
    this.flush();
    this.ports[port.index] = null;
    this.freeIndexes.push(port.index);
    this.crowded = this.crowded.filter((other) => other !== port);
    this.libc.close(port.fd);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    for (const port of this.ports) port?.close();
    this.libc.close(this.epoll);
  }

  /** Reads a datagram for each of `count` events, then hands them over. */
  private receive(firstEvent: number, count: number): void {
    const { words } = this.memory;
    const { libc, receivedLengths } = this;
    let event = (EVENTS >> 2) + firstEvent * EVENT_WORDS + EVENT_DATA;
    for (let i = 0; i < count; i++) {
      receivedLengths[i] = libc.recvmsg(words[event], this.base + i * HEADER_BYTES, 0);
      event += EVENT_WORDS;
    }
    event = (EVENTS >> 2) + firstEvent * EVENT_WORDS + EVENT_DATA;
    for (let i = 0; i < count; i++) {
      const port = this.ports[words[event + 1]];
      if (port && receivedLengths[i] >= 0) this.hand(port, i, receivedLengths[i]);
      this.renew(i);
      event += EVENT_WORDS;
    }
  }

  /** Reads all that waits at a port, in batches. */
  private drain(port: EpollPort): void {
    const { words } = this.memory;
    let count = BATCH;
    for (let batches = 0; count === BATCH && batches < MOST_BATCHES; batches++) {
      count = this.libc.recvmmsg(port.fd, this.base, BATCH, MSG_DONTWAIT, 0);
      for (let i = 0; i < count; i++) {
        this.hand(port, i, words[(i * HEADER_BYTES + RECEIVED_LENGTH) >> 2]);
        this.renew(i);
      }
    }
  }

  /** Makes the header of a slot ready for the next datagram. */
  private renew(index: number): void {
    const { words } = this.memory;
    words[(index * HEADER_BYTES + NAME_LENGTH) >> 2] = SOCKADDR_BYTES;
    words[(index * HEADER_BYTES + CONTROL_LENGTH) >> 2] = CONTROL_BYTES;
  }

  private hand(port: EpollPort, index: number, length: number): void {
    const { words, bytes } = this.memory;
    const { control } = this;
    const header = index * HEADER_BYTES;
    const slot = RECEIVES + index * RECEIVE_SLOT;
    control.read(words, slot + CONTROL, words[(header + CONTROL_LENGTH) >> 2]);
    if (control.drops >= 0) this.noteDrops(port, control.drops);
    const sink = port.sink;
    if (sink === null) return;
    const arrivalMs = control.arrivalMs === 0 ? this.clock.now() : control.arrivalMs;
    const name = slot + NAME;
    const ip = addressIn(words, bytes, name);
    const source = portIn(bytes, name);
    const whole = (words[(header + FLAGS) >> 2] & MSG_TRUNC) === 0;
    sink.onDatagram(this.memory, slot + DATAGRAM, whole ? length : 0, arrivalMs, ip, source);
  }

  /** Takes a socket's drop counter; datagrams that were queued before it was last asked tell an older one. */
  private noteDrops(port: EpollPort, drops: number): void {
    const more = (drops - port.drops) | 0;
    if (more <= 0) return;
    this.receiveDrops += more;
    port.drops = drops;
  }
}

class EpollPort implements UdpPort {
  sink: DatagramSink | null = null;
  /** The socket's drop counter as last reported. */
  drops = 0;
  private open = true;

  constructor(
    private readonly driver: EpollDriver,
    readonly fd: number,
    readonly index: number,
    readonly port: number,
  ) {}

  send(memory: PacketMemory, offset: number, length: number, ip: number, port: number, dueMs: number): void {
    if (this.open) this.driver.enqueue(this.fd, memory, offset, length, ip, port, dueMs);
  }

  carryMany(): void {
    if (this.open) this.driver.crowd(this);
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
