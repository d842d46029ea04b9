import type { CallRecord } from './call-record.js';
import { round } from './distribution.js';
import { isRefusal } from './exhaustion.js';
import type { FailoverSummary, OutageSummary } from './failover-summary.js';
import type { Outage } from './outage.js';
import { targetOf } from './target-metrics.js';

/** Seconds of an outage whose setup ratio the summary has one by one. */
const MOST_SECONDS = 120;

interface Second {
  answered: number;
  failed: number;
}

/** A failed attempt. */
interface Failure {
  startedMs: number;
  /** By a status that means "full". */
  isRefused: boolean;
  /** By what another target would have been tried for. */
  isHit: boolean;
}

/**
 * What failover between the targets of a group was worth: which attempts an outage hit, which calls it cost, and when all was
 * well again. All moments are ms from the start of the run.
 */
export class FailoverMetrics {
  private failedOver = 0;
  private saved = 0;
  private lastGoodMs = -1;
  private readonly seconds = new Map<number, Second>();
  private readonly failures: Failure[] = [];
  /** By target: its failed tries, and the answered calls of it that were lost. */
  private readonly failedTries = new Map<string, { triedMs: number; startedMs: number }[]>();
  private readonly lost = new Map<string, { fromMs: number; toMs: number }[]>();

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
  ) {}

  /** Takes an attempt that is over; its times count from the start of the run. */
  add(record: CallRecord): void {
    const { startedMs, answeredMs, outcome, trunk } = record;
    const failed = record.tries.filter((one) => targetOf(one) !== trunk);
    for (const one of this.asks ? failed : [])
      if (one.startedMs !== null) entries(this.failedTries, targetOf(one)).push({ triedMs: one.startedMs, startedMs });
    const wentOn = failed.length > 0;
    if (wentOn) this.failedOver++;
    if (answeredMs !== null) {
      if (wentOn) this.saved++;
      else this.lastGoodMs = Math.max(this.lastGoodMs, startedMs);
      this.second(startedMs).answered++;
      if (this.asks && outcome === 'dropped')
        entries(this.lost, trunk).push({ fromMs: answeredMs, toMs: record.endedMs! });
    } else if (outcome === 'failed') {
      this.second(startedMs).failed++;
      if (this.asks) this.failures.push(this.failureOf(record));
    }
  }

  /** @param endMs end of the run */
  summary(outages: readonly Outage[], endMs: number): FailoverSummary {
    const each = outages.map((outage) => this.outage(outage, endMs));
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
      setupRatioMin: lowest([...this.seconds.values()].map(ratioOf)),
      eachOutage: each,
    };
  }

  private outage({ target, sinceMs, downMs, backMs, upMs, firstCallMs }: Outage, endMs: number): OutageSummary {
    const name = this.names[target];
    const untilMs = upMs ?? endMs;
    const isWithin = (ms: number): boolean => ms >= sinceMs && ms <= untilMs;
    const failures = this.failures.filter(({ startedMs }) => isWithin(startedMs));
    const hits = [
      ...(this.failedTries.get(name) ?? []).filter(({ triedMs }) => isWithin(triedMs)),
      ...failures.filter(({ isHit }) => isHit),
    ];
    const lastHitMs = hits.reduce((last, { startedMs }) => Math.max(last, startedMs), sinceMs);
    const isRecovered = hits.length === 0 || this.lastGoodMs > lastHitMs;
    const lost = (this.lost.get(name) ?? []).filter(({ fromMs, toMs }) => fromMs <= untilMs && toMs >= sinceMs);
    const bySecond = this.ratios(sinceMs, untilMs);
    return {
      target: name,
      sinceMs: round(sinceMs),
      downMs: round(downMs),
      upMs: upMs === null ? null : round(upMs),
      detectionMs: round(downMs - sinceMs),
      recoveryMs: isRecovered ? round(lastHitMs - sinceMs) : null,
      failBackMs: backMs === null || firstCallMs === null ? null : round(Math.max(0, firstCallMs - backMs)),
      lostCalls: lost.length,
      failedAttempts: failures.length,
      refusedAttempts: failures.filter(({ isRefused }) => isRefused).length,
      setupRatioMin: lowest(bySecond),
      setupRatioBySecond: bySecond.slice(0, Math.min(MOST_SECONDS, bySecond.findLastIndex((one) => one !== null) + 1)),
    };
  }

  /** Of the seconds of a time, each by the attempts that started in it. */
  private ratios(fromMs: number, toMs: number): (number | null)[] {
    const first = Math.floor(fromMs / 1000);
    const count = Math.floor(toMs / 1000) - first + 1;
    return Array.from({ length: count }, (_, i) => {
      const second = this.seconds.get(first + i);
      return second ? ratioOf(second) : null;
    });
  }

  private failureOf({ startedMs, status, cause, q850 }: CallRecord): Failure {
    const isStatus = cause === 'status';
    return {
      startedMs,
      isRefused: isStatus && isRefusal(status, q850, cause, this.refusalStatuses),
      isHit: cause === 'timeout' || cause === 'transport' || (isStatus && this.statuses.has(status!)),
    };
  }

  private second(startedMs: number): Second {
    const key = Math.floor(startedMs / 1000);
    let found = this.seconds.get(key);
    if (!found) {
      found = { answered: 0, failed: 0 };
      this.seconds.set(key, found);
    }
    return found;
  }
}

function entries<T>(lists: Map<string, T[]>, name: string): T[] {
  let list = lists.get(name);
  if (!list) {
    list = [];
    lists.set(name, list);
  }
  return list;
}

function ratioOf({ answered, failed }: Second): number {
  return round(answered / (answered + failed));
}

function lowest(ratios: readonly (number | null)[]): number | null {
  let least: number | null = null;
  for (const ratio of ratios) if (ratio !== null && (least === null || ratio < least)) least = ratio;
  return least;
}
