import type { InvalidReason } from './summary.js';

/** How late something was, in ms. */
export interface Lateness {
  p99: number;
  max: number;
  /** Of so few values, or of so short a time, that the 99th percentile is a handful of them. */
  isBrief: boolean;
}

/** What the generator says of its own strain. */
export interface Strain {
  /** Over all media threads; `null` before any has said. */
  receiveDrops: number | null;
  pacingErrorP99Ms: number | null;
  /** The worse of the signalling threads. */
  eventLoopDelayP99Ms: number | null;
  /** Threads by name: longest time at or above 95 % CPU in ms. */
  saturatedMs: { name: string; ms: number }[];
  mediaThreads: { name: string; receiveDrops: number; pacingErrorMs: Lateness | null }[];
  signallingThreads: { name: string; eventLoopDelayMs: Lateness }[];
  notStarted: number;
  planned: number;
}

export interface Invalidity {
  reason: InvalidReason;
  /** What was observed, in words that stand alone. */
  observed: string;
  limit: string;
}

/** The limits past which a run claims nothing about the target, because the generator was the bottleneck. */
export const LIMITS = {
  pacingErrorP99Ms: 10,
  saturatedRatio: 0.95,
  saturatedMs: 3000,
  eventLoopDelayP99Ms: 20,
  notStartedRatio: 0.01,
  /** A brief observation holds moments in which code was compiled: its worst value may be that many times the limit. */
  briefFactor: 5,
} as const;

/** Every limit that was passed, and by which thread: one thread in time does not make up for another that was late. */
export function invalidities(strain: Strain): Invalidity[] {
  const found: Invalidity[] = [];
  for (const { name, receiveDrops } of strain.mediaThreads)
    if (receiveDrops > 0)
      found.push({
        reason: 'receive-drops',
        observed: `own receive drops ${receiveDrops} (${name})`,
        limit: '0',
      });
  for (const { name, pacingErrorMs } of strain.mediaThreads)
    if (pacingErrorMs !== null)
      found.push(...lateness('pacing-error', 'pacing error', name, pacingErrorMs, LIMITS.pacingErrorP99Ms));
  for (const thread of strain.saturatedMs)
    if (thread.ms >= LIMITS.saturatedMs)
      found.push({
        reason: 'thread-cpu',
        observed: `${thread.name} at ${LIMITS.saturatedRatio * 100} % CPU or more for ${(thread.ms / 1000).toFixed(0)} s`,
        limit: `${LIMITS.saturatedMs / 1000} s`,
      });
  for (const { name, eventLoopDelayMs } of strain.signallingThreads)
    found.push(...lateness('event-loop-delay', 'event-loop delay', name, eventLoopDelayMs, LIMITS.eventLoopDelayP99Ms));
  if (strain.planned > 0 && strain.notStarted / strain.planned > LIMITS.notStartedRatio)
    found.push({
      reason: 'not-started',
      observed: `${strain.notStarted} of ${strain.planned} attempts could not start on time`,
      limit: `${LIMITS.notStartedRatio * 100} %`,
    });
  return found;
}

/** The 99th percentile held against its limit, or of a brief observation the worst value against a wider one. */
function lateness(
  reason: InvalidReason,
  what: string,
  name: string,
  { p99, max, isBrief }: Lateness,
  limitMs: number,
): Invalidity[] {
  const figure = isBrief ? 'max' : 'p99';
  const valueMs = isBrief ? max : p99;
  const boundMs = isBrief ? limitMs * LIMITS.briefFactor : limitMs;
  if (valueMs <= boundMs) return [];
  return [{ reason, observed: `${what} ${figure} ${valueMs.toFixed(1)} ms (${name})`, limit: `${boundMs} ms` }];
}
