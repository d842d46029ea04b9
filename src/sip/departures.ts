import {
  DESCRIPTOR,
  DepartureRing,
  DUE,
  ERROR,
  FREE,
  GOING,
  GONE,
  IP,
  LAID,
  LEFT,
  LENGTH,
  MOST_BYTES,
  messageOf,
  PORT,
  SERVED,
  SLOTS,
  STATE,
  TAKEN,
  timesOf,
  WAITING,
  wordsOf,
} from './departure-ring.js';
import type { DepartureListener } from './transport.js';

/** How often, a millisecond apart, a datagram that is being sent is waited for. */
const PATIENCE = 100;

/** Lays datagrams where another thread sends them when they are due, and tells which have left. One for each ring. */
export class Departures {
  private readonly ring: DepartureRing;
  private readonly listeners: (DepartureListener | null)[] = new Array(SLOTS).fill(null);
  /** Of each slot, whether its listener knows that it left. */
  private readonly isTold = new Uint8Array(SLOTS);
  /** How many were laid; the first of them whose slot is not free again; how many were told of. Modulo 2^32. */
  private laid = 0;
  private first = 0;
  private told = 0;
  private lastDueMs = Number.NEGATIVE_INFINITY;

  constructor(
    memory: SharedArrayBuffer,
    private readonly errorName: (errno: number) => string,
  ) {
    this.ring = new DepartureRing(memory);
  }

  /** Takes a copy of the message; `false` where it must leave some other way: nobody serves the ring, or there is no room. */
  lay(
    descriptor: number,
    message: Uint8Array,
    ip: number,
    port: number,
    dueMs: number,
    listener: DepartureListener,
  ): boolean {
    const { words, times, bytes } = this.ring;
    if (Atomics.load(words, SERVED) === 0 || message.length > MOST_BYTES) return false;
    if (((this.laid - this.first) | 0) >= SLOTS) return false;
    const n = this.laid;
    const at = wordsOf(n);
    words[at + DESCRIPTOR] = descriptor;
    words[at + IP] = ip;
    words[at + PORT] = port;
    words[at + LENGTH] = message.length;
    times[timesOf(n) + DUE] = dueMs;
    bytes.set(message, messageOf(n));
    this.listeners[n & (SLOTS - 1)] = listener;
    this.isTold[n & (SLOTS - 1)] = 0;
    Atomics.store(words, at + STATE, WAITING);
    this.laid = (n + 1) | 0;
    Atomics.store(words, LAID, this.laid);
    // Otherwise it will wake for the one before, which is due no later.
    const isBeforeWaiting = Atomics.load(words, wordsOf(n - 1) + STATE) === WAITING;
    if (!isBeforeWaiting || dueMs < this.lastDueMs) this.ring.wake();
    this.lastDueMs = dueMs;
    return true;
  }

  /** Tells of those that have left, or could not; of those that are being sent, too. */
  collect(): void {
    const { words, times } = this.ring;
    if (Atomics.load(words, TAKEN) === this.told) return;
    for (let n = this.first; n !== this.laid; n = (n + 1) | 0) {
      const at = wordsOf(n);
      const slot = n & (SLOTS - 1);
      const listener = this.listeners[slot];
      if (listener === null) continue;
      const state = Atomics.load(words, at + STATE);
      if (state === WAITING) continue;
      // Also while it is being sent: the sender may be held up in that for longer than the response takes.
      if (this.isTold[slot] === 0) {
        this.isTold[slot] = 1;
        listener.onDeparted(times[timesOf(n) + LEFT]);
      }
      if (state === GONE) this.settle(n, listener);
    }
    this.release();
  }

  /** Before a descriptor is closed: what waits to be sent by it is not sent, and what is being sent is waited for. */
  drop(descriptor: number): void {
    const { words } = this.ring;
    for (let n = this.first; n !== this.laid; n = (n + 1) | 0) {
      const at = wordsOf(n);
      if (words[at + DESCRIPTOR] !== descriptor) continue;
      const isDropped = Atomics.compareExchange(words, at + STATE, WAITING, FREE) === WAITING;
      for (let i = 0; i < PATIENCE && Atomics.load(words, at + STATE) === GOING; i++)
        Atomics.wait(words, at + STATE, GOING, 1);
      if (isDropped) {
        this.listeners[n & (SLOTS - 1)] = null;
        Atomics.add(words, TAKEN, 1);
        this.told = (this.told + 1) | 0;
      }
    }
    this.release();
  }

  /** The sender has done with it. */
  private settle(n: number, listener: DepartureListener): void {
    const { words } = this.ring;
    const at = wordsOf(n);
    const errno = words[at + ERROR];
    this.listeners[n & (SLOTS - 1)] = null;
    this.told = (this.told + 1) | 0;
    Atomics.store(words, at + STATE, FREE);
    const error = errno === 0 ? null : this.errorName(errno);
    // A full send buffer is a datagram lost, which retransmission mends like any other.
    if (error !== null && error !== 'EAGAIN') listener.onTransportError(error);
  }

  private release(): void {
    while (this.first !== this.laid && this.listeners[this.first & (SLOTS - 1)] === null)
      this.first = (this.first + 1) | 0;
  }
}
