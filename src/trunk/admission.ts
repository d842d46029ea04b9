import type { TrunkSpec } from './spec.js';

export type Refusal = 'full' | 'too-fast';

/** Channels and the cap on attempts per second. A channel is held from the INVITE until the call's end. */
export class Admission {
  private inUse = 0;
  private tokens: number;
  private lastMs: number | null = null;
  peak = 0;

  constructor(private readonly spec: Pick<TrunkSpec, 'channels' | 'cps'>) {
    this.tokens = this.bucket;
  }

  /** A tenth of a second's worth may come at once, at least one: a cap of n cps admits no more than that in a burst. */
  private get bucket(): number {
    return Math.max(1, (this.spec.cps ?? 0) / 10);
  }

  get channelsInUse(): number {
    return this.inUse;
  }

  /** Takes a channel, or says why not. */
  admit(nowMs: number): Refusal | null {
    if (this.spec.cps !== undefined) {
      const elapsed = this.lastMs === null ? 0 : nowMs - this.lastMs;
      this.lastMs = nowMs;
      this.tokens = Math.min(this.bucket, this.tokens + (elapsed / 1000) * this.spec.cps);
      if (this.tokens < 1) return 'too-fast';
    }
    if (this.inUse >= this.spec.channels) return 'full';
    if (this.spec.cps !== undefined) this.tokens--;
    this.inUse++;
    if (this.inUse > this.peak) this.peak = this.inUse;
    return null;
  }

  release(): void {
    if (this.inUse > 0) this.inUse--;
  }
}
