/**
 * Whether a target is up, by what became of the requests that keep asking it.
 *
 * | state | event                                | next |
 * |-------|--------------------------------------|------|
 * | up    | the `failures`-th failure in a row   | down |
 * | down  | the `successes`-th answer in a row   | up   |
 */
export class KeepaliveState {
  private isUp = true;
  private inRow = 0;
  /** When the first request of the row left that speaks against the present state. */
  private rowSinceMs = 0;

  constructor(private readonly limits: { failures: number; successes: number }) {}

  /**
   * A request sent at `sentMs` has ended. The result is the new state where it has changed, with the moment at which the
   * first request of the row that changed it was sent.
   */
  note(answered: boolean, sentMs: number): { isUp: boolean; sinceMs: number } | null {
    if (answered === this.isUp) {
      this.inRow = 0;
      return null;
    }
    if (this.inRow++ === 0) this.rowSinceMs = sentMs;
    if (this.inRow < (this.isUp ? this.limits.failures : this.limits.successes)) return null;
    this.isUp = answered;
    this.inRow = 0;
    return { isUp: this.isUp, sinceMs: this.rowSinceMs };
  }
}
