import type { Clock } from './clock.js';

/** Longest time that the thread sleeps: nothing is read meanwhile. */
const NAP_MS = 1;

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps the whole thread, to some 0.1 ms. */
function nap(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}

/**
 * Calls back when the next attempt is due. Timers of node have a grain of 1 ms and fire up to 1 ms early or late: this one fires
 * early, and the rest of the time is slept through, a millisecond at most at a time. Between two naps the event loop goes
 * round once, so that what was started has left before, and what came is read.
 */
export class StartTimer {
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;

  constructor(
    private readonly clock: Clock,
    /** It is due, or will be soon: then the timer is to be set again. */
    private readonly onDue: () => void,
    private readonly sleep = nap,
  ) {}

  /** Calls back once, `waitMs` from now or before; what was asked for earlier is forgotten. */
  set(waitMs: number): void {
    this.clear();
    if (waitMs <= 0) this.immediate = setImmediate(this.onDue);
    else if (waitMs >= 2 * NAP_MS) this.timer = setTimeout(this.onDue, Math.floor(waitMs) - 1);
    else this.napUntil(this.clock.now() + waitMs);
  }

  clear(): void {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
  }

  private napUntil(dueMs: number): void {
    this.immediate = setImmediate(() => {
      this.immediate = setImmediate(() => {
        const leftMs = dueMs - this.clock.now();
        if (leftMs > 0) this.sleep(Math.min(NAP_MS, leftMs));
        this.onDue();
      });
    });
  }
}
