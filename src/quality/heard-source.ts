import { takeNumbers, touch } from '../core/number-block.js';
import { WINDOW_PAIR_NUMBERS } from './bit-window.js';
import type { BurstTotals } from './burst-gaps.js';
import { LOSS_RUN_NUMBERS, LossRuns } from './loss-runs.js';
import { type JitterBuffer, PLAYOUT_NUMBERS, PlayoutBuffer } from './playout.js';
import { Arrival, RECEIVER_NUMBERS, RtpReceiver } from './rtp-receiver.js';

const SOURCE_NUMBERS = PLAYOUT_NUMBERS + LOSS_RUN_NUMBERS + RECEIVER_NUMBERS + WINDOW_PAIR_NUMBERS;

/** Everything that is kept apart for each SSRC of a stream, so that figures of two sources are never mixed. */
export class HeardSource {
  private readonly numbers: Float64Array;
  readonly receiver: RtpReceiver;
  readonly playout: PlayoutBuffer;
  readonly runs: LossRuns;
  /** Packets that came after the interval that they belong to, and those of them that were too late to be played. */
  belated = 0;
  belatedLate = 0;
  /** The highest extended sequence number of the intervals that are over. */
  private endedAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly ssrc: number,
    readonly clockRate: number,
    jitterBuffer: JitterBuffer,
  ) {
    // One stretch for all, the windows last; of the others those first that every packet needs.
    const { numbers, words, at } = takeNumbers(SOURCE_NUMBERS);
    this.numbers = numbers;
    const runsAt = at + PLAYOUT_NUMBERS;
    const receiverAt = runsAt + LOSS_RUN_NUMBERS;
    const windows = { numbers, words, at: receiverAt + RECEIVER_NUMBERS };
    this.playout = new PlayoutBuffer(jitterBuffer, clockRate, { numbers, words, at });
    this.runs = new LossRuns({ numbers, words, at: runsAt }, windows);
    this.receiver = new RtpReceiver(clockRate, { numbers, words, at: receiverAt }, windows);
  }

  /** Asks for what the next packet needs. */
  touch(): void {
    const { receiver, playout, runs } = this;
    touch(this.numbers, playout.at, receiver.at + runs.at);
  }

  /**
   * Takes one packet. `isAudio` packets count for jitter and have a time at which they must be there; `startsTalkspurt` says
   * that they have the marker.
   */
  accept(sequence: number, timestamp: number, arrivalMs: number, isAudio: boolean, startsTalkspurt: boolean): Arrival {
    const arrival = this.receiver.accept(sequence, timestamp, arrivalMs);
    if (arrival === Arrival.jumped) return arrival;
    if (arrival === Arrival.restarted) {
      this.runs.restart();
      this.playout.restart();
      this.endedAt = Number.NEGATIVE_INFINITY;
      this.runs.add(this.receiver.extended - 1, true);
    }
    if (isAudio) this.receiver.updateJitter(timestamp, arrivalMs);
    if (arrival !== Arrival.duplicate) {
      const { extended } = this.receiver;
      const isPlayed = isAudio ? this.playout.accept(timestamp, arrivalMs, startsTalkspurt) : true;
      this.runs.add(extended, isPlayed);
      if (arrival === Arrival.reordered && extended <= this.endedAt) {
        this.belated++;
        if (!isPlayed) this.belatedLate++;
      }
    }
    return arrival;
  }

  /** An interval is over: what was numbered up to here is of that or of one before. */
  endInterval(): void {
    if (this.receiver.expected > 0) this.endedAt = this.receiver.last;
  }

  /** So many more packets belong there. */
  extendInterval(packets: number): void {
    this.endedAt += packets;
  }
}

/** Sums over the sources of a stream. */
export class SourceTotals {
  received = 0;
  duplicates = 0;
  reordered = 0;
  expected = 0;
  lost = 0;
  cumulativeLost = 0;
  late = 0;
  jitterSumMs = 0;
  jitterPackets = 0;
  jitterMaxMs = 0;
  belated = 0;
  belatedLate = 0;
  /** Of an adaptive playout buffer: see `AdaptiveDelay`. */
  waitSumMs = 0;
  waits = 0;
  maxDelayMs = 0;
  readonly runs = { packets: 0, missing: 0, runs: 0 };
  readonly bursts = { bursts: 0, packets: 0, missing: 0 };

  add(source: HeardSource): void {
    const { receiver } = source;
    this.received += receiver.received;
    this.duplicates += receiver.duplicates;
    this.reordered += receiver.reordered;
    this.expected += receiver.expected;
    this.lost += receiver.lost;
    this.cumulativeLost += receiver.cumulativeLost;
    this.late += source.playout.late;
    this.jitterSumMs += receiver.jitterSumMs;
    this.jitterPackets += receiver.jitterPackets;
    this.jitterMaxMs = Math.max(this.jitterMaxMs, receiver.jitterMaxMs);
    this.belated += source.belated;
    this.belatedLate += source.belatedLate;
    const { adaptive } = source.playout;
    if (adaptive !== null) {
      this.waitSumMs += adaptive.waitSumMs;
      this.waits += adaptive.waits;
      this.maxDelayMs = Math.max(this.maxDelayMs, adaptive.maxMs);
    }
    const runs = source.runs.totals();
    this.runs.packets += runs.packets;
    this.runs.missing += runs.missing;
    this.runs.runs += runs.runs;
    this.addBursts(source.runs.bursts());
  }

  merge(other: SourceTotals): void {
    this.received += other.received;
    this.duplicates += other.duplicates;
    this.reordered += other.reordered;
    this.expected += other.expected;
    this.lost += other.lost;
    this.cumulativeLost += other.cumulativeLost;
    this.late += other.late;
    this.jitterSumMs += other.jitterSumMs;
    this.jitterPackets += other.jitterPackets;
    this.jitterMaxMs = Math.max(this.jitterMaxMs, other.jitterMaxMs);
    this.belated += other.belated;
    this.belatedLate += other.belatedLate;
    this.waitSumMs += other.waitSumMs;
    this.waits += other.waits;
    this.maxDelayMs = Math.max(this.maxDelayMs, other.maxDelayMs);
    this.runs.packets += other.runs.packets;
    this.runs.missing += other.runs.missing;
    this.runs.runs += other.runs.runs;
    this.addBursts(other.bursts);
  }

  private addBursts({ bursts, packets, missing }: BurstTotals): void {
    this.bursts.bursts += bursts;
    this.bursts.packets += packets;
    this.bursts.missing += missing;
  }
}
