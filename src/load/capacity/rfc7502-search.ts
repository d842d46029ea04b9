import { type Knee, type LevelSearch, MOST_STRAINED, type Trial, type TrialResult } from './knee-search.js';
import type { Ailment } from './step.js';

/** Rate of the first step, in attempts a second (RFC 7502 4.10). */
const FIRST_CPS = 100;
/** Share by which the rate goes up after a step without an error. */
const UP = 0.1;
/** Share by which it goes down after one with an error. */
const DOWN = Math.max(0.1, UP / 2);
/** Steps without an error at a rate no higher than the best: then the search has converged. */
const CONVERGED = 10;

/**
 * The session establishment rate by the algorithm of RFC 7502 4.10: the highest rate at which all of N attempts succeed. Up
 * by a tenth after each step that held, down by a tenth after each that did not, whole rates; over when ten steps have held
 * that were no better than the best. With the recommended values both shares stay a tenth.
 */
export class Rfc7502Search implements LevelSearch {
  private rate: number;
  private best = 0;
  private repeats = 0;
  private strained = 0;
  private failedAt = Number.POSITIVE_INFINITY;
  private ailment: Ailment | null = null;
  private end: Knee['end'] | null = null;

  constructor(private max: number) {
    this.rate = Math.min(FIRST_CPS, max);
  }

  get next(): Trial | null {
    return this.end ? null : { level: this.rate, purpose: this.best === 0 ? 'climb' : 'narrow', isFull: true };
  }

  get result(): Knee {
    const { best, failedAt, ailment } = this;
    const isKnown = Number.isFinite(failedAt);
    return {
      held: best,
      failed: isKnown ? failedAt : null,
      ailment,
      end: this.end ?? 'knee',
      isConfirmed: this.end === 'knee' && this.repeats >= CONVERGED,
    };
  }

  limitTo(max: number): void {
    this.max = Math.min(this.max, max);
    if (this.rate <= this.max || this.end) return;
    if (this.max <= this.best || this.max < 1) this.end = 'max';
    else this.rate = this.max;
  }

  take(result: TrialResult): void {
    if (this.end) return;
    if (result.kind === 'strained') {
      if (++this.strained >= MOST_STRAINED) this.end = 'generator';
      return;
    }
    this.strained = 0;
    if (result.kind === 'held') this.goUp();
    else this.goDown(result.ailment);
  }

  private goUp(): void {
    if (this.rate > this.best) this.best = this.rate;
    else this.repeats++;
    if (this.rate >= this.failedAt) this.failedAt = Number.POSITIVE_INFINITY;
    if (this.rate >= this.max) this.end = 'max';
    else if (this.repeats >= CONVERGED) this.end = 'knee';
    else this.rate = Math.min(this.max, Math.floor(this.rate + this.rate * UP));
  }

  private goDown(ailment: Ailment): void {
    if (this.rate <= this.failedAt) {
      this.failedAt = this.rate;
      this.ailment = ailment;
    }
    this.rate = Math.floor(this.rate - this.rate * DOWN);
    if (this.rate < 1) this.end = 'knee';
  }
}
