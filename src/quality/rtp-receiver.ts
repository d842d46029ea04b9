/** Constants of RFC 3550, appendix A.1. */
const SEQUENCE_MODULUS = 65536;
const MAX_DROPOUT = 3000;
/**
 * The RFC suggests 100, which is 2 s of audio; packets that a bad network holds back for longer would count as never
 * received. 1000 is 20 s.
 */
export const MAX_MISORDER = 1000;
/** How far elapsed time, timestamps and sequence numbers may disagree for a long gap to be one and the same stream. */
const GAP_TOLERANCE_MS = 1000;

/** Sequence numbers remembered as received; more than `MAX_DROPOUT` + `MAX_MISORDER`, and a power of two. */
const WINDOW = 4096;

/** What became of a packet that was given to a receiver. */
export const Arrival = {
  /** The next one, perhaps after a gap. */
  inOrder: 0,
  /** Not seen before, and behind one that has been. */
  reordered: 1,
  duplicate: 2,
  /** The sequence number jumped: not counted unless the next packet goes on from there. */
  jumped: 3,
  /** The source started over one packet ago: both packets are counted, in a new span of sequence numbers. */
  restarted: 4,
} as const;
export type Arrival = (typeof Arrival)[keyof typeof Arrival];

/**
 * Receiver statistics of one source (SSRC), after RFC 3550: extended sequence numbers (A.1), loss (A.3) and interarrival
 * jitter (6.4.1, A.8). The source of a negotiated stream needs no probation. Pure over (packet, arrival).
 *
 * Beside the RFC's arithmetic, in which a duplicate makes up for a loss, it counts the distinct sequence numbers received
 * between the lowest and the highest one.
 */
export class RtpReceiver {
  /** Packets, duplicates included. */
  received = 0;
  duplicates = 0;
  reordered = 0;
  /** Extended sequence number of the packet given last: cycles are counted from the first packet of the span. */
  extended = 0;

  /** Interarrival jitter J in ms, its sum over the packets that it was updated for, their number, and its maximum. */
  jitterMs = 0;
  jitterSumMs = 0;
  jitterPackets = 0;
  jitterMaxMs = 0;

  private started = false;
  private base = 0;
  private lowest = 0;
  private highest = 0;
  private distinct = 0;
  private receivedInSpan = 0;
  /** What spans before a restart have brought. */
  private pastExpected = 0;
  private pastDistinct = 0;
  private pastCumulativeLost = 0;
  private expectedBad = -1;
  private readonly seen = new Uint32Array(WINDOW / 32);

  private hasPrevious = false;
  private previousTimestamp = 0;
  private previousArrivalMs = 0;
  private highestTimestamp = 0;
  private highestArrivalMs = 0;

  constructor(
    private readonly clockRate: number,
    private readonly ptimeMs: number,
  ) {}

  /** Extended sequence numbers of the current span. */
  get first(): number {
    return this.lowest;
  }

  get last(): number {
    return this.highest;
  }

  /** Sequence numbers from the first to the last received, both included. */
  get expected(): number {
    return this.pastExpected + (this.started ? this.highest - this.lowest + 1 : 0);
  }

  /** Distinct sequence numbers among them that never came. */
  get lost(): number {
    return this.expected - this.pastDistinct - this.distinct;
  }

  /** A.3: expected from the first packet on, less all that came. Negative when more came than was expected. */
  get cumulativeLost(): number {
    return this.pastCumulativeLost + (this.started ? this.highest - this.base + 1 - this.receivedInSpan : 0);
  }

