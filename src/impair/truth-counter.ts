import type { Fate } from './fate.js';
import { FaultTallies } from './fault-tally.js';
import type { DirectionTruth, TruthPeriod } from './truth.js';

/** Packets in flight that a later one may still overtake: as many as most paths ever have, and at most; 256 are 5 s of audio. */
const FEW_IN_FLIGHT = 16;
const MOST_IN_FLIGHT = 256;
/** Periods that are told apart; what comes later belongs to the last one. */
const MOST_PERIODS = 100;
/** Packets under way when a span begins that are told apart from those before it: 5 s of audio. */
const MOST_EARLY = 256;

/** Counts what a pipeline did, packet by packet, in the order in which the packets entered. */
export class TruthCounter {
  packets = 0;
  delivered = 0;
  dropped = 0;
  duplicated = 0;
  readonly faults = new FaultTallies();
  /** When the first packet entered a pipeline that had no stage then; `null` where it had one, or none came. */
  untouchedSinceMs: number | null = null;
  /** By what was counted when each began. */
  private readonly periods: TruthPeriod[] = [];
  private droppedBefore = 0;
  private droppedWithin = 0;
  /** Dropped since the last delivered packet: within the span only once another one is delivered. */
  private droppedSince = 0;
  /** Whether a packet was delivered since the span began. */
  private spanOpen = false;
  /** Of the packets delivered last before a span that is expected: when each is due, and behind it what was dropped before. */
  private expectsSpan = false;
  private early: Float64Array | null = null;
  private earlyCount = 0;
  private reordered = 0;
  private recoded = 0;
  private corrupted = 0;
  private eventsDropped = 0;
  private delaySumMs = 0;
  private delayMaxMs = 0;
  /**
   * Due times of the packets that nothing has overtaken yet. They never fall from bottom to top, because a packet that is
   * due earlier takes those above it off: these are the reordered ones. A ring, whose oldest entries are forgotten.
   */
  private dues: Float64Array | null = null;
  private bottom = 0;
  private depth = 0;

  /** Counts a packet of a pipeline that never had a stage. */
  recordUntouched(arrivalMs: number): void {
    if (this.packets++ === 0) this.untouchedSinceMs = arrivalMs;
    this.delivered++;
    this.spanOpen = true;
  }

  /** From here on something else is in force; what was before is called `before`, where that is told, and began at `sinceMs`. */
  enter(name: string, atMs: number, before?: string, sinceMs = atMs): void {
    const { packets, dropped, periods } = this;
    if (before !== undefined && periods.length === 0)
      periods.push({ name: before, fromMs: sinceMs, packets: 0, dropped: 0 });
    if (periods.length < MOST_PERIODS) periods.push({ name, fromMs: atMs, packets, dropped });
  }

  record(fate: Fate): void {
    if (!fate.isPart) this.packets++;
    if (fate.isAbsorbed) return;
    if (fate.recoded && fate.copies > 0) this.recoded++;
    if (fate.corrupted && fate.copies > 0) this.corrupted++;
    if (fate.copies === 0) {
      this.dropped++;
      this.droppedSince++;
      if (fate.eventDropped) this.eventsDropped++;
      return;
    }
    if (this.spanOpen) this.droppedWithin += this.droppedSince;
    else this.droppedBefore += this.droppedSince;
    this.spanOpen = true;
    this.droppedSince = 0;
    this.delivered++;
    let delayMs = fate.delayMs;
    if (this.expectsSpan) this.noteEarly(fate);
    if (fate.copies === 2) {
      this.duplicated++;
      if (fate.delayMs2 < delayMs) delayMs = fate.delayMs2;
    }
    this.delaySumMs += delayMs;
    if (delayMs > this.delayMaxMs) this.delayMaxMs = delayMs;
    this.place(fate.arrivalMs, fate.arrivalMs + delayMs);
  }

  /** The receiver does not count yet what comes. */
  expectSpan(): void {
    this.expectsSpan = true;
  }

