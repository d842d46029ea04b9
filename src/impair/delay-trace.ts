import type { Fate, StageModel } from './fate.js';

/**
 * Delays as written down: value n is added to packet n, to both copies. After the last value from the first again, or no
 * delay any more. No draws.
 */
export class DelayTrace implements StageModel {
  private index = 0;

  /** @param delays in ms */
  constructor(
    private readonly delays: Float64Array,
    private readonly repeat: boolean,
  ) {}

  apply(fate: Fate): void {
    const { delays } = this;
    if (this.index === delays.length && this.repeat) this.index = 0;
    const delayMs = this.index < delays.length ? delays[this.index++] : 0;
    fate.delayMs += delayMs;
    fate.delayMs2 += delayMs;
  }
}
