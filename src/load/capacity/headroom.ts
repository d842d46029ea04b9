import type { CapacityResult } from './capacity-result.js';

/** Whether a number of calls at once is carried: `unknown` where the search did not get as far. */
export type Carried = 'yes' | 'no' | 'unknown';

export interface HeadroomRow {
  /** Share beyond the expected peak: 0, 0.2, 1. */
  headroom: number;
  calls: number;
  carried: Carried;
  /** The one that decides. */
  isRequired: boolean;
}

/** The expected peak, with the headroom that is asked for and twice as many calls, held against what was found. */
export function headroomTable(result: CapacityResult, expected: number, required: number): HeadroomRow[] {
  const shares = [...new Set([0, required, 1])].sort((a, b) => a - b);
  return shares.map((headroom) => {
    const calls = neededCalls(expected, headroom);
    return { headroom, calls, carried: isCarried(result, calls), isRequired: headroom === required };
  });
}

/** Whole calls, for an expected peak with so much headroom; 200 and 20 % are 240, whatever binary fractions say. */
export function neededCalls(expected: number, headroom: number): number {
  return Math.ceil(expected * (1 + headroom) - 1e-6);
}

function isCarried({ concurrency, baselineAilment }: CapacityResult, calls: number): Carried {
  if (baselineAilment !== null) return 'no';
  if (!concurrency) return 'unknown';
  if (concurrency.value >= calls) return 'yes';
  const failedAt = concurrency.failedAt ?? Number.POSITIVE_INFINITY;
  return !concurrency.isAtLeast || calls >= failedAt ? 'no' : 'unknown';
}