  /**
   * The receiver counts from here on (the answer), and not what was due by `handedOverMs`: all drops so far were before the first
   * packet that it counts, but for those after a packet that is under way.
   */
  startSpan(handedOverMs: number): void {
    const settled = this.droppedBefore + this.droppedWithin;
    const droppedThen = this.droppedBeforeUnderway(handedOverMs);
    this.spanOpen = droppedThen !== null;
    this.droppedBefore = droppedThen ?? settled;
    this.droppedWithin = settled - this.droppedBefore;
    this.expectsSpan = false;
    this.early = null;
    this.earlyCount = 0;
  }

  snapshot(): DirectionTruth {
    return {
      packets: this.packets,
      delivered: this.delivered,
      dropped: this.dropped,
      droppedBefore: this.delivered === 0 ? this.dropped : this.droppedBefore,
      droppedWithin: this.droppedWithin,
      droppedAfter: this.delivered === 0 ? 0 : this.droppedSince,
      duplicated: this.duplicated,
      reordered: this.reordered,
      corrupted: this.corrupted,
      recoded: this.recoded,
      eventsDropped: this.eventsDropped,
      faults: this.faults.snapshot(),
      periods: this.periodsSoFar(),
      delayMeanMs: this.delivered === 0 ? null : this.delaySumMs / this.delivered,
      delayMaxMs: this.delivered === 0 ? null : this.delayMaxMs,
    };
  }

  private periodsSoFar(): TruthPeriod[] {
    return this.periods.map(({ name, fromMs, packets, dropped }, index) => {
      const next = this.periods[index + 1] ?? this;
      return { name, fromMs, packets: next.packets - packets, dropped: next.dropped - dropped };
    });
  }

  private noteEarly({ arrivalMs, copies, delayMs, delayMs2 }: Fate): void {
    this.early ??= new Float64Array(2 * MOST_EARLY);
    const at = 2 * (this.earlyCount++ % MOST_EARLY);
    this.early[at] = arrivalMs + (copies === 2 ? Math.max(delayMs, delayMs2) : delayMs);
    this.early[at + 1] = this.dropped;
  }

  /** What was dropped before the first packet that is under way; `null` where none is. */
  private droppedBeforeUnderway(handedOverMs: number): number | null {
    const { early, earlyCount } = this;
    if (early === null) return null;
    for (let i = Math.max(0, earlyCount - MOST_EARLY); i < earlyCount; i++) {
      const at = 2 * (i % MOST_EARLY);
      if (early[at] > handedOverMs) return early[at + 1];
    }
    return null;
  }

  private place(arrivalMs: number, dueMs: number): void {
    if (this.dues === null) {
      // Most pipelines never delay anything: the ring is made with the first packet that is late.
      if (dueMs === arrivalMs) return;
      this.dues = new Float64Array(FEW_IN_FLIGHT);
    }
    const { dues } = this;
    const mask = dues.length - 1;
    while (this.depth > 0) {
      const top = dues[(this.bottom + this.depth - 1) & mask];
      if (top <= dueMs) break;
      this.depth--;
      this.reordered++;
    }
    // What was due before this packet came has left; nothing can overtake it any more.
    while (this.depth > 0 && dues[this.bottom] <= arrivalMs) {
      this.bottom = (this.bottom + 1) & mask;
      this.depth--;
    }
    if (this.depth > mask) {
      this.makeRoom(dues, dueMs);
      return;
    }
    dues[(this.bottom + this.depth) & mask] = dueMs;
    this.depth++;
  }

  /** The ring is full: it grows, or forgets its oldest entry. */
  private makeRoom(dues: Float64Array, dueMs: number): void {
    const size = dues.length;
    if (size === MOST_IN_FLIGHT) {
      dues[this.bottom] = dueMs;
      this.bottom = (this.bottom + 1) & (size - 1);
      return;
    }
    const larger = new Float64Array(2 * size);
    for (let i = 0; i < size; i++) larger[i] = dues[(this.bottom + i) & (size - 1)];
    larger[size] = dueMs;
    this.dues = larger;
    this.bottom = 0;
    this.depth = size + 1;
  }
}
