import type { Rng } from '../core/rng.js';
import type { Fate, StageModel } from './fate.js';
import { InOrder } from './in-order.js';

/**
 * Delay spikes: with the probability `ratio` a packet finds that the way stands still for `heightMs`. It and all that come
 * meanwhile wait until that is over and leave together, in their order: the delay jumps up and falls by 1 ms a millisecond,
 * as in a handover. A spike that begins within another prolongs it. One draw a packet.
 */
export class Spike implements StageModel {
  private fromMs = Number.POSITIVE_INFINITY;
  private untilMs = Number.NEGATIVE_INFINITY;
  private readonly order = new InOrder();

  constructor(
    private readonly ratio: number,
    private readonly heightMs: number,
    private readonly rng: Rng,
  ) {}

  apply(fate: Fate): void {
    const begins = this.rng.uniform() < this.ratio;
    if (begins) this.begin(fate.arrivalMs + fate.delayMs);
    if (fate.copies === 0) return;
    fate.delayMs = this.held(fate.arrivalMs, fate.delayMs);
    if (fate.copies === 2) fate.delayMs2 = this.held(fate.arrivalMs, fate.delayMs2);
  }

  private begin(nowMs: number): void {
    if (nowMs > this.untilMs) this.fromMs = nowMs;
    if (nowMs + this.heightMs > this.untilMs) this.untilMs = nowMs + this.heightMs;
  }

  /** What comes before the spike or after it passes; a packet that is late already may be both. */
  private held(arrivalMs: number, delayMs: number): number {
    const atMs = arrivalMs + delayMs;
    if (atMs < this.fromMs || atMs >= this.untilMs) return delayMs;
    return this.order.keep(arrivalMs, this.untilMs - arrivalMs);
  }
}
