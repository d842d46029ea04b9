import { GRACE_MS, type Pacing, type PlanSlice, type StartAttempt } from './pacer.js';

/** A piece of a load that grows while it goes: attempts at an even rate. */
export interface LoadStep {
  /** Number of its first attempt in the run. */
  first: number;
  /** When that is due, by the machine's clock in ms. */
  startMs: number;
  cps: number;
  attempts: number;
  /** How long a call lasts; one that is not answered by then is given up, where it counts since the INVITE. */
  length: { since: 'invite' | 'answer'; ms: number };
}

/**
 * Hands out the attempts of one step after the other, each shard its own slice, and waits for a further step when there is
 * none: until it is stopped. They are handed out `leadMs` before they are due. An attempt that would start more than `graceMs` late is
 * not started and counted.
 */
export class StepPacer implements Pacing {
  private readonly steps: LoadStep[] = [];
  /** Number of the next attempt within the first of the steps, whosever it is. */
  private next = 0;
  private nowMs = 0;
  readonly counts = null;
  done = false;
  notStarted = 0;

  constructor(
    private readonly slice: PlanSlice,
    private readonly graceMs = GRACE_MS,
    private readonly leadMs = 0,
  ) {}

  take(step: LoadStep): void {
    if (!this.done) this.steps.push(step);
  }

  advance(nowMs: number, limit: number, start: StartAttempt): boolean {
    this.nowMs = nowMs;
    const untilMs = nowMs + this.leadMs;
    for (let n = 0; n < limit; ) {
      const step = this.due();
      if (!step || this.dueMs(step) > untilMs) return false;
      const index = step.first + this.next;
      const dueMs = this.dueMs(step);
      const { since, ms } = step.length;
      this.next++;
      if (nowMs - dueMs > this.graceMs || !start(index, dueMs, ms, since === 'invite')) this.notStarted++;
      n++;
    }
    const step = this.due();
    return step !== null && this.dueMs(step) <= untilMs;
  }

  untilNextMs(): number | null {
    const step = this.due();
    return step && Math.max(0, this.dueMs(step) - this.leadMs - this.nowMs);
  }

  /** A search keeps its own pace. */
  setFactor(): void {}
  setPaused(): void {}

  stop(): void {
    this.done = true;
    this.steps.length = 0;
  }

  /** The step that the next attempt of this slice is of; `null` while there is none. */
  private due(): LoadStep | null {
    for (;;) {
      const step = this.steps[0];
      if (!step) return null;
      while (this.next < step.attempts && (step.first + this.next) % this.slice.of !== this.slice.index) this.next++;
      if (this.next < step.attempts) return step;
      this.steps.shift();
      this.next = 0;
    }
  }

  private dueMs({ startMs, cps }: LoadStep): number {
    return startMs + (this.next * 1000) / cps;
  }
}
