import type { Comparison, Gate } from './gate-parser.js';
import type { GateResult, Summary } from './summary.js';

/** Judges every gate. A figure that was not measured fails its gate: nothing passes unnoticed. */
export function judgeGates(gates: readonly Gate[], summary: Omit<Summary, 'gates' | 'verdict'>): GateResult[] {
  return gates.map((gate) => {
    const observed = observe(gate.path, summary);
    if (observed === null) return { expression: gate.expression, observed: null, pass: false, reason: 'not measured' };
    const pass = compare(observed, gate.comparison, gate.bound);
    return pass
      ? { expression: gate.expression, observed, pass }
      : { expression: gate.expression, observed, pass, reason: 'out of bounds' };
  });
}

/** The value at a dotted path; a table of counts has 0 for a key it does not hold, once anything was counted. */
function observe(path: string, summary: Omit<Summary, 'gates' | 'verdict'>): number | string | boolean | null {
  const keys = path.split('.');
  let node: unknown = summary;
  for (const [i, key] of keys.entries()) {
    if (node === null || typeof node !== 'object') return null;
    const table = ['responses', 'byCause', 'byKind'].includes(keys[i - 1]);
    const value: unknown = (node as Record<string, unknown>)[key];
    if (value === undefined && table)
      return (keys[i - 1] === 'responses' ? summary.calls.attempted : summary.calls.answered) > 0 ? 0 : null;
    node = value;
  }
  return typeof node === 'number' || typeof node === 'string' || typeof node === 'boolean' ? node : null;
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
