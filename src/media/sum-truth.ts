import type { DirectionTruth } from '../impair/truth.js';

/** What two pipelines did to one direction, the later one in the place of the earlier. */
export function sumTruth(earlier: DirectionTruth, later: DirectionTruth): DirectionTruth {
  const sum = sumCounts(earlier, later);
  const [first, second] = [earlier.delivered > 0, later.delivered > 0];
  // What the earlier one dropped at its end and the later one at its start lies between two delivered packets.
  const between = earlier.droppedAfter + later.droppedBefore;
  return {
    ...sum,
    droppedBefore: earlier.droppedBefore + (first ? 0 : later.droppedBefore),
    droppedWithin: earlier.droppedWithin + later.droppedWithin + (first && second ? between : 0),
    droppedAfter: later.droppedAfter + (first && !second ? between : 0),
    delayMeanMs:
      sum.delivered === 0
        ? null
        : ((earlier.delayMeanMs ?? 0) * earlier.delivered + (later.delayMeanMs ?? 0) * later.delivered) / sum.delivered,
    delayMaxMs: first || second ? Math.max(earlier.delayMaxMs ?? 0, later.delayMaxMs ?? 0) : null,
  };
}

/** Adds up the numbers of two objects of one shape, those of objects within them too. */
function sumCounts<T extends object>(a: T, b: T): T {
  const sum = { ...a } as Record<string, unknown>;
  for (const [name, value] of Object.entries(b)) {
    const before = sum[name];
    if (typeof value === 'number') sum[name] = (typeof before === 'number' ? before : 0) + value;
    else if (typeof value === 'object' && value !== null) sum[name] = sumCounts((before ?? {}) as object, value);
  }
  return sum as T;
}
