import type { CallRecord } from './call-record.js';

/**
 * A call as a line of `calls.ndjson`. Times count from the INVITE, in ms to the µs; those within `media` are on the run's clock, on
 * which the INVITE came at `startedMs`.
 * @param utcOffsetMs what makes UTC of the run's clock
 */
export function callLine(record: CallRecord, utcOffsetMs: number): Record<string, unknown> {
  const { startedMs, ringingMs, answeredMs, endedMs, towardsTarget, media, ...rest } = record;
  const after = (atMs: number | null): number | null =>
    atMs === null ? null : Math.round((atMs - startedMs) * 1000) / 1000;
  return {
    ...rest,
    direction: towardsTarget ? 'to-target' : 'from-target',
    startedAt: new Date(utcOffsetMs + startedMs).toISOString(),
    startedMs,
    ringingAfterMs: after(ringingMs),
    answeredAfterMs: after(answeredMs),
    endedAfterMs: after(endedMs),
    media,
  };
}
