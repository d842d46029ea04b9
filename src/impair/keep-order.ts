import type { Fate, StageModel } from './fate.js';
import { InOrder } from './in-order.js';

/** A stage after which a packet leaves no earlier than the one before it (first in, first out), nor one copy than the other. */
export class KeepOrder implements StageModel {
  private readonly order = new InOrder();

  constructor(private readonly inner: StageModel) {}

  apply(fate: Fate): void {
    this.inner.apply(fate);
    if (fate.copies === 0) return;
    fate.delayMs = this.order.keep(fate.arrivalMs, fate.delayMs);
    if (fate.copies === 2) fate.delayMs2 = this.order.keep(fate.arrivalMs, fate.delayMs2);
  }
}
