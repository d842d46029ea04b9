import type { LoadStage } from './spec.js';

/** A straight piece of a rate curve: `from` cps at its start, `to` cps at its end. */
interface RatePiece {
  startMs: number;
  lengthMs: number;
  from: number;
  to: number;
}

/** Ends that have passed are kept until they are many. */
const TRIM_FROM = 4096;

/** When each call that is up ends, ascending because all last equally long. */
class EndTimes {
  private readonly times: number[] = [];
  private passed = 0;

  get count(): number {
    return this.times.length - this.passed;
  }

  /** Infinite where no call is up. */
  get first(): number {
    return this.passed < this.times.length ? this.times[this.passed] : Number.POSITIVE_INFINITY;
  }

  add(time: number): void {
    this.times.push(time);
  }

  /** Forgets calls that have ended by then, at most `limit` of them. */
  forgetUntil(time: number, limit = Number.POSITIVE_INFINITY): void {
    for (let n = 0; n < limit && this.first <= time; n++) this.passed++;
    if (this.passed < TRIM_FROM || this.passed * 2 < this.times.length) return;
    this.times.splice(0, this.passed);
    this.passed = 0;
  }
}

/**
 * When each attempt is due, in ms from the start, ascending. The offsets are absolute: a late start never shifts those
 * that follow. Each stage is evaluated apart:
 *
 * - Rates: attempt n of a piece is due where the integral of the rate, a·t + (b − a)·t²/2T, reaches n; what is left of
 *   an attempt at the end of a piece is carried into the next one.
 * - Concurrency: with c(t) wanted and calls of length H, an attempt is due whenever fewer than c(t) calls would be up
 *   if all were answered at once. Refused calls are not repeated, so what is offered never depends on the target.
 *
 * @param holdMs how long a call lasts, for the concurrent stages.
 */
export function* arrivalOffsets(stages: readonly LoadStage[], holdMs: number): Generator<number> {
  const ends = new EndTimes();
  let startMs = 0;
  let rate = 0;
  let carried = 0;
  for (const stage of stages) {
    if (stage.shape === 'concurrent') {
      ends.forgetUntil(startMs);
      for (const offset of concurrentOffsets(stage.calls, startMs, stage.for, ends, holdMs)) yield offset;
      rate = stage.for > 0 ? stage.calls / Math.max(holdMs / 1000, 1e-9) : rate;
    } else {
      for (const piece of ratePieces(stage, startMs, rate)) {
        const generator = rateOffsets(piece, carried);
        let next = generator.next();
        while (!next.done) {
          ends.add(next.value + holdMs);
          ends.forgetUntil(next.value);
          yield next.value;
          next = generator.next();
        }
        carried = next.value;
        rate = piece.to;
      }
    }
    startMs += stage.for;
  }
}

function ratePieces(stage: Exclude<LoadStage, { shape: 'concurrent' }>, startMs: number, rate: number): RatePiece[] {
  switch (stage.shape) {
    case 'constant':
      return [{ startMs, lengthMs: stage.for, from: stage.cps, to: stage.cps }];
    case 'ramp':
      return [{ startMs, lengthMs: stage.for, from: rate, to: stage.cps }];
    case 'spike':
      return [
        { startMs, lengthMs: stage.at, from: stage.base, to: stage.base },
        { startMs: startMs + stage.at, lengthMs: stage.lasts, from: stage.cps, to: stage.cps },
        {
          startMs: startMs + stage.at + stage.lasts,
          lengthMs: stage.for - stage.at - stage.lasts,
          from: stage.base,
          to: stage.base,
        },
      ];
    default:
      return stage satisfies never;
  }
}

/** Yields the offsets of one piece and returns the fraction of an attempt that is left over. */
function* rateOffsets(piece: RatePiece, carried: number): Generator<number, number> {
  const lengthS = piece.lengthMs / 1000;
  const total = ((piece.from + piece.to) / 2) * lengthS + carried;
  const a = lengthS > 0 ? (piece.to - piece.from) / (2 * lengthS) : 0;
  const b = piece.from;
  // An attempt is due when the integral reaches a whole number; the first of a run is due at once.
  for (let n = Math.ceil(carried - 1e-9); n < total - 1e-9; n++) {
    const area = n - carried;
    const t =
      Math.abs(a) < 1e-12 ? (b > 0 ? area / b : 0) : (-b + Math.sqrt(Math.max(0, b * b + 4 * a * area))) / (2 * a);
    yield piece.startMs + t * 1000;
  }
  const left = total - Math.ceil(total - 1e-9);
  return left;
}

function* concurrentOffsets(
  target: number,
  startMs: number,
  lengthMs: number,
  ends: EndTimes,
  holdMs: number,
): Generator<number> {
  const initial = ends.count;
  const slope = lengthMs > 0 ? (target - initial) / lengthMs : 0;
  const wanted = (t: number): number => (lengthMs > 0 ? initial + slope * (t - startMs) : target);
  let t = startMs;
  for (;;) {
    const up = ends.count;
    if (wanted(t) >= up + 1 - 1e-9) {
      ends.add(t + holdMs);
      yield t;
      continue;
    }
    const crossing = slope > 0 ? startMs + (up + 1 - initial) / slope : Number.POSITIVE_INFINITY;
    const ending = ends.first;
    const next = Math.min(crossing, ending);
    if (next > startMs + lengthMs || next === Number.POSITIVE_INFINITY) return;
    t = Math.max(t, next);
    if (ending <= crossing) ends.forgetUntil(ending, 1);
  }
}
