import type { MediaSnapshot } from '../media/link/messages.js';
import type { LoadCounts } from '../metrics/load-metrics.js';
import type { Pulse } from '../shard/messages.js';
import type { Plan } from './plan.js';

/** What a media thread counts, without what it says of its own strain. */
export type MediaTotals = Omit<MediaSnapshot, 'health'>;

/** What a shard carries on a small machine before its threads are late; docs/benchmarks.md has the figures. */
const ATTEMPTS_A_SECOND = 500;
const CALLS_AT_ONCE = 1000;
/** A signalling thread and a media thread. */
const CORES_A_SHARD = 2;

/**
 * How many shards the callers of a run are spread over: as many as the plan needs, within the machine's cores.
 * @param ownTrunk whether the run's own trunk takes cores, too
 */
export function shardsFor(plan: Pick<Plan, 'peakCalls' | 'burst'>, cores: number, ownTrunk: boolean): number {
  // A burst is the most attempts of half a second.
  const needed = Math.max((plan.burst * 2) / ATTEMPTS_A_SECOND, plan.peakCalls / CALLS_AT_ONCE);
  const fitting = Math.floor(cores / CORES_A_SHARD) - (ownTrunk ? 1 : 0);
  return Math.max(1, Math.min(Math.ceil(needed), fitting));
}

/** The counters of several signalling threads that share a population; `null` of none. */
export function sumPulses(pulses: readonly Pulse[]): Pulse | null {
  if (pulses.length < 2) return pulses[0] ?? null;
  const total = (of: (pulse: Pulse) => number): number => pulses.reduce((sum, pulse) => sum + of(pulse), 0);
  const most = (of: (pulse: Pulse) => number): number => Math.max(...pulses.map(of));
  const { inProgress, established } = pulses.at(-1)!;
  const ends = pulses.map((pulse) => pulse.arrivalsDoneMs);
  return {
    attempted: total((pulse) => pulse.attempted),
    notStarted: total((pulse) => pulse.notStarted),
    up: total((pulse) => pulse.up),
    inProgress,
    established,
    peakInProgress: most((pulse) => pulse.peakInProgress),
    peakEstablished: most((pulse) => pulse.peakEstablished),
    load: pulses.flatMap(({ load }) => load ?? []).reduce<LoadCounts | null>(addLoads, null),
    arrivalsDoneMs: ends.every((end) => end !== null) ? Math.max(...ends) : null,
    trunk: null,
    group: pulses.find(({ group }) => group !== null)?.group ?? null,
    sip: pulses.map((pulse) => pulse.sip).reduce(addCounts),
    // Strain is of each thread by itself.
    eventLoopDelayMs: null,
    cpuMs: null,
    departuresCpuMs: null,
  };
}

function addLoads(a: LoadCounts | null, b: LoadCounts): LoadCounts {
  if (a === null) return b;
  const least = (x: number | null, y: number | null): number | null =>
    x === null || y === null ? (x ?? y) : Math.min(x, y);
  const most = (x: number | null, y: number | null): number | null =>
    x === null || y === null ? (x ?? y) : Math.max(x, y);
  return {
    due: a.due + b.due,
    firstDueMs: least(a.firstDueMs, b.firstDueMs),
    lastDueMs: most(a.lastDueMs, b.lastDueMs),
    offeredMs: a.offeredMs + b.offeredMs,
    carriedMs: a.carriedMs + b.carriedMs,
  };
}

/** The totals of several media threads, of all but their own strain; `null` of none. */
export function sumMedia(snapshots: readonly MediaSnapshot[]): MediaTotals | null {
  const totals = snapshots.map(({ health, ...counts }) => counts);
  return totals.length === 0 ? null : { ...totals.reduce(addCounts), atMs: totals.at(-1)!.atMs };
}

/** Both trees of counts, leaf by leaf; a leaf or branch that one of them lacks is the other's. */
function addCounts<T>(a: T, b: T): T {
  if (typeof a === 'number' && typeof b === 'number') return (a + b) as T;
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a ?? b;
  const sum = { ...a } as Record<string, unknown>;
  for (const [name, value] of Object.entries(b)) sum[name] = addCounts(sum[name], value);
  return sum as T;
}
