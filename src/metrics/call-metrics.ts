import type { CallRecord } from './call-record.js';
import { DirectionMetrics, TruthMetrics } from './direction-metrics.js';
import { Distribution } from './distribution.js';
import { DtmfMetrics } from './dtmf-metrics.js';
import { ExhaustionDetector, isRefusal } from './exhaustion.js';
import { FlowMetrics } from './flow-metrics.js';
import { LoadMetrics } from './load-metrics.js';
import { ProbeMetrics } from './probe-metrics.js';
import { withQuotients } from './quotient.js';
import { RtcpMetrics } from './rtcp-metrics.js';
import { isSetupFailure, resultOf, sessionRatios } from './session-ratios.js';
import type { Summary } from './summary.js';
import { TargetMetrics } from './target-metrics.js';
import { TrendMetrics } from './trend-metrics.js';
import { TurnMetrics } from './turn-metrics.js';

type CallCounts = Pick<
  Summary['calls'],
  'attempted' | 'answered' | 'failed' | 'cancelled' | 'completed' | 'dropped' | 'stillUp'
>;

/** Nobody answered our BYE (Timer F), or a proxy on the way says that of the far end. */
const BYE_TIMEOUT = 408;

/** Whether a session ended as sessions do (RFC 6076 4.5.1, 4.9): our BYE was answered with 2xx, or we answered the far end's. */
function isCompleted({ hangupBy, timings, byeStatus }: CallRecord): boolean {
  if (hangupBy === 'remote') return timings.byeMs !== null;
  return byeStatus !== null && byeStatus >= 200 && byeStatus < 300;
}

/** Adds up call records, joined on both sides, into the figures of a run. Holds no record. */
export class CallMetrics {
  readonly counts: CallCounts = {
    attempted: 0,
    answered: 0,
    failed: 0,
    cancelled: 0,
    completed: 0,
    dropped: 0,
    stillUp: 0,
  };
  readonly responses: Record<string, number> = {};
  readonly load = new LoadMetrics();
  readonly srdSuccess = new Distribution();
  readonly srdFailure = new Distribution();
  readonly sddSuccess = new Distribution();
  readonly sddFailure = new Distribution();
  readonly setup = new Distribution();
  readonly pdd = new Distribution();
  readonly sdt = new Distribution();
  readonly sdtFailure = new Distribution();
  readonly uplink = new DirectionMetrics();
  readonly downlink = new DirectionMetrics();
  readonly dtmfUplink = new DtmfMetrics();
  readonly dtmfDownlink = new DtmfMetrics();
  readonly probe = { uplink: new ProbeMetrics(), downlink: new ProbeMetrics() };
  readonly truthUplink = new TruthMetrics();
  readonly truthDownlink = new TruthMetrics();
  readonly turns = new TurnMetrics();
  readonly flow = { caller: new FlowMetrics(), callee: new FlowMetrics() };
  readonly rtcp = new RtcpMetrics();
  readonly exhaustion = new ExhaustionDetector();
  readonly trend: TrendMetrics;
  readonly oneWay: Summary['media']['oneWay'] = { calls: 0, byCause: {}, byDirection: { uplink: 0, downlink: 0 } };
  noMedia = 0;
  readonly impaired: Summary['media']['impaired'] = { calls: 0, byCause: {}, byDirection: { uplink: 0, downlink: 0 } };
  readonly unknown = { uplink: 0, downlink: 0 };
  private completedSessions = 0;
  private durationSumMs = 0;
  private durations = 0;
  private loopCalls = 0;
  readonly targets: TargetMetrics;

  /**
   * @param refusalStatuses which statuses mean "full"; the profile's list
   * @param warmUpMs what starts before is cold
   */
  constructor(
    private readonly refusalStatuses?: ReadonlySet<number>,
    warmUpMs = 10_000,
  ) {
    this.trend = new TrendMetrics(warmUpMs);
    this.targets = new TargetMetrics(refusalStatuses);
  }

  add(record: CallRecord): void {
    const answered = record.answeredMs !== null;
    this.count(record, answered);
    this.time(record, answered);
    // When a call that came in was due, answered or refused is no figure of its caller.
    if (record.direction === 'outbound') this.addPlaced(record, answered);
    if (record.impairment) {
      this.truthUplink.add(record.impairment.uplink);
      this.truthDownlink.add(record.impairment.downlink);
    }
    if (record.flow) (record.direction === 'outbound' ? this.flow.caller : this.flow.callee).add(record.flow);
    if (record.trunkFlow) this.flow.callee.add(record.trunkFlow);
    if (answered) this.hear(record);
  }

  /** What an attempt of ours tells of the plan, the target and the trunk. */
  private addPlaced(record: CallRecord, answered: boolean): void {
    this.load.start(record.dueMs, record.startedMs);
    this.targets.add(record);
    this.trend.add(record);
    this.delays(record, answered);
    if (record.timings.inviteMs !== null && record.timings.finalMs !== null && record.outcome !== 'cancelled') {
      this.exhaustion.add({
        startedMs: record.startedMs,
        finalMs: record.timings.finalMs,
        inProgressAtInvite: record.inProgressAtInvite ?? 0,
        inProgressAtFinal: record.inProgressAtFinal ?? 0,
        answered,
        refused:
          !answered &&
          record.outcome === 'failed' &&
          isRefusal(record.status, record.q850, record.cause, this.refusalStatuses),
      });
    }
  }

