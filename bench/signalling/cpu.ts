import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of each thread of this process so far in ms, by thread id (Linux; the first field of schedstat is in ns). */
export function threadTimes(): Map<number, number> {
  const times = new Map<number, number>();
  for (const id of readdirSync('/proc/self/task')) {
    try {
      const [ns] = readFileSync(`/proc/self/task/${id}/schedstat`, 'latin1').split(' ');
      times.set(Number(id), Number(ns) / 1e6);
    } catch {
      // It has just ended.
    }
  }
  return times;
}

/** CPU time of some threads between two readings, in ms; without `ids` of all. */
export function cpuBetween(before: Map<number, number>, after: Map<number, number>, ids?: readonly number[]): number {
  let sum = 0;
  for (const [id, ms] of after) if (ids === undefined || ids.includes(id)) sum += ms - (before.get(id) ?? 0);
  return sum;
}
