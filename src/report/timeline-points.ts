import type { Snapshot } from '../metrics/snapshot.js';

/** What the charts of the report need of a snapshot. Ratios 0–1, times in ms. */
export interface TimelinePoint {
  atMs: number;
  inProgress: number;
  established: number;
  offeredCps: number;
  achievedCps: number;
  /** Failed attempts so far. */
  failed: number;
  /** Of the setups that ended since the point before. */
  setupRatio: number | null;
  srdP50Ms: number | null;
  srdP95Ms: number | null;
  srdP99Ms: number | null;
  uplinkLoss: number | null;
  uplinkInjected: number | null;
  uplinkMosP5: number | null;
  uplinkMosP50: number | null;
  downlinkLoss: number | null;
  downlinkInjected: number | null;
  downlinkMosP5: number | null;
  downlinkMosP50: number | null;
}

export function timelinePoint(s: Snapshot): TimelinePoint {
  const { uplink, downlink } = s.media;
  return {
    atMs: s.atMs,
    inProgress: s.calls.inProgress,
    established: s.calls.established,
    offeredCps: s.offeredCps,
    achievedCps: s.achievedCps,
    failed: s.calls.failed,
    setupRatio: s.setupRatio ?? null,
    srdP50Ms: s.srdMs?.p50 ?? null,
    srdP95Ms: s.srdMs?.p95 ?? null,
    srdP99Ms: s.srdMs?.p99 ?? null,
    uplinkLoss: uplink.lossRatio,
    uplinkInjected: uplink.injectedLossRatio,
    uplinkMosP5: uplink.mosLqP5,
    uplinkMosP50: uplink.mosLqP50,
    downlinkLoss: downlink.lossRatio,
    downlinkInjected: downlink.injectedLossRatio,
    downlinkMosP5: downlink.mosLqP5,
    downlinkMosP50: downlink.mosLqP50,
  };
}

/** At most `limit` points: each stands for a slice of neighbours by its last one, with the slice's peak of calls. */
export function thinTimeline(points: readonly TimelinePoint[], limit: number): TimelinePoint[] {
  if (points.length <= limit) return [...points];
  const step = Math.ceil(points.length / limit);
  const out: TimelinePoint[] = [];
  for (let i = 0; i < points.length; i += step) {
    const slice = points.slice(i, i + step);
    out.push({
      ...slice[slice.length - 1],
      inProgress: Math.max(...slice.map((p) => p.inProgress)),
      established: Math.max(...slice.map((p) => p.established)),
    });
  }
  return out;
}

/** Failures per second between neighbouring points, the last of which may be nearer: it counts as a second. The first has none before it. */
export function failureRates(points: readonly TimelinePoint[]): (number | null)[] {
  return points.map((p, i) => {
    if (i === 0) return null;
    const seconds = (p.atMs - points[i - 1].atMs) / 1000;
    return seconds > 0 ? Math.max(0, p.failed - points[i - 1].failed) / Math.max(1, seconds) : null;
  });
}
