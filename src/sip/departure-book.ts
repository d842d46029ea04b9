import { ChurnMap } from '../core/churn-map.js';
import type { Clock } from '../core/clock.js';

/** Of more than these, those that are past are forgotten. */
const MANY = 1024;

/**
 * When INVITEs are to leave that are made ahead of their time, by the Call-ID that they will have: nothing else of a request goes
 * from the application to the transaction layer unseen by the far end.
 */
export class DepartureBook {
  private readonly due = new ChurnMap<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly newCallId: () => string,
  ) {}

  /** A Call-ID of which the first INVITE will leave then, by the run's clock in ms, and not before. */
  book(dueMs: number): string {
    if (this.due.size >= MANY) this.forgetPast();
    const callId = this.newCallId();
    this.due.set(callId, dueMs);
    return callId;
  }

  /** When the INVITE of that call is to leave; `null` for at once, as any after its first. */
  take(callId: string): number | null {
    if (this.due.size === 0) return null;
    const dueMs = this.due.get(callId);
    if (dueMs === undefined) return null;
    this.due.delete(callId);
    return dueMs;
  }

  /** Those whose request never came. One that comes after its time leaves at once anyway. */
  private forgetPast(): void {
    const now = this.clock.now();
    for (const [callId, dueMs] of this.due.entries()) if (dueMs <= now) this.due.delete(callId);
  }
}
