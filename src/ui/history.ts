import type { Snapshot } from '../metrics/snapshot.js';

/** What the charts show, one value a moment; `null` where nothing was measured. */
export interface HistoryPoint {
  atMs: number;
  inProgress: number;
  achievedCps: number;
  offeredCps: number;
  /** Failed attempts per second since the point before. */
  failuresPerS: number;
  uplinkLoss: number | null;
  downlinkLoss: number | null;
}

export type Series = Exclude<keyof HistoryPoint, 'atMs'>;

/** The course of a run in bounded memory: when full, neighbouring points are merged and the step doubles. */
export class History {
  readonly points: HistoryPoint[] = [];
  private stepMs: number;
  private lastFailed = 0;
  private lastAtMs = 0;

  constructor(
    private readonly limit = 2048,
    stepMs = 500,
  ) {
    this.stepMs = stepMs;
  }

  add(snapshot: Snapshot): void {
    const last = this.points[this.points.length - 1];
    if (last && snapshot.atMs - last.atMs < this.stepMs) return;
    const seconds = (snapshot.atMs - this.lastAtMs) / 1000;
    const failed = snapshot.calls.failed - this.lastFailed;
    this.points.push({
      atMs: snapshot.atMs,
      inProgress: snapshot.calls.inProgress,
      achievedCps: snapshot.achievedCps,
      offeredCps: snapshot.offeredCps,
      failuresPerS: seconds > 0 ? Math.max(0, failed) / seconds : 0,
      uplinkLoss: snapshot.media.uplink.lossRatio,
      downlinkLoss: snapshot.media.downlink.lossRatio,
    });
    this.lastFailed = snapshot.calls.failed;
    this.lastAtMs = snapshot.atMs;
    if (this.points.length >= this.limit) this.halve();
  }

  /** The highest value of the series in each of `columns` equal slices of 0…`spanMs`; a slice between two points repeats the earlier. */
  columns(series: Series, columns: number, spanMs: number): (number | null)[] {
    const out: (number | null)[] = new Array<number | null>(columns).fill(null);
    const seen: boolean[] = new Array<boolean>(columns).fill(false);
    let lastColumn = -1;
    for (const point of this.points) {
      const column = Math.min(columns - 1, Math.floor((point.atMs / spanMs) * columns));
      const value = point[series];
      if (value !== null && (out[column] === null || value > (out[column] ?? 0))) out[column] = value;
      seen[column] = true;
      lastColumn = Math.max(lastColumn, column);
    }
    for (let i = 1; i <= lastColumn; i++) if (!seen[i]) out[i] = out[i - 1];
    return out;
  }

  private halve(): void {
    const merged: HistoryPoint[] = [];
    for (let i = 0; i + 1 < this.points.length; i += 2) {
      const [a, b] = [this.points[i], this.points[i + 1]];
      merged.push({
        ...b,
        inProgress: Math.max(a.inProgress, b.inProgress),
        failuresPerS: Math.max(a.failuresPerS, b.failuresPerS),
      });
    }
    this.points.length = 0;
    this.points.push(...merged);
    this.stepMs *= 2;
  }
}

const SPANS_S = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400];

/** How much time a chart shows: all of the run so far, rounded up to a plain length, never more than the plan needs. */
export function chartSpanMs(atMs: number, plannedMs: number): number {
  const plain = (SPANS_S.find((s) => s * 1000 >= atMs) ?? Math.ceil(atMs / 86_400_000) * 86_400) * 1000;
  return plannedMs >= atMs && plannedMs > 0 ? Math.min(plain, plannedMs) : plain;
}
