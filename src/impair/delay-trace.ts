import type { Fate, StageModel } from './fate.js';
import { InOrder } from './in-order.js';

/**
 * Delays as written down: value n is added to packet n, to both copies. After the last value from the first again, or no
 * delay any more. No draws.
 */
export class DelayTrace implements StageModel {
  private index = 0;
  private readonly order: InOrder | null;

  /** @param delays in ms */
  constructor(
    private readonly delays: Float64Array,
    private readonly repeat: boolean,
    keepOrder: boolean,
  ) {
    this.order = keepOrder ? new InOrder() : null;
  }

  apply(fate: Fate): void {
    const { delays, order } = this;
    if (this.index === delays.length && this.repeat) this.index = 0;
    const delayMs = this.index < delays.length ? delays[this.index++] : 0;
    if (fate.copies === 0) return;
    fate.delayMs += delayMs;
    if (fate.copies === 2) fate.delayMs2 += delayMs;
    if (order === null) return;
    fate.delayMs = order.keep(fate.arrivalMs, fate.delayMs);
    if (fate.copies === 2) fate.delayMs2 = order.keep(fate.arrivalMs, fate.delayMs2);
  }
}
