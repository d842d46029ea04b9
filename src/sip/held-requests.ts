import type { Clock } from '../core/clock.js';
import { StartTimer } from '../core/start-timer.js';

/** A request that is due at a time. */
export interface HeldRequest {
  onDue(): void;
}

/** Requests that leave later over transports that only send at once: each is told when it is due, never before. */
export class HeldRequests {
  /** In the order in which they are due. */
  private readonly waiting: { dueMs: number; request: HeldRequest }[] = [];
  private readonly timer: StartTimer;

  constructor(private readonly clock: Clock) {
    this.timer = new StartTimer(clock, () => this.turn());
  }

  hold(dueMs: number, request: HeldRequest): void {
    const { waiting } = this;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1].dueMs > dueMs) at--;
    waiting.splice(at, 0, { dueMs, request });
    if (at === 0) this.turn();
  }

  close(): void {
    this.waiting.length = 0;
    this.timer.clear();
  }

  private turn(): void {
    const { waiting } = this;
    while (waiting.length > 0 && waiting[0].dueMs <= this.clock.now()) waiting.shift()!.request.onDue();
    if (waiting.length > 0) this.timer.set(waiting[0].dueMs - this.clock.now());
  }
}
