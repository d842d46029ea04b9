/**
 * Datagrams that wait in shared memory for the moment at which a thread of their own sends them. This is how that memory lies;
 * `Departures` is the side that lays them there, `DepartureSender` the one that sends them.
 *
 * | state   | who leaves it | next                                                     |
 * |---------|---------------|----------------------------------------------------------|
 * | FREE    | Departures    | WAITING: laid, due at a time                             |
 * | WAITING | either        | GOING: being sent, since when · FREE: dropped before     |
 * | GOING   | sender        | GONE: sent, or why not                                   |
 * | GONE    | Departures    | FREE: told of                                            |
 */
export const FREE = 0;
export const WAITING = 1;
export const GOING = 2;
export const GONE = 3;

// Words at the start.
/** Datagrams laid since the start, modulo 2^32. */
export const LAID = 0;
/** Datagrams that the sender has taken to send, or that were dropped, likewise. */
export const TAKEN = 1;
/** Changed by whoever wakes the sender, which sleeps on it. */
export const WAKE = 2;
/** A thread is there and sends. */
export const SERVED = 3;
/** That thread is to end. */
export const STOP = 4;
/** CPU time of that thread in ms. */
export const CPU_MS = 5;
const HEADER_BYTES = 64;

/** At 4,500 calls a second, some 80 ms ahead, 360 are laid. */
export const SLOTS = 512;
const SLOT_BYTES = 4096;
// Words of a slot.
export const STATE = 0;
export const DESCRIPTOR = 1;
export const IP = 2;
export const PORT = 3;
export const LENGTH = 4;
/** Error number; 0 where it left. */
export const ERROR = 5;
// Times of a slot, in ms of the run's clock: eight bytes each, after the words.
export const DUE = 0;
/** Known from GOING on. */
export const LEFT = 1;
const WORDS = 6;
const TIMES = 2;
const MESSAGE = WORDS * 4 + TIMES * 8;
/** The longest datagram that a slot holds: an INVITE with several signatures does. */
export const MOST_BYTES = SLOT_BYTES - MESSAGE;

/** Both sides' view of the memory. Whoever reads a slot has read its state before; whoever wrote it sets its state last. */
export class DepartureRing {
  readonly words: Int32Array;
  readonly times: Float64Array;
  readonly bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.times = new Float64Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + SLOTS * SLOT_BYTES);
  }

  /** Ends the thread that sends; what waits stays. */
  stop(): void {
    Atomics.store(this.words, STOP, 1);
    this.wake();
  }

  /** Sleeps until `stop`, in the place of sending. */
  awaitStop(): void {
    while (Atomics.load(this.words, STOP) === 0) Atomics.wait(this.words, WAKE, 0);
  }

  wake(): void {
    Atomics.add(this.words, WAKE, 1);
    Atomics.notify(this.words, WAKE);
  }
}

/** CPU time of the thread that sends, in ms; `null` where there is none. */
export function departuresCpuMs(memory: SharedArrayBuffer | undefined): number | null {
  return memory ? Atomics.load(new Int32Array(memory), CPU_MS) : null;
}

/** Index in `words` of the first word of the n-th datagram. */
export function wordsOf(n: number): number {
  return (HEADER_BYTES + (n & (SLOTS - 1)) * SLOT_BYTES) >> 2;
}

/** The same in `times`. */
export function timesOf(n: number): number {
  return (HEADER_BYTES + (n & (SLOTS - 1)) * SLOT_BYTES + WORDS * 4) >> 3;
}

/** The same of its message in `bytes`. */
export function messageOf(n: number): number {
  return HEADER_BYTES + (n & (SLOTS - 1)) * SLOT_BYTES + MESSAGE;
}
