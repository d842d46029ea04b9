import type { DirectionTruth } from '../impair/truth.js';
import type { Scale } from '../quality/equipment.js';
import type { DirectionRecord } from './call-record.js';
import { Distribution, round } from './distribution.js';
import { LevelMetrics } from './level-metrics.js';
import type { DirectionSummary, TruthSummary } from './media-summary.js';
import { withQuotients } from './quotient.js';
import { Ratings } from './ratings.js';

/** Adds up one direction of all answered calls. */
export class DirectionMetrics {
  private streams = 0;
  private unheard = 0;
  private sentKnown = 0;
  private packetsSent = 0;
  private packetsReceived = 0;
  private packetsExpected = 0;
  private packetsLost = 0;
  private cumulativeLost = 0;
  private lateDiscarded = 0;
  private edgeKnown = 0;
  private edgeLost = 0;
  private readonly loss = new Distribution(1e6);
  private readonly jitter = new Distribution(1000);
  private readonly playout = new Distribution(1000);
  private readonly oneWayDelay = new Distribution(1000);
  private readonly levels = new LevelMetrics();
  /** Ratings by scale, which no statistic mixes. */
  private readonly ratings = new Map<Scale, Ratings>();

  add(record: DirectionRecord): void {
    this.streams++;
    if (record.packetsSent !== null) {
      this.sentKnown++;
      this.packetsSent += record.packetsSent;
    }
    if (record.edgeLost !== null) {
      this.edgeKnown++;
      this.edgeLost += record.edgeLost;
    }
    const heard = record.heard;
    if (!heard) {
      this.unheard++;
      return;
    }
    this.packetsReceived += heard.packetsReceived;
    this.packetsExpected += heard.packetsExpected;
    this.packetsLost += heard.packetsLost;
    this.cumulativeLost += heard.rfc3550CumulativeLost;
    this.lateDiscarded += heard.lateDiscarded;
    if (heard.lossRatio !== null) this.loss.record(heard.lossRatio);
    if (heard.jitterMs !== null) this.jitter.record(heard.jitterMs);
    if (heard.playout !== null) this.playout.record(heard.playout.meanMs);
    this.levels.add(heard);
    if (!heard.mos) return;
    if (heard.mos.oneWayDelayMs !== null) this.oneWayDelay.record(heard.mos.oneWayDelayMs);
    let ratings = this.ratings.get(heard.mos.scale);
    if (!ratings) {
      ratings = new Ratings(heard.mos);
      this.ratings.set(heard.mos.scale, ratings);
    }
    ratings.add(heard.mos, heard.worstInterval);
  }

  summary(): DirectionSummary {
    const heard = this.streams > this.unheard;
    // The scale that most streams are on speaks for the direction; what is on another one is not measured on it.
    const [ratings = null, ...others] = [...this.ratings.values()].sort((a, b) => b.streams - a.streams);
    const measured = ratings?.streams ?? 0;
    const figures = {
      streams: this.streams,
      measured,
      unmeasured: this.streams - measured,
      packetsSent: this.sentKnown > 0 ? this.packetsSent : null,
      packetsReceived: heard ? this.packetsReceived : null,
      packetsLost: heard ? this.packetsLost : null,
      edgeLost: this.edgeKnown > 0 ? this.edgeLost : null,
      rfc3550CumulativeLost: heard ? this.cumulativeLost : null,
      lateDiscarded: heard ? this.lateDiscarded : null,
      lossRatioPerStream: this.loss.percentiles(),
      jitterMs: this.jitter.percentiles(),
      playoutDelayMs: this.playout.percentiles(),
      oneWayDelayMs: this.oneWayDelay.percentiles(),
      ...this.levels.summary(),
      mosLq: null,
      mosLqWorst: null,
      mosCq: null,
      rFactor: null,
      mosModel: null,
      ...ratings?.summary(),
      mosLqBands: ratings && [...ratings.bands],
      otherScales: others.map((other) => ({ streams: other.streams, ...other.summary() })),
    };
    return withQuotients(figures, { lossRatio: [this.packetsLost, this.packetsExpected] });
  }
}

/** What the paths did to one direction of all calls. */
export class TruthMetrics {
  private readonly total = {
    packets: 0,
    delivered: 0,
    dropped: 0,
    droppedWithin: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    recoded: 0,
    eventsDropped: 0,
  };
  private readonly faults: Record<string, number> = {};
  private readonly periods: TruthSummary['periods'] = {};
  private delaySumMs = 0;
  private delayMaxMs = 0;
  private delayed = 0;

  add(truth: DirectionTruth): void {
    for (const key of Object.keys(this.total) as (keyof typeof this.total)[]) this.total[key] += truth[key];
    for (const [kind, count] of Object.entries(truth.faults)) this.faults[kind] = (this.faults[kind] ?? 0) + count;
    for (const { name, packets, dropped } of truth.periods) {
      const period = (this.periods[name] ??= { times: 0, packets: 0, dropped: 0 });
      period.times++;
      period.packets += packets;
      period.dropped += dropped;
    }
    if (truth.delayMeanMs === null) return;
    this.delayed += truth.delivered;
    this.delaySumMs += truth.delayMeanMs * truth.delivered;
    this.delayMaxMs = Math.max(this.delayMaxMs, truth.delayMaxMs ?? 0);
  }

  summary(): TruthSummary {
    const { delivered: _delivered, ...counts } = this.total;
    const figures = {
      ...counts,
      faults: { ...this.faults },
      periods: { ...this.periods },
      delayMs: this.delayMs(),
    };
    return withQuotients(figures, { lossRatio: [counts.dropped, counts.packets] });
  }

  private delayMs(): TruthSummary['delayMs'] {
    if (this.delayed === 0) return null;
    return withQuotients({ max: round(this.delayMaxMs) }, { mean: [this.delaySumMs, this.delayed] });
  }
}
