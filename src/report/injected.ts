import type { Summary } from '../metrics/summary.js';

/** The kinds of stages that counted what they did, in either direction. */
export function injectedKinds({ uplink, downlink }: Summary['impairment']): string[] {
  return [...new Set([...Object.keys(uplink.faults), ...Object.keys(downlink.faults)])].sort();
}
