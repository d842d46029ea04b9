import type { z } from 'zod';
import { round } from './distribution.js';
import type { Gate } from './gate-parser.js';
import { figureInWords } from './gates.js';
import type { readinessSpec } from './readiness-spec.js';
import type { GateResult, ReadinessResult } from './summary.js';

/** What a search for capacity found of calls at once. */
export interface FoundCapacity {
  /** The expected peak. */
  expected: number;
  /** Most that were carried. */
  calls: number;
  /** More were not tried, or not to the end. */
  isAtLeast: boolean;
}

/** @param gates those of the criteria that have one, in their order, and what came of them */
export function readinessOf(
  criteria: z.infer<typeof readinessSpec>,
  gates: readonly { gate: Gate; result: GateResult }[],
  capacity: FoundCapacity | null,
): ReadinessResult[] {
  const judged = [...gates];
  return criteria.map(({ criterion, gate: given, threshold = '', headroom }) => {
    if (headroom !== undefined) return { criterion, ...headroomOf(headroom, capacity) };
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

/** Whether so many calls beyond the peak were carried; unknown where the search did not try as many. */
function headroomOf(required: number, capacity: FoundCapacity | null): Omit<ReadinessResult, 'criterion'> {
  const threshold = `>= ${figureInWords('ratio', required)}`;
  const unknown = { threshold, expression: null, measured: null, pass: null };
  if (capacity === null) return unknown;
  const { expected, calls, isAtLeast } = capacity;
  const pass = calls >= expected * (1 + required) - 1e-6;
  if (!pass && isAtLeast) return unknown;
  return { threshold, expression: null, measured: round(calls / expected - 1), pass };
}
