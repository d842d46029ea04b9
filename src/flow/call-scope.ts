import { guard } from '../drachtio/guard.js';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The timers and callbacks of one call. A throw within a callback handed to srf would end its connection and with it
 * every call, so each passes `guarded`, which turns it into the failure of this one call.
 */
export class CallScope {
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly onThrow: (error: unknown) => void) {}

  /** Beyond some 24 days, which is the longest that a timer of Node lasts, an action never comes within a run anyway. */
  after(ms: number, action: () => void): void {
    const timer = setTimeout(
      () => {
        this.timers.splice(this.timers.indexOf(timer), 1);
        this.guarded(action)();
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    this.timers.push(timer);
  }

  clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.length = 0;
  }

  guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return guard(callback, (error: unknown, ..._args: A) => this.onThrow(error));
  }
}