  /** Takes one packet. `timestamp` and `arrivalMs` only tell a long gap from a restart. */
  accept(sequence: number, timestamp: number, arrivalMs: number): Arrival {
    if (!this.started) {
      this.open(sequence, 1);
      this.noteHighest(timestamp, arrivalMs);
      return Arrival.inOrder;
    }
    const ahead = (sequence - this.highest) & 0xffff;
    if (ahead === 0) return this.countDuplicate(this.highest);
    if (ahead < MAX_DROPOUT || (ahead <= SEQUENCE_MODULUS - MAX_MISORDER && this.isGap(ahead, timestamp, arrivalMs))) {
      this.expectedBad = -1;
      this.forget(ahead);
      this.highest += ahead;
      this.noteHighest(timestamp, arrivalMs);
      this.count(this.highest);
      return Arrival.inOrder;
    }
    if (ahead <= SEQUENCE_MODULUS - MAX_MISORDER) {
      if (sequence !== this.expectedBad) {
        this.expectedBad = (sequence + 1) & 0xffff;
        return Arrival.jumped;
      }
      this.pastExpected = this.expected;
      this.pastDistinct += this.distinct;
      this.pastCumulativeLost = this.cumulativeLost;
      this.open((sequence - 1) & 0xffff, 2);
      this.noteHighest(timestamp, arrivalMs);
      this.hasPrevious = false;
      return Arrival.restarted;
    }
    const extended = this.highest - (SEQUENCE_MODULUS - ahead);
    if (this.isSeen(extended)) return this.countDuplicate(extended);
    if (extended < this.lowest) this.lowest = extended;
    this.reordered++;
    this.count(extended);
    return Arrival.reordered;
  }

  /**
   * Updates the interarrival jitter with one packet of a continuous medium. Telephone-events (which repeat a timestamp)
   * and comfort noise must not be given.
   */
  updateJitter(timestamp: number, arrivalMs: number): void {
    if (this.hasPrevious) {
      const transitMs =
        arrivalMs - this.previousArrivalMs - (((timestamp - this.previousTimestamp) | 0) * 1000) / this.clockRate;
      this.jitterMs += (Math.abs(transitMs) - this.jitterMs) / 16;
      this.jitterSumMs += this.jitterMs;
      this.jitterPackets++;
      if (this.jitterMs > this.jitterMaxMs) this.jitterMaxMs = this.jitterMs;
    }
    this.hasPrevious = true;
    this.previousTimestamp = timestamp;
    this.previousArrivalMs = arrivalMs;
  }

  /** Starts a span at `sequence` with `packets` consecutive packets received. */
  private open(sequence: number, packets: number): void {
    this.started = true;
    this.expectedBad = -1;
    this.seen.fill(0);
    this.base = sequence;
    this.lowest = sequence;
    this.highest = sequence + packets - 1;
    this.distinct = 0;
    this.receivedInSpan = 0;
    for (let i = 0; i < packets; i++) this.count(sequence + i);
  }

  /** Whether a jump is a long gap of the same stream: time, timestamps and sequence numbers went on at one pace. */
  private isGap(ahead: number, timestamp: number, arrivalMs: number): boolean {
    const elapsedMs = arrivalMs - this.highestArrivalMs;
    const mediaMs = (((timestamp - this.highestTimestamp) | 0) * 1000) / this.clockRate;
    return (
      Math.abs(mediaMs - elapsedMs) < GAP_TOLERANCE_MS && Math.abs(ahead * this.ptimeMs - elapsedMs) < GAP_TOLERANCE_MS
    );
  }

  private noteHighest(timestamp: number, arrivalMs: number): void {
    this.highestTimestamp = timestamp;
    this.highestArrivalMs = arrivalMs;
  }

  private count(extended: number): void {
    this.seen[(extended & (WINDOW - 1)) >> 5] |= 1 << (extended & 31);
    this.extended = extended;
    this.distinct++;
    this.received++;
    this.receivedInSpan++;
  }

  private countDuplicate(extended: number): Arrival {
    this.extended = extended;
    this.duplicates++;
    this.received++;
    this.receivedInSpan++;
    return Arrival.duplicate;
  }

  private isSeen(extended: number): boolean {
    return (this.seen[(extended & (WINDOW - 1)) >> 5] & (1 << (extended & 31))) !== 0;
  }

  /** Clears what the window held of the next `ahead` sequence numbers. */
  private forget(ahead: number): void {
    if (ahead >= WINDOW) {
      this.seen.fill(0);
      return;
    }
    for (let i = 1; i <= ahead; i++) {
      const extended = this.highest + i;
      this.seen[(extended & (WINDOW - 1)) >> 5] &= ~(1 << (extended & 31));
    }
  }
}
