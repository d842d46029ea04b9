/** Audio that is missing for at least this long in one go is an interruption: a syllable and more. */
const LEAST_MS = 200;

/** Interruptions of a stream: how many, how long together, and the longest of them. */
export interface Interruptions {
  count: number;
  totalMs: number;
  longestMs: number;
}

/** How many runs of packets that were not played there were, by their length in packets. */
export type RunLengths = ReadonlyMap<number, number>;

/**
 * The interruptions that a stream's runs of lost and late packets make. A sender that pauses interrupts nothing: it sends
 * no packet that could miss.
 * @param packetMs how much audio a packet carries
 */
export function interruptionsOf(lengths: Iterable<RunLengths>, packetMs: number): Interruptions {
  const found = { count: 0, totalMs: 0, longestMs: 0 };
  for (const runs of lengths) {
    for (const [packets, times] of runs) {
      const ms = packets * packetMs;
      if (ms < LEAST_MS) continue;
      found.count += times;
      found.totalMs += times * ms;
      found.longestMs = Math.max(found.longestMs, ms);
    }
  }
  return found;
}
