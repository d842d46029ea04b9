import { Distribution, round } from './distribution.js';
import type { LoadSummary } from './summary.js';

/** What the pacers of a run say of the plan, over all shards; times on the run's clock. */
export interface LoadCounts {
  /** Attempts that were due, started or not. */
  due: number;
  /** When the first and the latest of them were due; `null` before any was. */
  firstDueMs: number | null;
  lastDueMs: number | null;
  /** Hold times that the attempts which were started are to have, added up. */
  offeredMs: number;
  /** Time that calls were in progress so far, added up over the calls. */
  carriedMs: number;
}

const HOUR_MS = 3_600_000;
/** How finely the busiest hour is looked for. */
const STEP_MS = 60_000;

interface Point {
  atMs: number;
  attempted: number;
  carriedMs: number;
}

/** How the load that was made compares with the plan, and the traffic it amounts to (ITU-T E.600). Bounded, however long a run is. */
export class LoadMetrics {
  private readonly scheduleError = new Distribution();
  private firstStartMs = Number.POSITIVE_INFINITY;
  private lastStartMs = Number.NEGATIVE_INFINITY;
  private counts: LoadCounts | null = null;
  /** Mean number of calls in progress until the last attempt was made. */
  private carriedErlang: number | null = null;
  private isOver = false;
  /** A point a minute, of the last hour. */
  private readonly points: Point[] = [];
  private busiest: { attempts: number; erlang: number } | null = null;

  /** An attempt that was started; both on the run's clock. */
  start(dueMs: number, startedMs: number): void {
    this.scheduleError.record(startedMs - dueMs);
    if (startedMs < this.firstStartMs) this.firstStartMs = startedMs;
    if (startedMs > this.lastStartMs) this.lastStartMs = startedMs;
  }

  /**
   * Takes the counts, a few times a second.
   * @param atMs since the start of the run
   * @param isOver whether the last attempt has been made: what comes later is no longer part of the load
   */
  note(atMs: number, attempted: number, counts: LoadCounts, isOver: boolean): void {
    this.counts = counts;
    if (this.isOver) return;
    this.isOver = isOver;
    if (atMs > 0) this.carriedErlang = counts.carriedMs / atMs;
    this.seekBusiest({ atMs, attempted, carriedMs: counts.carriedMs });
  }

  private seekBusiest(point: Point): void {
    const { points } = this;
    if (points.length === 0) points.push({ atMs: 0, attempted: 0, carriedMs: 0 });
    if (point.atMs - points.at(-1)!.atMs >= STEP_MS) points.push(point);
    while (points.length > 1 && point.atMs - points[1].atMs >= HOUR_MS) points.shift();
    const [first] = points;
    const lengthMs = point.atMs - first.atMs;
    if (lengthMs < HOUR_MS) return;
    const attempts = ((point.attempted - first.attempted) * HOUR_MS) / lengthMs;
    const erlang = (point.carriedMs - first.carriedMs) / lengthMs;
    this.busiest = {
      attempts: Math.max(this.busiest?.attempts ?? 0, attempts),
      erlang: Math.max(this.busiest?.erlang ?? 0, erlang),
    };
  }

  summary(): LoadSummary {
    const { counts, busiest, scheduleError } = this;
    const started = scheduleError.count;
    const plannedCps = rateOf(counts?.due ?? 0, counts?.firstDueMs ?? 0, counts?.lastDueMs ?? 0);
    const startedCps = rateOf(started, this.firstStartMs, this.lastStartMs);
    return {
      plannedAttempts: counts?.due ?? null,
      plannedCps: rounded(plannedCps),
      startedCps: rounded(startedCps),
      startedRatio: plannedCps === null || startedCps === null ? null : round(startedCps / plannedCps),
      scheduleErrorMs: scheduleError.percentiles(),
      offeredErlang:
        counts === null || startedCps === null ? null : round((startedCps * counts.offeredMs) / started / 1000),
      carriedErlang: rounded(this.carriedErlang),
      attemptsPerHour: startedCps === null ? null : Math.round(startedCps * 3600),
      bhca: busiest && Math.round(busiest.attempts),
      busyHourErlang: busiest && round(busiest.erlang),
    };
  }
}

/** Events per second, by the time from the first to the last; `null` of fewer than two moments. */
function rateOf(count: number, firstMs: number, lastMs: number): number | null {
  return count > 1 && lastMs > firstMs ? ((count - 1) * 1000) / (lastMs - firstMs) : null;
}

const rounded = (value: number | null): number | null => (value === null ? null : round(value));
