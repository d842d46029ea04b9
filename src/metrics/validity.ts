import type { InvalidReason } from './summary.js';

/** What the generator says of its own strain. */
export interface Strain {
  /** Over all media threads; `null` before any has said. */
  receiveDrops: number | null;
  pacingErrorP99Ms: number | null;
  /** The worse of the signalling threads. */
  eventLoopDelayP99Ms: number | null;
  /** Threads by name: longest time at or above 95 % CPU in ms. */
  saturatedMs: { name: string; ms: number }[];
  mediaThreads: { name: string; receiveDrops: number; pacingErrorP99Ms: number | null }[];
  signallingThreads: { name: string; eventLoopDelayP99Ms: number }[];
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
  for (const { name, pacingErrorP99Ms } of strain.mediaThreads)
    if (pacingErrorP99Ms !== null && pacingErrorP99Ms > LIMITS.pacingErrorP99Ms)
      found.push({
        reason: 'pacing-error',
        observed: `pacing error p99 ${pacingErrorP99Ms.toFixed(1)} ms (${name})`,
        limit: `${LIMITS.pacingErrorP99Ms} ms`,
      });
  for (const thread of strain.saturatedMs)
    if (thread.ms >= LIMITS.saturatedMs)
      found.push({
        reason: 'thread-cpu',
        observed: `${thread.name} at ${LIMITS.saturatedRatio * 100} % CPU or more for ${(thread.ms / 1000).toFixed(0)} s`,
        limit: `${LIMITS.saturatedMs / 1000} s`,
      });
  for (const { name, eventLoopDelayP99Ms } of strain.signallingThreads)
    if (eventLoopDelayP99Ms > LIMITS.eventLoopDelayP99Ms)
      found.push({
        reason: 'event-loop-delay',
        observed: `event-loop delay p99 ${eventLoopDelayP99Ms.toFixed(1)} ms (${name})`,
        limit: `${LIMITS.eventLoopDelayP99Ms} ms`,
      });
  if (strain.planned > 0 && strain.notStarted / strain.planned > LIMITS.notStartedRatio)
    found.push({
      reason: 'not-started',
      observed: `${strain.notStarted} of ${strain.planned} attempts could not start on time`,
      limit: `${LIMITS.notStartedRatio * 100} %`,
    });
  return found;
}
