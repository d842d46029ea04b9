import type { Fate, StageModel } from './fate.js';

/**
 * The sender's clock runs fast by so many parts per million: what it sends in 1 s by its own clock takes
 * 1/(1 + ppm·10⁻⁶) s, so a packet that entered t after the first one gets the delay t·(1/(1 + ppm·10⁻⁶) − 1). A fast clock
 * (above 0) eats up the delay of the stages before; a delay that would fall below 0 is 0. A slow one adds ever more. No draws.
 */
export class ClockSkew implements StageModel {
  private readonly perMs: number;

  constructor(ppm: number) {
    this.perMs = 1 / (1 + ppm * 1e-6) - 1;
  }

  apply(fate: Fate): void {
    const skewMs = (fate.arrivalMs - fate.startMs) * this.perMs;
    fate.delayMs = Math.max(0, fate.delayMs + skewMs);
    fate.delayMs2 = Math.max(0, fate.delayMs2 + skewMs);
  }
}
