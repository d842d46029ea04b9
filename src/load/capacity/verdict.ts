import type { CapacityResult } from './capacity-result.js';
import type { HeadroomRow } from './headroom.js';

/** `invalid`: this machine was the bottleneck before the answer was known. */
export type CapacityVerdict = 'pass' | 'fail' | 'invalid';

/** Whether the headroom that is asked for is there; where none is, whether anything was carried at all. */
export function capacityVerdict(result: CapacityResult, headroom: readonly HeadroomRow[]): CapacityVerdict {
  const required = headroom.filter(({ isRequired }) => isRequired);
  if (required.some(({ carried }) => carried === 'no')) return 'fail';
  const open = required.filter(({ carried }) => carried === 'unknown');
  if (required.length > 0 && open.length === 0) return 'pass';
  // Attempts a second are not sought where calls at once were not found.
  const isStrained = (dimension: 'concurrency' | 'cps'): boolean =>
    (result[dimension] ?? result.concurrency)?.cause === 'generator';
  if (open.length > 0) return open.every(({ dimension }) => isStrained(dimension)) ? 'invalid' : 'fail';
  if (isStrained('concurrency')) return 'invalid';
  return result.concurrency !== null && result.concurrency.value > 0 ? 'pass' : 'fail';
}
