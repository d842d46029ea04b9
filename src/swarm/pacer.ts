/**
 * Hands out attempts when they are due by the plan's clock, which runs at a factor and may pause. An attempt that
 * would start more than `graceMs` late is not started and counted, never deferred.
 */
export class Pacer {
  private next: number | null;
  private planMs = 0;
  private lastMs: number | null = null;
  private index = 0;
  private factor = 1;
  private paused = false;
  notStarted = 0;

  constructor(
    private readonly offsets: Iterator<number>,
    private readonly graceMs = 500,
  ) {
    this.next = this.pull();
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
   * Moves the plan's clock to `nowMs` and starts what is due, at most `limit` attempts; `start` returns false when it
   * could not. Returns whether more are due already.
   */
  advance(nowMs: number, limit: number, start: (index: number, lateMs: number) => boolean): boolean {
    const elapsed = this.lastMs === null ? 0 : nowMs - this.lastMs;
    this.lastMs = nowMs;
    if (!this.paused) this.planMs += elapsed * this.factor;
    for (let n = 0; this.next !== null && this.next <= this.planMs; n++) {
      if (n === limit) return true;
      const lateMs = (this.planMs - this.next) / this.factor;
      const index = this.index++;
      if (lateMs > this.graceMs || !start(index, lateMs)) this.notStarted++;
      this.next = this.pull();
    }
    return false;
  }

  /** Ms until the next attempt is due; `null` when there is none or the plan is paused. */
  untilNextMs(): number | null {
    if (this.next === null || this.paused) return null;
    return Math.max(0, (this.next - this.planMs) / this.factor);
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

  private pull(): number | null {
    const step = this.offsets.next();
    return step.done ? null : step.value;
  }
}
