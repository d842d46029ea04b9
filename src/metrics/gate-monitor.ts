import type { Gate, GateWindow } from './gate-parser.js';
import { figureInWords, judge } from './gates.js';
import type { GateState } from './snapshot.js';
import type { GateResult } from './summary.js';
import { type RoomReader, WindowFigures } from './window-figures.js';

type WindowGate = Gate & { window: GateWindow };

/** A gate that has tripped. */
export interface Trip {
  /** Which gate, by what, when. */
  text: string;
  aborts: boolean;
}

interface Watched {
  gate: WindowGate;
  /** The last window that could be judged, and the worst of all. */
  last: GateResult | null;
  worst: GateResult | null;
  /** The end of the first window that was out of bounds, if all since then were. */
  outSinceMs: number | null;
  trippedAtMs: number | null;
}

/**
 * Judges gates over sliding windows, once for each second of the run. A window in which the figure was not measured is within no
 * bounds and out of none: it ends a time out of bounds and is not judged otherwise. A gate that has tripped stays tripped.
 */
export class GateMonitor {
  private readonly watched: readonly Watched[];
  private readonly figures: WindowFigures;
  /** Seconds that were judged. */
  private seconds = 0;

  /** @param gates those without a window are left alone */
  constructor(gates: readonly Gate[], readRoom: RoomReader) {
    const windowed = gates.filter((gate): gate is WindowGate => gate.window !== null);
    this.figures = new WindowFigures(windowed, readRoom);
    this.watched = windowed.map((gate) => ({
      gate,
      last: null,
      worst: null,
      outSinceMs: null,
      trippedAtMs: null,
    }));
  }

  /** Ends the seconds before `atMs` on the run's clock; comes before anything of that moment is counted. */
  read(atMs: number): void {
    if (this.watched.length > 0) this.figures.read(atMs);
  }

  /** Judges the seconds that have passed since it was last called; gives the gates that tripped in them. */
  advance(nowMs: number): Trip[] {
    this.read(nowMs);
    const trips: Trip[] = [];
    for (; (this.seconds + 1) * 1000 <= nowMs; this.seconds++) {
      for (const watched of this.watched) {
        if (!this.trips(watched)) continue;
        const { gate, worst } = watched;
        const value = figureInWords(gate.kind, worst!.observed!);
        const text = `gate ${gate.expression}: ${value} in ${spanOf(watched)}`;
        trips.push({ text, aborts: gate.window.abort });
      }
    }
    this.figures.forget(this.seconds);
    return trips;
  }

  states(): GateState[] {
    return this.watched.map(({ gate, last, outSinceMs, trippedAtMs, worst }) => ({
      expression: gate.expression,
      windowMs: gate.window.lengthMs,
      state: trippedAtMs !== null ? 'tripped' : last === null ? 'waiting' : outSinceMs !== null ? 'out' : 'ok',
      observed: (trippedAtMs !== null ? worst : last)?.observed ?? null,
    }));
  }

  /** How the gates stand, in the order in which they were given; as they are in a summary, at the end of the run. */
  results(): GateResult[] {
    return this.watched.map((watched) => this.resultOf(watched));
  }

  /** @returns whether it has tripped now */
  private trips(watched: Watched): boolean {
    const { gate } = watched;
    const { lengthMs, afterMs, forMs } = gate.window;
    const endMs = (this.seconds + 1) * 1000;
    if (endMs < afterMs || watched.trippedAtMs !== null) return false;
    const result = judge(gate, (figure) => this.figures.figure(figure, this.seconds, lengthMs));
    if (result.observed === null) {
      watched.outSinceMs = null;
      return false;
    }
    watched.last = result;
    if (watched.worst === null || isWorse(gate, result, watched.worst)) watched.worst = result;
    if (result.pass) {
      watched.outSinceMs = null;
      return false;
    }
    watched.outSinceMs ??= endMs;
    if (endMs - watched.outSinceMs < forMs) return false;
    watched.trippedAtMs = endMs;
    watched.worst = result;
    return true;
  }

  private resultOf(watched: Watched): GateResult {
    const { gate, worst, trippedAtMs } = watched;
    const { expression, window } = gate;
    const aborted = window.abort && trippedAtMs !== null;
    const result = { expression, observed: worst?.observed ?? null, windowMs: window.lengthMs, trippedAtMs, aborted };
    if (trippedAtMs === null)
      return worst === null ? { ...result, pass: false, reason: 'not measured' } : { ...result, pass: true };
    return { ...result, pass: false, reason: `out of bounds in ${spanOf(watched)}` };
  }
}

function spanOf({ gate, trippedAtMs }: Watched): string {
  return `the ${gate.window.lengthMs / 1000} s up to ${(trippedAtMs ?? 0) / 1000} s of the run`;
}

/** Whether a window is nearer to the bound than another one, or further beyond it. */
function isWorse({ comparison }: Gate, { observed: a, pass }: GateResult, { observed: b }: GateResult): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return !pass;
  if (comparison === '<' || comparison === '<=') return a > b;
  if (comparison === '>' || comparison === '>=') return a < b;
  return !pass;
}
