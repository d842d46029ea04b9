import { LinearHistogram } from '../core/linear-histogram.js';
import type { RelaySnapshot } from '../media/link/relay-messages.js';
import { LIMITS } from '../metrics/validity.js';

/** How late packets left a relay: behind their arrival plus the delay that was injected. */
export interface LatenessFigures {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** What of a relay's lateness is told at the end. */
export interface LatenessReport {
  /** `null` while nothing was sent. */
  lateness: LatenessFigures | null;
  /** Seconds in which packets were sent, and those of them in which the 99th percentile was beyond the limit of a valid run. */
  seconds: number;
  lateSeconds: number;
}

type Lateness = RelaySnapshot['health']['pacingErrorMs'];

/**
 * Whether a relay keeps its times. Far ends see what a packet is late as delay that nobody injected, so a relay that has too much
 * to do says so, second by second.
 */
export class RelayLateness {
  /** Of the packets of the last second; `null` where there was none. */
  p99Ms: number | null = null;
  private last: RelaySnapshot | null = null;
  private seconds = 0;
  private lateSeconds = 0;

  /** Takes a snapshot; one that was taken before changes nothing. */
  add(snapshot: RelaySnapshot): void {
    const { last } = this;
    if (snapshot.atMs === last?.atMs) return;
    this.last = snapshot;
    const sent = between(last?.health.pacingErrorMs ?? null, snapshot.health.pacingErrorMs);
    this.p99Ms = sent.quantile(0.99);
    if (this.p99Ms === null) return;
    this.seconds++;
    if (this.isLate) this.lateSeconds++;
  }

  get isLate(): boolean {
    return (this.p99Ms ?? 0) > LIMITS.pacingErrorP99Ms;
  }

  report(): LatenessReport {
    const { last, seconds, lateSeconds } = this;
    const all = last && between(null, last.health.pacingErrorMs);
    const p50Ms = all?.quantile(0.5) ?? null;
    const lateness = p50Ms === null ? null : { p50Ms, p99Ms: all!.quantile(0.99)!, maxMs: all!.max };
    return { lateness, seconds, lateSeconds };
  }
}

/** What was sent between two snapshots. Its maximum is that since the start: a histogram does not tell when it was. */
function between(before: Lateness | null, after: Lateness): LinearHistogram {
  const histogram = new LinearHistogram(after.bucketWidth, after.counts.length);
  histogram.merge(after);
  if (before === null) return histogram;
  for (let i = 0; i < before.counts.length; i++) histogram.counts[i] -= before.counts[i];
  histogram.count -= before.count;
  return histogram;
}
