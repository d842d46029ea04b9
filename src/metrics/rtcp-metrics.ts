import type { RtcpRecord } from './call-record.js';
import { Distribution } from './distribution.js';
import type { RtcpSummary } from './media-summary.js';
import { withQuotients } from './quotient.js';

/** Adds up what RTCP told of all answered calls. */
export class RtcpMetrics {
  private readonly counts = { sent: 0, received: 0, malformed: 0, wrongSource: 0 };
  private calls = 0;
  private reportedCalls = 0;
  private lost = 0;
  private expected = 0;
  private readonly roundTrip = new Distribution();
  private readonly loss = new Distribution(1e6);
  private readonly jitter = new Distribution();
  private readonly mosLq = new Distribution(1e4);
  private readonly r = new Distribution(1000);
  private disagreeing = 0;
  private readonly disagreements: RtcpSummary['disagreements']['byKind'] = {};

  add(rtcp: RtcpRecord): void {
    const { counts } = this;
    counts.sent += rtcp.sent;
    counts.received += rtcp.received;
    counts.malformed += rtcp.malformed;
    counts.wrongSource += rtcp.wrongSource;
    if (rtcp.received > rtcp.looped) this.calls++;
    if (rtcp.roundTripMs) this.roundTrip.record(rtcp.roundTripMs.mean);
    const { farEnd, voipMetrics } = rtcp;
    if (farEnd) {
      this.reportedCalls++;
      this.jitter.record(farEnd.jitterMs);
      if (farEnd.lossRatio !== null) {
        this.loss.record(farEnd.lossRatio);
        this.lost += farEnd.lossRatio * farEnd.packetsExpected;
        this.expected += farEnd.packetsExpected;
      }
    }
    const mos = voipMetrics?.mosLq ?? null;
    if (mos !== null) this.mosLq.record(mos);
    const r = voipMetrics?.rFactor ?? null;
    if (r !== null) this.r.record(r);
    if (rtcp.disagreements.length > 0) this.disagreeing++;
    for (const { kind } of rtcp.disagreements) this.disagreements[kind] = (this.disagreements[kind] ?? 0) + 1;
  }

  summary(): RtcpSummary {
    const farEnd = {
      calls: this.reportedCalls,
      lossRatioPerCall: this.loss.percentiles(),
      jitterMs: this.jitter.percentiles(),
      mosLq: this.mosLq.lowPercentiles(),
      rFactor: this.r.lowPercentiles(),
    };
    return {
      ...this.counts,
      calls: this.calls,
      roundTripMs: this.roundTrip.percentiles(),
      farEnd: withQuotients(farEnd, { lossRatio: [this.lost, this.expected] }),
      disagreements: { calls: this.disagreeing, byKind: { ...this.disagreements } },
    };
  }
}
