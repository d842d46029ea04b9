import type { CapacityResult } from './capacity-result.js';
import type { Dimension } from './step.js';

/** Whether a level is carried: `unknown` where the search did not get as far. */
export type Carried = 'yes' | 'no' | 'unknown';

/** What the busiest minute is expected to bring; `undefined` where nothing is held against it. */
export interface ExpectedPeak {
  /** Calls at once. */
  calls: number | undefined;
  /** Attempts a second. */
  cps: number | undefined;
}

export interface HeadroomRow {
  dimension: Dimension;
  /** Share beyond the expected peak: 0, 0.2, 1. */
  headroom: number;
  /** Calls at once, or attempts a second, that this makes. */
  level: number;
  carried: Carried;
  /** The one that decides. */
  isRequired: boolean;
}

/** The expected peaks, with the headroom that is asked for and twice as much, held against what was found. */
export function headroomTable(result: CapacityResult, expected: ExpectedPeak, required: number): HeadroomRow[] {
  const shares = [...new Set([0, required, 1])].sort((a, b) => a - b);
  return (['concurrency', 'cps'] as const).flatMap((dimension) => {
    const peak = dimension === 'cps' ? expected.cps : expected.calls;
    if (peak === undefined) return [];
    return shares.map((headroom) => {
      const level = neededLevel(dimension, peak, headroom);
      return {
        dimension,
        headroom,
        level,
        carried: isCarried(result, dimension, level),
        isRequired: headroom === required,
      };
    });
  });
}

/** A peak with so much headroom; of calls whole ones: 200 and 20 % are 240, whatever binary fractions say. */
export function neededLevel(dimension: Dimension, peak: number, headroom: number): number {
  const level = peak * (1 + headroom);
  return dimension === 'cps' ? Math.round(level * 1e6) / 1e6 : Math.ceil(level - 1e-6);
}

function isCarried(result: CapacityResult, dimension: Dimension, level: number): Carried {
  if (result.baselineAilment !== null) return 'no';
  const limit = result[dimension];
  if (!limit) return 'unknown';
  if (limit.value >= level) return 'yes';
  const failedAt = limit.failedAt ?? Number.POSITIVE_INFINITY;
  return !limit.isAtLeast || level >= failedAt ? 'no' : 'unknown';
}
