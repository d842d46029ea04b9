import { ChurnMap } from '../core/churn-map.js';
import { Admission, type Limits, type Refusal } from './admission.js';

/** So many admissions later, callers of whom nothing is to be remembered are forgotten. */
const SWEEP_EVERY = 1000;

/** The limits of each caller number by itself. Calls without a number are one caller. */
export class CallerLimits {
  private readonly callers = new ChurnMap<string, Admission>();
  private sinceSweep = 0;

  constructor(private readonly limits: Limits) {}

  /** How many callers are remembered. */
  get size(): number {
    return this.callers.size;
  }

  /** Why a call of that number is not admitted; `null` when it may be. Takes nothing. */
  refusal(number: string, nowMs: number): Refusal | null {
    return this.callers.get(number)?.refusal(nowMs) ?? null;
  }

  take(number: string, nowMs: number): void {
    if (++this.sinceSweep >= SWEEP_EVERY) this.sweep(nowMs);
    let admission = this.callers.get(number);
    if (admission === undefined) {
      admission = new Admission(this.limits);
      this.callers.set(number, admission);
    }
    admission.take(nowMs);
  }

  release(number: string): void {
    this.callers.get(number)?.release();
  }

  private sweep(nowMs: number): void {
    this.sinceSweep = 0;
    for (const [number, admission] of this.callers.entries()) if (admission.isIdle(nowMs)) this.callers.delete(number);
  }
}
