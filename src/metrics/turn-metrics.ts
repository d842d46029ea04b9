import { Distribution, round } from './distribution.js';
import { withQuotients } from './quotient.js';
import type { ConcurrencyBin, VoiceSummary } from './summary.js';
import type { TurnRecord } from './turn-record.js';

/** Lower ends of the bins of calls in progress: 1, 2, 5, 10, 20, 50 and so on. */
function binOf(inProgress: number): { from: number; to: number } {
  if (inProgress <= 1) return { from: 0, to: 1 };
  const decade = 10 ** Math.floor(Math.log10(inProgress));
  const step = [5, 2, 1].find((n) => inProgress >= n * decade)!;
  const next = step === 1 ? 2 * decade : step === 2 ? 5 * decade : 10 * decade;
  return { from: step * decade, to: next - 1 };
}

/** Adds up what callers felt of conversations. */
export class TurnMetrics {
  private calls = 0;
  private utterances = 0;
  private unanswered = 0;
  private firstWords = 0;
  private deadAirCalls = 0;
  private deadAirSumMs = 0;
  private overlaps = 0;
  private overlapMs = 0;
  private interruptions = 0;
  private bargeIns = 0;
  private bargeInsIgnored = 0;
  private talkMs = 0;
  private readonly ttfw = new Distribution();
  private readonly response = new Distribution();
  private readonly bargeIn = new Distribution();
  private readonly deadAir = new Distribution();
  private readonly uplinkPath = new Distribution();
  private readonly downlinkPath = new Distribution();
  private readonly byInProgress = new Map<number, { to: number; times: Distribution }>();
  private readonly tones: Record<string, number> = {};

  add(turns: TurnRecord): void {
    this.calls++;
    if (turns.ttfwMs !== null) {
      this.firstWords++;
      this.ttfw.record(turns.ttfwMs);
    }
    for (const { ms, inProgress } of turns.responses) {
      this.utterances++;
      if (ms === null) {
        this.unanswered++;
        continue;
      }
      this.response.record(ms);
      if (inProgress !== null) this.timesAt(inProgress).record(ms);
    }
    for (const ms of turns.bargeInMs) {
      this.bargeIns++;
      if (ms === null) this.bargeInsIgnored++;
      else this.bargeIn.record(ms);
    }
    if (turns.deadAir.length > 0) this.deadAirCalls++;
    for (const { ms } of turns.deadAir) this.deadAir.record(ms);
    this.deadAirSumMs += turns.deadAirMs;
    this.overlaps += turns.overlaps;
    this.overlapMs += turns.overlapMs;
    this.interruptions += turns.interruptions;
    this.talkMs += turns.talkMs;
    if (turns.pathMs.uplink !== null) this.uplinkPath.record(turns.pathMs.uplink);
    if (turns.pathMs.downlink !== null) this.downlinkPath.record(turns.pathMs.downlink);
    for (const { kind } of turns.tones) this.tones[kind] = (this.tones[kind] ?? 0) + 1;
  }

  /** `null` where no call took turns. */
  summary(): VoiceSummary | null {
    if (this.calls === 0) return null;
    const mean = (of: Distribution): number | null => (of.mean === null ? null : round(of.mean));
    const deadAir = { calls: this.deadAirCalls, ms: this.deadAir.percentiles() };
    const figures = {
      calls: this.calls,
      firstWords: this.firstWords,
      utterances: this.utterances,
      unanswered: this.unanswered,
      ttfwMs: this.ttfw.percentiles(),
      responseMs: this.response.percentiles(),
      responseByInProgress: this.bins(),
      bargeIns: this.bargeIns,
      bargeInsIgnored: this.bargeInsIgnored,
      bargeInMs: this.bargeIn.percentiles(),
      deadAir: withQuotients(deadAir, { ratio: [this.deadAirSumMs, this.talkMs] }),
      overlaps: this.overlaps,
      interruptions: this.interruptions,
      pathMs: { uplink: mean(this.uplinkPath), downlink: mean(this.downlinkPath) },
      tones: { ...this.tones },
    };
    return withQuotients(figures, { overlapRatio: [this.overlapMs, this.talkMs] });
  }

  private timesAt(inProgress: number): Distribution {
    const { from, to } = binOf(inProgress);
    const known = this.byInProgress.get(from);
    if (known) return known.times;
    const times = new Distribution();
    this.byInProgress.set(from, { to, times });
    return times;
  }

  private bins(): ConcurrencyBin[] {
    return [...this.byInProgress]
      .sort(([a], [b]) => a - b)
      .map(([from, { to, times }]) => ({ from, to, responses: times.count, ms: times.percentiles()! }));
  }
}
