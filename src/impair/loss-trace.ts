import type { Fate, StageModel } from './fate.js';

/** Losses as written down: bit n decides packet n, with both copies. After the last bit from the first again, or no more. No draws. */
export class LossTrace implements StageModel {
  private index = 0;

  /** @param bits 1 for each packet that is lost */
  constructor(
    private readonly bits: Uint8Array,
    private readonly repeat: boolean,
  ) {}

  apply(fate: Fate): void {
    const { bits } = this;
    if (this.index === bits.length) {
      if (!this.repeat) return;
      this.index = 0;
    }
    if (bits[this.index++] === 1) fate.copies = 0;
  }
}
