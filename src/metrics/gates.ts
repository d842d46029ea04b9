import { quantileOf, round } from './distribution.js';
import { type Figure, type FigureKind, isOfTable } from './figures.js';
import type { Comparison, Gate } from './gate-parser.js';
import type { GateResult, Summary } from './summary.js';

type Observed = number | string | boolean | null;
/** What gates are judged by: a summary, or as much of one as is known. */
export type Figures = Omit<Summary, 'gates' | 'readiness' | 'verdict'>;

/** Judges every gate. A figure that was not measured fails its gate: nothing passes unnoticed. */
export function judgeGates(gates: readonly Gate[], figures: Figures): GateResult[] {
  return gates.map((gate) => judgeGate(gate, figures));
}

export function judgeGate(gate: Gate, figures: Figures): GateResult {
  return judge(gate, (figure) => valueAt(figure, figures));
}

/** @param measured what was measured of a figure */
export function judge(gate: Gate, measured: (figure: Figure) => Observed): GateResult {
  const observed = observe(gate, measured);
  if (observed === null) return { expression: gate.expression, observed, pass: false, reason: 'not measured' };
  const pass = compare(observed, gate.comparison, gate.bound);
  return pass
    ? { expression: gate.expression, observed, pass }
    : { expression: gate.expression, observed, pass, reason: 'out of bounds' };
}

/** A figure in words, such as `3.1%` or `812 ms`. */
export function figureInWords(kind: FigureKind, value: number | string | boolean): string {
  if (typeof value !== 'number') return String(value);
  const figure = kind === 'ratio' ? value * 100 : value;
  const text = String(Number.isInteger(figure) ? figure : Number(figure.toPrecision(3)));
  return kind === 'ratio' ? `${text}%` : kind === 'ms' ? `${text} ms` : text;
}

/** What a gate compares with its bound; a share of nothing is `null`. */
function observe({ figure, over }: Gate, measured: (figure: Figure) => Observed): Observed {
  const value = measured(figure);
  if (over === null) return value;
  const whole = measured(over);
  return typeof value === 'number' && typeof whole === 'number' && whole !== 0 ? round(value / whole) : null;
}

/** A table of counts has 0 for a key that it does not hold, once anything was counted. */
function valueAt({ path, quantile }: Figure, figures: Figures): Observed {
  const keys = path.split('.');
  let node: unknown = figures;
  for (const key of keys) {
    if (node === null || typeof node !== 'object') return null;
    node = (node as Record<string, unknown>)[key];
  }
  if (node === undefined && isOfTable(path)) return countedFor(keys, figures) > 0 ? 0 : null;
  if (quantile !== null) return typeof node === 'object' && node !== null ? quantileOf(node, quantile) : null;
  return typeof node === 'number' || typeof node === 'string' || typeof node === 'boolean' ? node : null;
}

/** How often something was counted in the table of counts that a path leads to. */
function countedFor([room]: string[], { calls, registrations, accountCalls }: Figures): number {
  if (room === 'registrations') return registrations?.attempted ?? 0;
  if (room === 'accountCalls') return accountCalls?.offered ?? 0;
  return room === 'responses' || room === 'trunk' || room === 'inbound' ? calls.attempted : calls.answered;
}

function compare(
  observed: number | string | boolean,
  comparison: Comparison,
  bound: number | string | boolean,
): boolean {
  switch (comparison) {
    case '<':
      return observed < bound;
    case '<=':
      return observed <= bound;
    case '>':
      return observed > bound;
    case '>=':
      return observed >= bound;
    case '==':
      return observed === bound;
    case '!=':
      return observed !== bound;
    default:
      return comparison satisfies never;
  }
}
