import type { CallRecord } from './call-record.js';
import { round } from './distribution.js';
import { isRefusal } from './exhaustion.js';
import type { FailoverSummary, OutageSummary } from './failover-summary.js';
import type { Outage } from './outage.js';
import { type Mark, OutageTolls } from './outage-tolls.js';
import { SecondCounts } from './second-counts.js';
import { targetOf } from './target-metrics.js';

/** Seconds of an outage whose setup ratio the summary has one by one. */
const MOST_SECONDS = 120;

/**
 * What failover between the targets of a group was worth: which attempts an outage hit, which calls it cost, and when all was
 * well again. All moments are ms from the start of the run.
 */
export class FailoverMetrics {
  private failedOver = 0;
  private saved = 0;
  private lastGoodMs = -1;
  private readonly seconds = new SecondCounts();
  private readonly tolls: OutageTolls;

  /**
   * @param names of the targets, by their place in the group
   * @param statuses after which another target is tried
   * @param refusalStatuses which mean "full"
   * @param asks whether the targets are asked how they are: otherwise nothing tells of outages, and nothing is kept for them
   */
  constructor(
    private readonly names: readonly string[],
    private readonly statuses: ReadonlySet<number>,
    private readonly refusalStatuses: ReadonlySet<number>,
    private readonly asks: boolean,
  ) {
    this.tolls = new OutageTolls(names);
  }

  /** Takes an attempt that is over; its times count from the start of the run. */
  add(record: CallRecord): void {
    const { startedMs, answeredMs, outcome, trunk } = record;
    const failed = record.tries.filter((one) => targetOf(one) !== trunk);
    for (const one of this.asks ? failed : [])
      if (one.startedMs !== null) this.mark('try', targetOf(one), startedMs, true, one.startedMs);
    const wentOn = failed.length > 0;
    if (wentOn) this.failedOver++;
    if (answeredMs !== null) {
      if (wentOn) this.saved++;
      else this.lastGoodMs = Math.max(this.lastGoodMs, startedMs);
      this.seconds.add(Math.floor(startedMs / 1000), true);
      if (this.asks && outcome === 'dropped')
        this.mark('lost call', trunk, startedMs, false, answeredMs, record.endedMs!);
    } else if (outcome === 'failed') {
      this.seconds.add(Math.floor(startedMs / 1000), false);
      if (this.asks) this.markFailed(record);
    }
  }

  /** Marks that are kept for outages that may still come to be known. */
  get kept(): number {
    return this.tolls.kept;
  }

  /** @param beforeMs every outage that began before then is among `outages` */
  settle(outages: readonly Outage[], beforeMs: number): void {
    this.tolls.settle(outages, beforeMs);
  }

  /** @param endMs end of the run */
  summary(outages: readonly Outage[], endMs: number): FailoverSummary {
    const each = outages.map((outage, i) => this.outage(outage, i, endMs));
    const worst = (figure: (one: OutageSummary) => number | null): number | null => {
      const known = each.map(figure).filter((ms) => ms !== null);
      return known.length === 0 ? null : Math.max(...known);
    };
    const sum = (figure: (one: OutageSummary) => number): number | null =>
      this.asks ? each.reduce((total, one) => total + figure(one), 0) : null;
    return {
      failedOver: this.failedOver,
      saved: this.saved,
      outages: this.asks ? outages.length : null,
      detectionMs: worst((one) => one.detectionMs),
      recoveryMs: each.some((one) => one.recoveryMs === null) ? null : worst((one) => one.recoveryMs),
      failBackMs: worst((one) => one.failBackMs),
      lostCalls: sum((one) => one.lostCalls),
      failedAttempts: sum((one) => one.failedAttempts),
      refusedAttempts: sum((one) => one.refusedAttempts),
      setupRatioMin: lowest(this.seconds.ratios().map(rounded)),
      eachOutage: each,
    };
  }

  private outage(outage: Outage, i: number, endMs: number): OutageSummary {
    const { target, sinceMs, downMs, backMs, upMs, firstCallMs } = outage;
    const { failed, refused, lost, hits, lastHitMs } = this.tolls.toll(i, outage);
    const hitUntilMs = Math.max(lastHitMs, sinceMs);
    const isRecovered = hits === 0 || this.lastGoodMs > hitUntilMs;
    const endSecond = Math.floor((upMs ?? endMs) / 1000) + 1;
    const bySecond = this.seconds.ratios(Math.floor(sinceMs / 1000), endSecond).map(rounded);
    return {
      target: this.names[target],
      sinceMs: round(sinceMs),
      downMs: round(downMs),
      upMs: upMs === null ? null : round(upMs),
      detectionMs: round(downMs - sinceMs),
      recoveryMs: isRecovered ? round(hitUntilMs - sinceMs) : null,
      failBackMs: backMs === null || firstCallMs === null ? null : round(Math.max(0, firstCallMs - backMs)),
      lostCalls: lost,
      failedAttempts: failed,
      refusedAttempts: refused,
      setupRatioMin: lowest(bySecond),
      setupRatioBySecond: bySecond.slice(0, Math.min(MOST_SECONDS, bySecond.findLastIndex((one) => one !== null) + 1)),
    };
  }

  private markFailed({ startedMs, status, cause, q850 }: CallRecord): void {
    const isStatus = cause === 'status';
    const isRefused = isStatus && isRefusal(status, q850, cause, this.refusalStatuses);
    const isHit = cause === 'timeout' || cause === 'transport' || (isStatus && this.statuses.has(status!));
    this.mark(isRefused ? 'refusal' : 'attempt', null, startedMs, isHit, startedMs);
  }

  private mark(
    kind: Mark['kind'],
    target: string | null,
    startedMs: number,
    isHit: boolean,
    fromMs: number,
    toMs = fromMs,
  ): void {
    this.tolls.add({ kind, target, fromMs, toMs, startedMs, isHit });
  }
}

function rounded(ratio: number | null): number | null {
  return ratio === null ? null : round(ratio);
}

function lowest(ratios: readonly (number | null)[]): number | null {
  let least: number | null = null;
  for (const ratio of ratios) if (ratio !== null && (least === null || ratio < least)) least = ratio;
  return least;
}
