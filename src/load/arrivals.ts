import { deriveSeed, Rng } from '../core/rng.js';
import { EndTimes } from './end-times.js';
import { holdTimes, meanHoldMs, unitExponential } from './hold.js';
import type { HoldSpec } from './hold-spec.js';
import { areaOf, ratePieces, timeOfArea } from './rates.js';
import { type RecordedNumbers, type ReplayedCall, replay } from './replay.js';
import type { LoadStage } from './spec.js';

/** One attempt of a plan. */
export interface Arrival {
  /** When it is due, in ms from the start. */
  atMs: number;
  /** How long its call lasts from the answer, in ms. */
  holdMs: number;
  /** Of a recorded call. */
  numbers?: RecordedNumbers;
}

/** What is left of an attempt by rounding. */
const EPSILON = 1e-9;

/**
 * The attempts of a plan, ascending in time. Times are absolute: a late start never shifts those that follow. Each stage
 * is evaluated apart:
 *
 * - Rates: the integral of the rate is the number of attempts that are wanted by then. Evenly spaced attempts are due
 *   where it reaches a whole number. Those of a Poisson process are due where it reaches the next of a row of numbers
 *   that lie Exp(1) apart: inverting the integral makes their expected number exactly the curve, whatever its shape.
 *   What is left of an attempt at the end of a piece is carried into the next one, and into the next stage where that
 *   is spaced alike.
 * - Concurrency: an attempt is due whenever fewer calls than wanted would be up if all were answered at once, by the
 *   hold times that were drawn for them. Refused calls are not repeated, so what is offered never depends on the target.
 * - Recorded calls: each at its time, with its own hold time and numbers.
 *
 * @param hold how long calls last
 * @param seed of the run
 */
export function* arrivals(stages: readonly LoadStage[], hold: HoldSpec, seed: number): Generator<Arrival> {
  const holdOf = holdTimes(hold, seed);
  const spacing = new Spacing(seed);
  // Of interest to concurrent stages alone.
  const ends = stages.some(({ shape }) => shape === 'concurrent') ? new EndTimes() : null;
  let startMs = 0;
  let rate = 0;
  let attempt = 0;
  const arrivalAt = (atMs: number, recorded?: ReplayedCall): Arrival => {
    const holdMs = recorded?.holdMs ?? holdOf(attempt);
    attempt++;
    ends?.forgetUntil(atMs);
    ends?.add(atMs + holdMs);
    return { atMs, holdMs, numbers: recorded?.numbers };
  };
  for (const stage of stages) {
    if (stage.shape === 'concurrent') {
      for (const atMs of concurrentTimes(stage.calls, startMs, stage.for, ends!)) yield arrivalAt(atMs);
      rate = stage.for > 0 ? stage.calls / Math.max(meanHoldMs(hold) / 1000, 1e-9) : rate;
    } else if (stage.shape === 'replay') {
      const calls = replay(stage.recorded, stage.factor, stage.for, seed);
      for (const call of calls) yield arrivalAt(startMs + call.atMs, call);
      rate = (calls.length * 1000) / stage.for;
    } else {
      spacing.begin(stage.arrivals ?? 'even');
      for (const piece of ratePieces(stage, startMs, rate)) {
        const area = areaOf(piece);
        let at = spacing.left;
        for (; at < area - EPSILON; at += spacing.next()) yield arrivalAt(timeOfArea(piece, at));
        spacing.left = Math.max(0, at - area);
        rate = piece.to;
      }
    }
    startMs += stage.for;
  }
}

/** How far apart attempts are, measured in the integral of the rate. */
class Spacing {
  /** What of the integral is left until the next attempt. */
  left = 0;
  private kind: 'even' | 'poisson' | null = null;
  private readonly rng: Rng;

  constructor(seed: number) {
    this.rng = new Rng(deriveSeed(seed, 'arrivals'));
  }

  /** Attempts are spaced that way from now on: the first of an even row is due at once. */
  begin(kind: 'even' | 'poisson'): void {
    if (kind === this.kind) return;
    this.kind = kind;
    this.left = kind === 'even' ? 0 : this.next();
  }

  next(): number {
    return this.kind === 'even' ? 1 : unitExponential(this.rng);
  }
}

/** When attempts are due so that the number of calls goes evenly to `target`; what is yielded has to be added to `ends`. */
function* concurrentTimes(target: number, startMs: number, lengthMs: number, ends: EndTimes): Generator<number> {
  ends.forgetUntil(startMs);
  const initial = ends.count;
  const slope = lengthMs > 0 ? (target - initial) / lengthMs : 0;
  const wanted = (t: number): number => (lengthMs > 0 ? initial + slope * (t - startMs) : target);
  let t = startMs;
  for (;;) {
    const up = ends.count;
    if (wanted(t) >= up + 1 - EPSILON) {
      yield t;
      continue;
    }
    const crossing = slope > 0 ? startMs + (up + 1 - initial) / slope : Number.POSITIVE_INFINITY;
    const ending = ends.first;
    const next = Math.min(crossing, ending);
    if (next > startMs + lengthMs || next === Number.POSITIVE_INFINITY) return;
    t = Math.max(t, next);
    if (ending <= crossing) ends.removeFirst();
  }
}
