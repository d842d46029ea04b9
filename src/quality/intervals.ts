import type { SourceTotals } from './heard-source.js';
import { burstRatio } from './loss-runs.js';
import { ofStretch } from './mos.js';
import type { IntervalReport, MosReport } from './reports.js';

/** How long an interval is. */
export const INTERVAL_MS = 10_000;
/** Of a longer call the last so many are kept, ten minutes, and the worst of those before. */
export const KEPT_INTERVALS = 60;
/** An interval with less audio than this is not rated: a single loss would be a verdict. */
const SHORTEST_RATED_MS = 1000;

/** What was counted in an interval; `startMs` is since the answer. */
interface Counts {
  startMs: number;
  durationMs: number;
  expected: number;
  lost: number;
  late: number;
  runs: number;
  jitterSumMs: number;
  jitterPackets: number;
  waitSumMs: number;
  waits: number;
}

const NOTHING = {
  expected: 0,
  lost: 0,
  late: 0,
  runs: 0,
  jitterSumMs: 0,
  jitterPackets: 0,
  waitSumMs: 0,
  waits: 0,
};

/**
 * What was heard in each 10 s from the answer on, as differences of the stream's totals. A packet belongs to the interval in
 * which its turn was: one that comes after it is put back there, and what an outage swallowed is spread evenly over it. So
 * the counts of the intervals sum up to those of the call.
 */
export class Intervals {
  private readonly kept: Counts[] = [];
  /** Of those no longer kept the one with the highest share of missing packets. */
  private worstBefore: Counts | null = null;
  /** The totals at the end of the last interval. */
  private before: SourceTotals | null = null;
  private startMs: number;
  /** When the last packet of the intervals that are over came, and how many ended with the next one. */
  private silentSinceMs = 0;
  private endedAtOnce = 0;

  constructor(private readonly answeredAtMs: number) {
    this.startMs = answeredAtMs;
  }

  /** When the interval ends that is going on. */
  get endMs(): number {
    return this.startMs + INTERVAL_MS;
  }

  /**
   * A packet has come after the end of the interval; `totals` are still without it. `lastArrivalMs` is when the one before
   * came, `ptimeMs` how long packets are.
   */
  end(totals: SourceTotals, lastArrivalMs: number, arrivalMs: number, ptimeMs: number): void {
    putBack(this.kept, this.before, totals);
    this.silentSinceMs = lastArrivalMs;
    this.endedAtOnce = 0;
    while (arrivalMs >= this.endMs) {
      this.keep(this.since(totals, INTERVAL_MS), ptimeMs);
      this.before = totals;
      this.startMs = this.endMs;
      this.endedAtOnce++;
      // Of a long silence only what is kept is gone through: a capture may be of years, where a clock was set.
      const left = Math.floor((arrivalMs - this.startMs) / INTERVAL_MS) - KEPT_INTERVALS;
      if (left > 0) this.startMs += left * INTERVAL_MS;
    }
  }

  /**
   * That packet has been counted, and `lost` are all that are lost with it: what it tells of is spread over the silence before.
   * Returns how many packets the intervals that are over got of it.
   */
  spread(lost: number, arrivalMs: number): number {
    const { before, kept, silentSinceMs } = this;
    const swallowed = lost - before!.lost;
    if (swallowed <= 0) return 0;
    const swallowedBy = (sinceAnswerMs: number): number =>
      Math.floor((swallowed * (this.answeredAtMs + sinceAnswerMs - silentSinceMs)) / (arrivalMs - silentSinceMs));
    const ended = kept.slice(-this.endedAtOnce);
    // Those that are not kept had theirs.
    let given = this.endedAtOnce > ended.length ? swallowedBy(ended[0].startMs) : 0;
    for (const counts of ended) {
      const share = swallowedBy(counts.startMs + counts.durationMs) - given;
      counts.expected += share;
      counts.lost += share;
      given += share;
    }
    before!.expected += given;
    before!.lost += given;
    return given;
  }

  /** The intervals up to `endMs` that are kept, and the worst of all, rated as the call is. Nothing is changed by it. */
  report(
    totals: SourceTotals,
    endMs: number,
    mos: MosReport | null,
  ): { intervals: IntervalReport[]; worstInterval: IntervalReport | null } {
    const list = this.kept.map((counts) => ({ ...counts }));
    putBack(list, this.before, totals);
    let { startMs } = this;
    const last = this.since(totals, Math.min(INTERVAL_MS, Math.max(0, endMs - startMs)));
    if (last.durationMs > 0 || last.expected > 0) list.push(last);
    const left = Math.floor((endMs - startMs) / INTERVAL_MS) - KEPT_INTERVALS - 1;
    if (left > 0) startMs += left * INTERVAL_MS;
    while ((startMs += INTERVAL_MS) < endMs) {
      const durationMs = Math.min(INTERVAL_MS, endMs - startMs);
      list.push({ startMs: startMs - this.answeredAtMs, durationMs, ...NOTHING });
    }
    const reports = list.map((counts) => reportOf(counts, mos));
    const worstInterval = worstOf(this.worstBefore ? [reportOf(this.worstBefore, mos), ...reports] : reports);
    return { intervals: reports.slice(-KEPT_INTERVALS), worstInterval };
  }

