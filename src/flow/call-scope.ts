import { guard } from '../drachtio/guard.js';

/**
 * The timers and callbacks of one call. A throw within a callback handed to srf would end its connection and with it
 * every call, so each passes `guarded`, which turns it into the failure of this one call.
 */
export class CallScope {
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly onThrow: (error: unknown) => void) {}

  after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.guarded(action)();
    }, ms);
    this.timers.add(timer);
  }

  clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return guard(callback, (error: unknown, ..._args: A) => this.onThrow(error));
  }
}
