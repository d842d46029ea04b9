import type { Libc } from '../core/libc.js';
import { AF_INET } from '../core/linux-sockets.js';
import type { TransportErrorListener } from './transport.js';

const SOCKADDR_BYTES = 16;
/** Longest payload of a datagram over IPv4. */
const MAX_DATAGRAM_BYTES = 65_507;

const BATCH = 64;
// struct mmsghdr: msghdr (56 bytes), then the length sent; one after the other, as sendmmsg wants them.
const HEADER_BYTES = 64;
const VECTOR_BYTES = 16;
const ARENA_BYTES = 131_072;
const VECTORS = BATCH * HEADER_BYTES;
const NAMES = VECTORS + BATCH * VECTOR_BYTES;
const ARENA = NAMES + BATCH * SOCKADDR_BYTES;
const BLOCK_BYTES = ARENA + ARENA_BYTES;
const WORD = 2 ** 32;

/**
 * Datagrams of one turn of the event loop leave by one system call (`sendmmsg`) at its end: a call for each costs more
 * than what it sends, and wakes the receiver each time.
 */
export class UdpSendBatch {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly base: number;
  private readonly listeners: (TransportErrorListener | null)[] = new Array(BATCH).fill(null);
  private count = 0;
  private used = 0;
  private readonly flushNow = (): void => this.flush();

  constructor(
    private readonly libc: Libc,
    private readonly fd: number,
  ) {
    const { buffer, base } = libc.allocate(BLOCK_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.base = base;
    for (let i = 0; i < BATCH; i++) {
      const header = i * HEADER_BYTES;
      this.writePointer(header, base + NAMES + i * SOCKADDR_BYTES);
      this.view.setInt32(header + 8, SOCKADDR_BYTES, true);
      this.writePointer(header + 16, base + VECTORS + i * VECTOR_BYTES);
      this.view.setInt32(header + 24, 1, true);
    }
  }

  /** Takes a copy of the message; `onError` is told, after this returns, when it did not leave. */
  add(message: Uint8Array, ip: number, port: number, onError: TransportErrorListener | null): void {
    const { length } = message;
    if (length > MAX_DATAGRAM_BYTES) {
      if (onError) queueMicrotask(() => onError.onTransportError('EMSGSIZE'));
      return;
    }
    if (this.count === BATCH || this.used + length > ARENA_BYTES) this.flush();
    if (this.count === 0) setImmediate(this.flushNow);
    const i = this.count++;
    const at = ARENA + this.used;
    this.used += length;
    this.bytes.set(message, at);
    this.listeners[i] = onError;
    const vector = VECTORS + i * VECTOR_BYTES;
    this.writePointer(vector, this.base + at);
    this.view.setInt32(vector + 8, length, true);
    writeAddress(this.view, NAMES + i * SOCKADDR_BYTES, ip, port);
  }

  /** Sends what was added since the last time. */
  flush(): void {
    const { count, libc, listeners } = this;
    if (count === 0) return;
    let failures: { listener: TransportErrorListener; reason: string }[] | null = null;
    for (let from = 0; from < count; ) {
      const sent = libc.sendmmsg(this.fd, this.base + from * HEADER_BYTES, count - from, 0);
      if (sent > 0) {
        from += sent;
        continue;
      }
      const reason = libc.errorName(libc.errno());
      const listener = listeners[from++];
      // A full send buffer is a datagram lost, which retransmission mends like any other.
      if (reason === 'EAGAIN' || !listener) continue;
      failures ??= [];
      failures.push({ listener, reason });
    }
    listeners.fill(null, 0, count);
    this.count = 0;
    this.used = 0;
    if (failures) for (const { listener, reason } of failures) listener.onTransportError(reason);
  }

  /** User addresses fit 47 bits, which a number holds exactly. */
  private writePointer(at: number, address: number): void {
    this.view.setUint32(at, address % WORD, true);
    this.view.setUint32(at + 4, Math.floor(address / WORD), true);
  }
}

/** struct sockaddr_in: family in host order, port and address in network order. */
export function writeAddress(view: DataView, at: number, ip: number, port: number): void {
  view.setUint16(at, AF_INET, true);
  view.setUint16(at + 2, port, false);
  view.setInt32(at + 4, ip, false);
}