  /** What was counted since the end of the last interval. What came late for it is of that one. */
  private since(totals: SourceTotals, durationMs: number): Counts {
    const { before } = this;
    return {
      startMs: this.startMs - this.answeredAtMs,
      durationMs,
      expected: totals.expected - (before?.expected ?? 0),
      lost: totals.lost - (before?.lost ?? 0) + totals.belated - (before?.belated ?? 0),
      late: totals.late - (before?.late ?? 0) - totals.belatedLate + (before?.belatedLate ?? 0),
      runs: totals.runs.runs - (before?.runs.runs ?? 0),
      jitterSumMs: totals.jitterSumMs - (before?.jitterSumMs ?? 0),
      jitterPackets: totals.jitterPackets - (before?.jitterPackets ?? 0),
      waitSumMs: totals.waitSumMs - (before?.waitSumMs ?? 0),
      waits: totals.waits - (before?.waits ?? 0),
    };
  }

  private keep(counts: Counts, ptimeMs: number): void {
    const { kept } = this;
    kept.push(counts);
    if (kept.length <= KEPT_INTERVALS) return;
    const oldest = kept.shift()!;
    const isWorse = this.worstBefore === null || missingRatio(oldest) > missingRatio(this.worstBefore);
    if (isWorse && oldest.expected * ptimeMs >= SHORTEST_RATED_MS) this.worstBefore = oldest;
  }
}

/** Gives what came after the interval that it belongs to back to that: the last one, unless there is too much of it. */
function putBack(intervals: readonly Counts[], before: SourceTotals | null, totals: SourceTotals): void {
  let belated = totals.belated - (before?.belated ?? 0);
  for (let i = intervals.length - 1; belated > 0 && i >= 0; i--) {
    const found = Math.min(belated, intervals[i].lost);
    intervals[i].lost -= found;
    belated -= found;
    if (i === intervals.length - 1) intervals[i].late += totals.belatedLate - (before?.belatedLate ?? 0);
  }
}

function missingRatio({ expected, lost, late }: Pick<Counts, 'expected' | 'lost' | 'late'>): number {
  return expected === 0 ? 0 : (lost + late) / expected;
}

function reportOf(counts: Counts, call: MosReport | null): IntervalReport {
  const { expected, lost, late, jitterPackets, waits } = counts;
  const missing = lost + late;
  // Of an outage the run is seen only when it is over.
  const runs = missing === 0 ? 0 : Math.max(1, counts.runs);
  const interval = {
    startMs: counts.startMs,
    durationMs: counts.durationMs,
    packetsExpected: expected,
    packetsLost: lost,
    lateDiscarded: late,
    jitterMs: jitterPackets === 0 ? null : counts.jitterSumMs / jitterPackets,
    playoutDelayMs: waits === 0 ? null : counts.waitSumMs / waits,
    burstR: expected === 0 ? null : burstRatio({ packets: expected, missing, runs }),
    r: null,
    mosLq: null,
    mosCq: null,
  };
  return rateInterval(interval, call);
}

/** The interval rated as the call is; without a rating where the call has none, or where it holds too little. */
export function rateInterval(interval: IntervalReport, call: MosReport | null): IntervalReport {
  if (call === null || interval.packetsExpected * call.ptimeMs < SHORTEST_RATED_MS)
    return { ...interval, r: null, mosLq: null, mosCq: null };
  // The E-model knows loss, not silence: it has a voice in a stream of which all is missing.
  if (shareOf(interval) === 1) return { ...interval, r: 0, mosLq: 1, mosCq: null };
  const { r, lq } = ofStretch(call, interval);
  return { ...interval, r, mosLq: lq, mosCq: null };
}

/** The one with the lowest R, of those down to 0 the one in which most was missing; `null` when none is rated. */
export function worstOf(intervals: readonly IntervalReport[]): IntervalReport | null {
  let worst: IntervalReport | null = null;
  for (const interval of intervals) {
    if (interval.r === null) continue;
    const less = Math.max(0, worst?.r ?? Number.POSITIVE_INFINITY) - Math.max(0, interval.r);
    if (worst === null || less > 0 || (less === 0 && shareOf(interval) > shareOf(worst))) worst = interval;
  }
  return worst;
}

function shareOf({ packetsExpected, packetsLost, lateDiscarded }: IntervalReport): number {
  return missingRatio({ expected: packetsExpected, lost: packetsLost, late: lateDiscarded });
}
