import type { CallRecord } from './call-record.js';
import { Distribution, round } from './distribution.js';
import { LeastSquares, SeriesSlope } from './regression.js';
import type { StretchSummary, TrendSummary } from './summary.js';

/** Memory is a point each 10 s. */
const MEMORY_MS = 10_000;
const HOUR_MS = 3_600_000;

/** Figures of the calls of a part of the run. */
class Stretch {
  private calls = 0;
  private failed = 0;
  private ended = 0;
  private readonly srd = new Distribution();
  private readonly ttfw = new Distribution();

  add({ outcome, turns }: CallRecord, srdMs: number | null): void {
    this.calls++;
    if (outcome !== 'cancelled') this.ended++;
    if (outcome === 'failed') this.failed++;
    if (srdMs !== null) this.srd.record(srdMs);
    if (turns && turns.ttfwMs !== null) this.ttfw.record(turns.ttfwMs);
  }

  summary(): StretchSummary {
    return {
      calls: this.calls,
      setupFailureRatio: this.ended > 0 ? round(this.failed / this.ended) : null,
      srdMs: this.srd.percentiles(),
      ttfwMs: this.ttfw.percentiles(),
    };
  }
}

/** How a run begins and how it goes on: the first calls against the others, and what grows with time. */
export class TrendMetrics {
  private readonly cold = new Stretch();
  private readonly warm = new Stretch();
  private readonly srd = new LeastSquares();
  private readonly failures = new LeastSquares();
  private readonly memory = new SeriesSlope();
  private memoryPart = { index: -1, sum: 0, count: 0 };

  /** @param warmUpMs attempts that start before are the cold ones, and slopes begin there */
  constructor(private readonly warmUpMs: number) {}

  /** @param record with times on the run's clock */
  add(record: CallRecord): void {
    const { inviteMs, provisionalMs, finalMs } = record.timings;
    const first = provisionalMs ?? finalMs;
    const srdMs = record.answeredMs !== null && inviteMs !== null && first !== null ? first - inviteMs : null;
    if (record.startedMs < this.warmUpMs) {
      this.cold.add(record, srdMs);
      return;
    }
    this.warm.add(record, srdMs);
    const hours = record.startedMs / HOUR_MS;
    if (srdMs !== null) this.srd.add(hours, srdMs);
    if (record.outcome !== 'cancelled') this.failures.add(hours, record.outcome === 'failed' ? 1 : 0);
  }

  /** @param residentBytes of our own process, all threads together */
  addMemory(atMs: number, residentBytes: number): void {
    if (atMs < this.warmUpMs) return;
    const index = Math.floor(atMs / MEMORY_MS);
    const part = this.memoryPart;
    if (index !== part.index && part.count > 0)
      this.memory.add(((part.index + 0.5) * MEMORY_MS) / HOUR_MS, part.sum / part.count);
    if (index !== part.index) this.memoryPart = { index, sum: residentBytes, count: 1 };
    else {
      part.sum += residentBytes;
      part.count++;
    }
  }

  summary(): TrendSummary {
    return {
      warmUpMs: this.warmUpMs,
      cold: this.cold.summary(),
      warm: this.warm.summary(),
      srdMs: this.srd.perHour(),
      setupFailureRatio: this.failures.perHour(),
      memory: this.memory.perHour(),
    };
  }
}
