import type { Fate, StageModel } from './fate.js';
import { InOrder } from './in-order.js';
import type { Jitter } from './jitter.js';

/**
 * Delay, constant and distributed; each copy draws its own. A delay below 0 counts as 0, so a spread that exceeds the
 * base bends the distribution. With `keepOrder` a packet leaves no earlier than the one before it (first in, first out).
 * The draws are those of its jitter; those of a second copy are made for every packet.
 */
export class Delay implements StageModel {
  private readonly order: InOrder | null;

  constructor(
    private readonly baseMs: number,
    private readonly jitter: Jitter | null,
    keepOrder: boolean,
  ) {
    this.order = keepOrder ? new InOrder() : null;
  }

  apply(fate: Fate): void {
    const { baseMs, jitter, order } = this;
    let first = baseMs;
    let second = baseMs;
    if (jitter !== null) {
      first += jitter.first();
      if (fate.copies === 2) second += jitter.second();
      else jitter.skip();
    }
    if (fate.copies === 0) return;
    if (first > 0) fate.delayMs += first;
    if (fate.copies === 2 && second > 0) fate.delayMs2 += second;
    if (order === null) return;
    fate.delayMs = order.keep(fate.arrivalMs, fate.delayMs);
    if (fate.copies === 2) fate.delayMs2 = order.keep(fate.arrivalMs, fate.delayMs2);
  }
}
