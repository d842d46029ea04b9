import type { z } from 'zod';
import type { Gate } from './gate-parser.js';
import { figureInWords } from './gates.js';
import type { readinessSpec } from './readiness-spec.js';
import type { GateResult, ReadinessResult } from './summary.js';

/** @param gates those of the criteria that have one, in their order, and what came of them */
export function readinessOf(
  criteria: z.infer<typeof readinessSpec>,
  gates: readonly { gate: Gate; result: GateResult }[],
): ReadinessResult[] {
  const judged = [...gates];
  return criteria.map(({ criterion, gate: given, threshold = '' }) => {
    if (given === undefined) return { criterion, threshold, expression: null, measured: null, pass: null };
    const { gate, result } = judged.shift()!;
    const { observed: measured, pass } = result;
    const bound = `${gate.comparison} ${figureInWords(gate.kind, gate.bound)}`;
    return {
      criterion,
      threshold: gate.window === null ? bound : `${bound} in ${gate.window.lengthMs / 1000} s`,
      expression: gate.expression,
      measured,
      pass: measured === null ? null : pass,
    };
  });
}
