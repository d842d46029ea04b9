/** Share of the thread's time that drawing may take. */
const SHARE = 0.05;

/**
 * Spaces out frames: a request draws at once, or as soon as the interval since the last frame is over. The interval
 * grows with what a frame costs, so that a large terminal or a busy host does not slow down the run.
 */
export class FramePacer {
  private timer: NodeJS.Timeout | null = null;
  private nextAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly draw: () => void,
    private readonly intervalMs: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  request(): void {
    const waitMs = this.nextAtMs - this.nowMs();
    if (waitMs <= 0) this.drawNow();
    else this.timer ??= setTimeout(() => this.drawNow(), waitMs);
  }

  drawNow(): void {
    this.stop();
    const startMs = this.nowMs();
    this.draw();
    const costMs = this.nowMs() - startMs;
    this.nextAtMs = startMs + Math.max(this.intervalMs, Math.min(1000, costMs / SHARE));
  }

  /** Forgets a frame that is due. */
  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}
