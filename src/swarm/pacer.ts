import type { Arrival } from '../load/arrivals.js';
import type { RecordedNumbers } from '../load/replay.js';
import type { LoadCounts } from '../metrics/load-metrics.js';

/** Every `of`-th attempt of a plan, from attempt `index` on: what one of several shards makes of it. */
export interface PlanSlice {
  index: number;
  of: number;
}

/** An attempt that is later than that is not started. */
export const GRACE_MS = 500;

const WHOLE_PLAN: PlanSlice = { index: 0, of: 1 };

/**
 * Starts an attempt that was due then; its call lasts `holdMs` since its answer, or since its INVITE. `numbers` are those of a
 * recorded call. Returns false when it could not.
 */
export type StartAttempt = (
  index: number,
  dueMs: number,
  holdMs: number,
  isSinceInvite: boolean,
  numbers?: RecordedNumbers,
) => boolean;

/** What hands out attempts when they are due. */
export interface Pacing {
  /** No attempt will come any more. */
  readonly done: boolean;
  /** Attempts that could not start on time. */
  readonly notStarted: number;
  /** How the load kept to its plan; `null` where the plan grows while it goes. */
  readonly counts: Omit<LoadCounts, 'carriedMs'> | null;
  /** Starts what is due, or will be within the lead, at most `limit` attempts. Returns whether there are more already. */
  advance(nowMs: number, limit: number, start: StartAttempt): boolean;
  /** Ms until the next attempt is to be handed out; `null` when there is none. */
  untilNextMs(): number | null;
  setFactor(factor: number): void;
  setPaused(paused: boolean): void;
  stop(): void;
}

/**
 * Hands out attempts when they are due by the plan's clock, which runs at a factor and may pause, or `leadMs` before, for those who
 * make ready what leaves then: a pause and another factor take hold that much later. An attempt that would start more than
 * `graceMs` late is not started and counted, never deferred.
 */
export class Pacer implements Pacing {
  private next: Arrival | null;
  private planMs = 0;
  private lastMs: number | null = null;
  private index: number;
  private factor = 1;
  private paused = false;
  notStarted = 0;
  private due = 0;
  private firstDueMs: number | null = null;
  private lastDueMs: number | null = null;
  private offeredMs = 0;

  constructor(
    private readonly arrivals: Iterator<Arrival>,
    private readonly graceMs = GRACE_MS,
    private readonly slice = WHOLE_PLAN,
    private readonly leadMs = 0,
  ) {
    this.index = slice.index;
    this.next = this.pull(slice.index);
  }

  /** What was due so far, by the clock that `advance` is given, and the hold times of what was started. */
  get counts(): Omit<LoadCounts, 'carriedMs'> {
    const { due, firstDueMs, lastDueMs, offeredMs } = this;
    return { due, firstDueMs, lastDueMs, offeredMs };
  }

  get done(): boolean {
    return this.next === null;
  }

  get rateFactor(): number {
    return this.factor;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /**
   * Moves the plan's clock to `nowMs`, and the lead, and starts what is due by then, at most `limit` attempts; `start` gets when
   * each is due by the clock that `nowMs` is of, and returns false when it could not. Returns whether there are more already.
   */
  advance(nowMs: number, limit: number, start: StartAttempt): boolean {
    const elapsed = this.lastMs === null ? 0 : nowMs - this.lastMs;
    this.lastMs = nowMs;
    if (!this.paused) this.planMs += elapsed * this.factor;
    const planAtMs = nowMs + this.leadMs;
    for (let n = 0; this.next !== null && this.next.atMs <= this.planMs; n++) {
      if (n === limit) return true;
      const { index } = this;
      const { atMs, holdMs, numbers } = this.next;
      this.index += this.slice.of;
      const dueMs = planAtMs - (this.planMs - atMs) / this.factor;
      this.due++;
      this.firstDueMs ??= dueMs;
      this.lastDueMs = dueMs;
      if (nowMs - dueMs > this.graceMs || !start(index, dueMs, holdMs, false, numbers)) this.notStarted++;
      else this.offeredMs += holdMs;
      this.next = this.pull(this.slice.of - 1);
    }
    return false;
  }

  /** Ms until the next attempt is to be handed out; `null` when there is none or the plan is paused. */
  untilNextMs(): number | null {
    if (this.next === null || this.paused) return null;
    return Math.max(0, (this.next.atMs - this.planMs) / this.factor);
  }

  setFactor(factor: number): void {
    this.factor = factor;
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
  }

  /** No further attempt will be handed out. */
  stop(): void {
    this.next = null;
  }

  /** The next attempt after those that other shards take. */
  private pull(skipped: number): Arrival | null {
    for (let n = 0; n < skipped; n++) this.arrivals.next();
    const step = this.arrivals.next();
    return step.done ? null : step.value;
  }
}
