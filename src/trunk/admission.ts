import type { TrunkSpec } from './spec.js';

export type Refusal = 'full' | 'too-fast';

/**
 * Channels and the cap on attempts per second. A channel is held from the INVITE until the call's end. No window of a
 * second admits more than the cap; one below 1 cps, or with a fraction, is kept over as many seconds as it needs.
 */
export class Admission {
  private inUse = 0;
  /** When the latest attempts were admitted: a ring as long as the cap. */
  private readonly admitted: number[] = [];
  private readonly limit: number;
  private readonly windowMs: number;
  private next = 0;
  peak = 0;

  constructor(private readonly spec: Pick<TrunkSpec, 'channels' | 'cps'>) {
    this.limit = Math.max(1, Math.floor(spec.cps ?? 1));
    this.windowMs = (this.limit / (spec.cps ?? 1)) * 1000;
  }

  get channelsInUse(): number {
    return this.inUse;
  }

  /** Takes a channel, or says why not. */
  admit(nowMs: number): Refusal | null {
    const capped = this.spec.cps !== undefined;
    const oldest = this.admitted[this.next];
    if (capped && oldest !== undefined && nowMs - oldest < this.windowMs) return 'too-fast';
    if (this.inUse >= this.spec.channels) return 'full';
    if (capped) {
      this.admitted[this.next] = nowMs;
      this.next = (this.next + 1) % this.limit;
    }
    this.inUse++;
    if (this.inUse > this.peak) this.peak = this.inUse;
    return null;
  }

  release(): void {
    if (this.inUse > 0) this.inUse--;
  }
}
