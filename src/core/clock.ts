/**
 * Time in milliseconds (fractional) on the scale of `process.hrtime`, which all threads share;
 * each thread's `performance.now()` has a zero of its own.
 */
export interface Clock {
  now(): number;
}

const [seconds, nanoseconds] = process.hrtime();
const offsetMs = seconds * 1000 + nanoseconds / 1e6 - performance.now();

/** The machine's monotonic clock. Reading it allocates nothing. */
export const systemClock: Clock = {
  now: () => performance.now() + offsetMs,
};

/** A clock that tests move by hand. */
export class ManualClock implements Clock {
  constructor(private atMs = 0) {}

  now(): number {
    return this.atMs;
  }

  advance(ms: number): void {
    this.atMs += ms;
  }

  set(ms: number): void {
    this.atMs = ms;
  }
}
