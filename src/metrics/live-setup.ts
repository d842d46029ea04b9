import { Distribution, round } from './distribution.js';
import type { Responses } from './session-ratios.js';

/** What is known of an attempt when it is answered; its record follows when the call has ended. */
export interface Answer {
  /** The 2xx. */
  status: number;
  /** INVITE → first provisional response above 100, or the 2xx. */
  srdMs: number;
  /** INVITE → 2xx. */
  setupMs: number;
  /** The target that took the call, as in its record. */
  trunk?: string;
}

/**
 * Setups as they happen. Records come when calls have ended: failures at once, answered calls after their hold time, so
 * that figures taken from records alone would count too many failures while a run goes on.
 */
export class LiveSetup {
  answered = 0;
  /** By target. */
  readonly answeredAt: Record<string, number> = {};
  readonly srd = new Distribution();
  readonly setup = new Distribution();
  private readonly successes: Responses = {};

  add({ status, srdMs, setupMs, trunk }: Answer): void {
    this.answered++;
    if (trunk !== undefined) this.answeredAt[trunk] = (this.answeredAt[trunk] ?? 0) + 1;
    this.successes[status] = (this.successes[status] ?? 0) + 1;
    this.srd.record(srdMs);
    this.setup.record(setupMs);
  }

  /** Failed ÷ (failed + answered); `null` before either happened. */
  failureRatio(failed: number): number | null {
    const ended = this.answered + failed;
    return ended > 0 ? round(failed / ended) : null;
  }

  /** Final results so far: successes from the answers, all others from the records. */
  responses(ofRecords: Readonly<Responses>): Responses {
    const failures = Object.entries(ofRecords).filter(([key]) => !/^2\d\d$/.test(key));
    return { ...this.successes, ...Object.fromEntries(failures) };
  }
}
