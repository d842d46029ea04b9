import type { Clock } from '../core/clock.js';
import type { Libc } from '../core/libc.js';
import { MSG_DONTWAIT } from '../core/linux-sockets.js';
import {
  CPU_MS,
  DESCRIPTOR,
  DepartureRing,
  DUE,
  ERROR,
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
  STOP,
  TAKEN,
  timesOf,
  WAITING,
  WAKE,
  wordsOf,
} from './departure-ring.js';
import { writeAddress } from './udp-send-batch.js';

const SOCKADDR_BYTES = 16;
const CLOCK_THREAD_CPUTIME_ID = 3;
/** Shortest sleep: datagrams due within it leave together. */
const NAP_MS = 0.25;
const CPU_EACH_MS = 250;

/** Sends the datagrams of a ring when they are due, never before. Once it runs it allocates next to nothing. */
export class DepartureSender {
  private readonly ring: DepartureRing;
  /** The message of each slot, with all of the room that it has. */
  private readonly messages: Uint8Array[] = [];
  private readonly view: DataView;
  private readonly message: Uint8Array;
  private readonly base: number;
  /** The first datagram that may not be gone. Modulo 2^32. */
  private first = 0;
  private nextDueMs = Number.POSITIVE_INFINITY;
  private cpuAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    memory: SharedArrayBuffer,
    private readonly libc: Libc,
    private readonly clock: Clock,
  ) {
    this.ring = new DepartureRing(memory);
    // The address, the time as the C library tells it, and the message.
    const { buffer, base } = libc.allocate(2 * SOCKADDR_BYTES + MOST_BYTES);
    this.view = new DataView(buffer);
    this.message = new Uint8Array(buffer, 2 * SOCKADDR_BYTES);
    for (let n = 0; n < SLOTS; n++)
      this.messages.push(this.ring.bytes.subarray(messageOf(n), messageOf(n) + MOST_BYTES));
    this.base = base;
    Atomics.store(this.ring.words, SERVED, 1);
  }

  /** Sends and sleeps until the ring is stopped. */
  run(): void {
    const { words } = this.ring;
    for (;;) {
      // Before anything that it might miss: what is laid from now on, or a stop, keeps it from sleeping.
      const wake = Atomics.load(words, WAKE);
      if (Atomics.load(words, STOP) !== 0) return;
      const waitMs = this.turn();
      Atomics.wait(words, WAKE, wake, Math.max(NAP_MS, waitMs));
    }
  }

  /** Sends what is due. Gives the ms until the next one is; infinity where none waits. */
  turn(): number {
    // What was laid meanwhile may have been laid without a wake-up.
    while (this.pass() > 0);
    const now = this.clock.now();
    if (now - this.cpuAtMs >= CPU_EACH_MS) this.tellCpu(now);
    return this.nextDueMs - now;
  }

  /** Gives how many left. */
  private pass(): number {
    const { words, times } = this.ring;
    const laid = Atomics.load(words, LAID);
    if (((laid - this.first) | 0) > SLOTS) this.first = (laid - SLOTS) | 0;
    const now = this.clock.now();
    let departed = 0;
    this.nextDueMs = Number.POSITIVE_INFINITY;
    for (let n = this.first; n !== laid; n = (n + 1) | 0) {
      const state = wordsOf(n) + STATE;
      if (Atomics.load(words, state) === WAITING) {
        const dueMs = times[timesOf(n) + DUE];
        if (dueMs > now) {
          if (dueMs < this.nextDueMs) this.nextDueMs = dueMs;
          continue;
        }
        // Before it is taken: whoever sees that it is being sent may ask since when.
        times[timesOf(n) + LEFT] = this.clock.now();
        if (Atomics.compareExchange(words, state, WAITING, GOING) === WAITING) {
          Atomics.add(words, TAKEN, 1);
          this.send(n);
          departed++;
        }
      }
      if (n === this.first) this.first = (n + 1) | 0;
    }
    return departed;
  }

  private send(n: number): void {
    const { view, base, libc } = this;
    const { words } = this.ring;
    const at = wordsOf(n);
    const length = words[at + LENGTH];
    // The whole slot: a view of the message alone would be an object each time.
    this.message.set(this.messages[n & (SLOTS - 1)]);
    writeAddress(view, 0, words[at + IP], words[at + PORT]);
    const data = base + 2 * SOCKADDR_BYTES;
    const sent = libc.sendto(words[at + DESCRIPTOR], data, length, MSG_DONTWAIT, base, SOCKADDR_BYTES);
    words[at + ERROR] = sent < 0 ? libc.errno() : 0;
    Atomics.store(words, at + STATE, GONE);
  }

  private tellCpu(nowMs: number): void {
    this.cpuAtMs = nowMs;
    if (this.libc.clockGettime(CLOCK_THREAD_CPUTIME_ID, this.base + SOCKADDR_BYTES) < 0) return;
    const seconds = this.view.getInt32(SOCKADDR_BYTES, true);
    const cpuMs = seconds * 1000 + this.view.getInt32(SOCKADDR_BYTES + 8, true) / 1e6;
    Atomics.store(this.ring.words, CPU_MS, Math.round(cpuMs));
  }
}
