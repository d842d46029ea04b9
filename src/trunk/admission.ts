export type Refusal = 'full' | 'too-fast';

/** What a trunk admits: calls at once, and attempts a second; no cap on these without `cps`. */
export interface Limits {
  channels: number;
  cps?: number;
}

/**
 * Channels and the cap on attempts per second. A channel is held from the INVITE until the call's end. No window of a
 * second admits more than the cap; one below 1 cps, or with a fraction, is kept over as many seconds as it needs.
 */
export class Admission {
  private inUse = 0;
  /** When the latest attempts were admitted: a ring as long as the cap. */
  private admitted: number[] = [];
  private next = 0;
  private capLength = 1;
  private windowMs = 0;
  peak = 0;

  constructor(private limits: Limits) {
    this.limit(limits);
  }

  get channelsInUse(): number {
    return this.inUse;
  }

  get channels(): number {
    return this.limits.channels;
  }

  /** Other limits from now on. Calls that are up keep their channels, and what was admitted lately still counts. */
  limit(limits: Limits): void {
    const { cps = 1 } = limits;
    this.limits = limits;
    this.capLength = Math.max(1, Math.floor(cps));
    this.windowMs = (this.capLength / cps) * 1000;
    const oldestFirst = [...this.admitted.slice(this.next), ...this.admitted.slice(0, this.next)];
    this.admitted = oldestFirst.slice(-this.capLength);
    this.next = this.admitted.length % this.capLength;
  }

  /** Takes a channel, or says why not. */
  admit(nowMs: number): Refusal | null {
    const refusal = this.refusal(nowMs);
    if (refusal === null) this.take(nowMs);
    return refusal;
  }

  /** Why an attempt is not admitted; `null` when it may be. */
  refusal(nowMs: number): Refusal | null {
    const oldest = this.admitted[this.next];
    const capped = this.limits.cps !== undefined;
    if (capped && oldest !== undefined && nowMs - oldest < this.windowMs) return 'too-fast';
    return this.inUse >= this.limits.channels ? 'full' : null;
  }

  /** Takes a channel, whatever the limits are. */
  take(nowMs: number): void {
    if (this.limits.cps !== undefined) {
      this.admitted[this.next] = nowMs;
      this.next = (this.next + 1) % this.capLength;
    }
    this.inUse++;
    if (this.inUse > this.peak) this.peak = this.inUse;
  }

  /** Whether nothing of it is to be remembered: no channel is taken, and no admission counts any more. */
  isIdle(nowMs: number): boolean {
    return this.inUse === 0 && !this.admitted.some((atMs) => nowMs - atMs < this.windowMs);
  }

  release(): void {
    if (this.inUse > 0) this.inUse--;
  }
}