  /**
   * Counts calls whose records never came, because their thread could not hang them up in time or ended: those that were
   * answered as still up, the others as given up by us.
   * @param answered how many of all attempts were answered, with and without records
   * @returns how many they are
   */
  addUntold(attempted: number, answered: number): number {
    const { counts } = this;
    const untold = Math.max(0, attempted - counts.attempted);
    const up = Math.min(untold, Math.max(0, answered - counts.answered));
    counts.attempted += untold;
    counts.answered += up;
    counts.stillUp += up;
    counts.cancelled += untold - up;
    if (up > 0) this.responses['200'] = (this.responses['200'] ?? 0) + up;
    return untold;
  }

  private count(record: CallRecord, answered: boolean): void {
    const counts = this.counts;
    counts.attempted++;
    if (answered) counts.answered++;
    if (answered && isCompleted(record)) this.completedSessions++;
    switch (record.outcome) {
      case 'completed':
        counts.completed++;
        break;
      case 'dropped':
        counts.dropped++;
        break;
      case 'stillUp':
        counts.stillUp++;
        break;
      case 'failed':
        counts.failed++;
        break;
      case 'cancelled':
        counts.cancelled++;
        break;
      default:
        record.outcome satisfies never;
    }
    if (record.outcome !== 'cancelled') {
      const key = resultOf(record);
      this.responses[key] = (this.responses[key] ?? 0) + 1;
    }
  }

  /** Delays of a call's setup (RFC 6076 4.3); success and failure never in one distribution. */
  private delays(record: CallRecord, answered: boolean): void {
    const t = record.timings;
    const first = t.provisionalMs ?? t.finalMs;
    if (t.inviteMs !== null && first !== null && record.outcome !== 'cancelled') {
      if (answered) this.srdSuccess.record(first - t.inviteMs);
      else if (record.cause === 'status' && isSetupFailure(record.status!)) this.srdFailure.record(first - t.inviteMs);
    }
    if (t.inviteMs !== null && t.ringingMs !== null) this.pdd.record(t.ringingMs - t.inviteMs);
    if (answered && t.inviteMs !== null && t.finalMs !== null) this.setup.record(t.finalMs - t.inviteMs);
  }

  /** How long sessions last, and how long they take to end (RFC 6076 4.4, 4.5). */
  private time(record: CallRecord, answered: boolean): void {
    const t = record.timings;
    if (t.byeMs === null || t.finalMs === null) return;
    if (answered) {
      this.durationSumMs += t.byeMs - t.finalMs;
      this.durations++;
      if (isCompleted(record)) this.sdt.record(t.byeMs - t.finalMs);
    }
    if (t.byeFinalMs === null || record.byeStatus === null) return;
    if (record.byeStatus === BYE_TIMEOUT) this.sdtFailure.record(t.byeFinalMs - t.finalMs);
    else if (record.byeStatus < 300) this.sddSuccess.record(t.byeFinalMs - t.byeMs);
    else this.sddFailure.record(t.byeFinalMs - t.byeMs);
  }

  private hear(record: CallRecord): void {
    if (record.farEnd === 'echo') this.loopCalls++;
    if (record.uplink) this.uplink.add(record.uplink);
    if (record.downlink) this.downlink.add(record.downlink);
    const isKnown = record.uplink?.heard ? record.uplink.heard.verdict.state !== 'unknown' : record.uplink?.evidence;
    if (!isKnown) this.unknown.uplink++;
    if (record.rtcp) this.rtcp.add(record.rtcp);
    if ((record.downlink?.heard?.verdict.state ?? 'unknown') === 'unknown') this.unknown.downlink++;
    if (record.dtmf) {
      this.dtmfUplink.add(record.dtmf.uplink);
      this.dtmfDownlink.add(record.dtmf.downlink);
    }
    if (record.turns) this.turns.add(record.turns);
    if (record.probe) {
      this.probe.uplink.add(record.probe.uplink);
      this.probe.downlink.add(record.probe.downlink);
    }
    if (record.noMedia) this.noMedia++;
    if (record.impaired.length > 0) this.impaired.calls++;
    for (const { direction, cause } of record.impaired) {
      this.impaired.byCause[cause] = (this.impaired.byCause[cause] ?? 0) + 1;
      this.impaired.byDirection[direction]++;
    }
    if (record.oneWay) {
      this.oneWay.calls++;
      this.oneWay.byCause[record.oneWay.cause] = (this.oneWay.byCause[record.oneWay.cause] ?? 0) + 1;
      this.oneWay.byDirection[record.oneWay.direction]++;
    }
  }

  sip() {
    const { attempted, cancelled, failed } = this.counts;
    const figures = {
      srdMs: { success: this.srdSuccess.percentiles(), failure: this.srdFailure.percentiles() },
      sddMs: { success: this.sddSuccess.percentiles(), failure: this.sddFailure.percentiles() },
      setupMs: this.setup.percentiles(),
      pddMs: this.pdd.percentiles(),
      sdtMs: this.sdt.percentiles(),
      sdtFailureMs: this.sdtFailure.percentiles(),
    };
    return withQuotients(figures, {
      ...sessionRatios(this.responses, { attempted, cancelled, failed, completed: this.completedSessions }),
      acdMs: [this.durationSumMs, this.durations],
    });
  }

  media(): Omit<Summary['media'], 'pacingErrorMs' | 'receiveDrops' | 'malformed' | 'unattributed'> {
    return {
      uplink: this.uplink.summary(),
      downlink: this.downlink.summary(),
      label: this.loopCalls > 0 ? 'loop' : 'one-way',
      oneWay: this.oneWay,
      noMedia: { calls: this.noMedia },
      impaired: this.impaired,
      unknown: { ...this.unknown },
      rtcp: this.rtcp.summary(),
    };
  }
}
