import type { Fate, StageModel } from './fate.js';

/** Stages one after the other, as one. */
export class StageChain implements StageModel {
  /** @param dropsAll nothing gets through, whatever the stages decide */
  constructor(
    private readonly stages: readonly StageModel[],
    private readonly dropsAll: boolean,
  ) {
    this.mayGoOn = stages.some((stage) => stage.more !== undefined);
  }

  /** Whether a packet may become several: asked once for each. */
  private readonly mayGoOn: boolean;

  apply(fate: Fate): void {
    const { stages } = this;
    for (let i = 0; i < stages.length; i++) stages[i].apply(fate);
  }

  /** The last stage that has further packets goes first; what follows it decides about each. */
  more(fate: Fate): boolean {
    const { stages } = this;
    if (!this.mayGoOn) return false;
    for (let i = stages.length - 1; i >= 0; i--) {
      if (stages[i].more === undefined || !stages[i].more!(fate)) continue;
      for (let j = i + 1; j < stages.length; j++) stages[j].apply(fate);
      return true;
    }
    return false;
  }

  blocksRtcp(sinceMs: number): boolean {
    if (this.dropsAll) return true;
    for (const stage of this.stages) if (stage.blocksRtcp?.(sinceMs)) return true;
    return false;
  }
}
