/** Lets no packet overtake the one before it: first in, first out. */
export class InOrder {
  private lastDueMs = Number.NEGATIVE_INFINITY;

  /** The delay with which a packet is due no earlier than the one before it. */
  keep(arrivalMs: number, delayMs: number): number {
    let kept = delayMs;
    if (arrivalMs + kept < this.lastDueMs) {
      kept = this.lastDueMs - arrivalMs;
      // Rounding may leave the sum just short of the due time, and the packet would overtake after all.
      for (let step = 1e-7; arrivalMs + kept < this.lastDueMs; step *= 2) kept += step;
    }
    this.lastDueMs = arrivalMs + kept;
    return kept;
  }
}
