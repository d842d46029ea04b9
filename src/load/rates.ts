import type { LoadStage } from './spec.js';

/** A straight piece of a rate curve: `from` cps at its start, `to` cps at its end. */
export interface RatePiece {
  startMs: number;
  lengthMs: number;
  from: number;
  to: number;
}

type RateStage = Exclude<LoadStage, { shape: 'concurrent' | 'replay' }>;

/** The rate of a stage from `startMs` on, piece by piece. @param rate at which the stage before ended, in cps */
export function* ratePieces(stage: RateStage, startMs: number, rate: number): Generator<RatePiece> {
  switch (stage.shape) {
    case 'constant':
      yield { startMs, lengthMs: stage.for, from: stage.cps, to: stage.cps };
      return;
    case 'ramp':
      yield { startMs, lengthMs: stage.for, from: rate, to: stage.cps };
      return;
    case 'steps':
      for (let n = 0; n * stage.every < stage.for; n++) {
        const cps = Math.max(0, stage.from + n * stage.by);
        const atMs = n * stage.every;
        yield { startMs: startMs + atMs, lengthMs: Math.min(stage.every, stage.for - atMs), from: cps, to: cps };
      }
      return;
    case 'sawtooth':
      for (let n = 0; n * stage.every < stage.for; n++) {
        const atMs = n * stage.every;
        const lengthMs = Math.min(stage.every, stage.for - atMs);
        const to = stage.from + ((stage.to - stage.from) * lengthMs) / stage.every;
        yield { startMs: startMs + atMs, lengthMs, from: stage.from, to };
      }
      return;
    case 'spike': {
      const { base, cps, at, lasts } = stage;
      yield { startMs, lengthMs: at, from: base, to: base };
      yield { startMs: startMs + at, lengthMs: lasts, from: cps, to: cps };
      yield { startMs: startMs + at + lasts, lengthMs: stage.for - at - lasts, from: base, to: base };
      return;
    }
    default:
      stage satisfies never;
  }
}

/** Attempts that a piece amounts to: the integral of its rate. */
export function areaOf({ from, to, lengthMs }: RatePiece): number {
  return ((from + to) / 2) * (lengthMs / 1000);
}

/**
 * When the integral of a piece's rate, a·t² + b·t with a = (to − from)/2T and b = from, reaches `area`, in ms. The form
 * 2·area/(b + √(b² + 4a·area)) loses no digits where a is small.
 */
export function timeOfArea({ startMs, lengthMs, from, to }: RatePiece, area: number): number {
  if (area <= 0) return startMs;
  const a = lengthMs > 0 ? ((to - from) * 1000) / (2 * lengthMs) : 0;
  const t = (2 * area) / (from + Math.sqrt(Math.max(0, from * from + 4 * a * area)));
  return startMs + Math.min(t * 1000, lengthMs);
}
