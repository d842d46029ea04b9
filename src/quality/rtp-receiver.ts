import { type NumberRange, takeNumbers } from '../core/number-block.js';
import { clearBit, clearBits, hasBit, setBit, WINDOW, WINDOW_PAIR_NUMBERS } from './bit-window.js';

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
/** Packet intervals that a stream may have. */
const SHORTEST_PACKET_MS = 5;
const LONGEST_PACKET_MS = 120;

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

// Where the numbers of a receiver lie: those that every packet touches first.
const STARTED = 0;
const HIGHEST = 1;
const EXTENDED = 2;
const EXPECTED_BAD = 3;
const HIGHEST_TIMESTAMP = 4;
const HIGHEST_ARRIVAL_MS = 5;
const DISTINCT = 6;
const JITTER_MS = 7;
const JITTER_SUM_MS = 8;
const JITTER_PACKETS = 9;
const JITTER_MAX_MS = 10;
const HAS_PREVIOUS = 11;
const PREVIOUS_TIMESTAMP = 12;
const PREVIOUS_ARRIVAL_MS = 13;
const DUPLICATES_IN_SPAN = 14;
const BASE = 15;
const LOWEST = 16;
const DUPLICATES = 17;
const REORDERED = 18;
const PAST_EXPECTED = 19;
const PAST_DISTINCT = 20;
const PAST_CUMULATIVE_LOST = 21;
export const RECEIVER_NUMBERS = 22;

/**
 * Receiver statistics of one source (SSRC), after RFC 3550: extended sequence numbers (A.1), loss (A.3) and interarrival
 * jitter (6.4.1, A.8). The source of a negotiated stream needs no probation. Pure over (packet, arrival).
 *
 * Beside the RFC's arithmetic, in which a duplicate makes up for a loss, it counts the distinct sequence numbers received
 * between the lowest and the highest one.
 */
export class RtpReceiver {
  private readonly numbers: Float64Array;
  readonly at: number;
  private readonly words: Int32Array;
  private readonly window: number;

  /**
   * @param range `RECEIVER_NUMBERS` zeros
   * @param windows `WINDOW_PAIR_NUMBERS` zeros, of which the first window is used
   */
  constructor(
    private readonly clockRate: number,
    range: NumberRange = takeNumbers(RECEIVER_NUMBERS),
    windows: NumberRange = takeNumbers(WINDOW_PAIR_NUMBERS),
  ) {
    this.numbers = range.numbers;
    this.at = range.at;
    this.words = windows.words;
    this.window = 2 * windows.at;
    this.numbers[this.at + EXPECTED_BAD] = -1;
  }

  /** Packets, duplicates included. */
  get received(): number {
    const { numbers, at } = this;
    return numbers[at + PAST_DISTINCT] + numbers[at + DISTINCT] + numbers[at + DUPLICATES];
  }

  get duplicates(): number {
    return this.numbers[this.at + DUPLICATES];
  }

  get reordered(): number {
    return this.numbers[this.at + REORDERED];
  }

  /** Extended sequence number of the packet given last: cycles are counted from the first packet of the span. */
  get extended(): number {
    return this.numbers[this.at + EXTENDED];
  }

  /** Interarrival jitter J in ms. */
  get jitterMs(): number {
    return this.numbers[this.at + JITTER_MS];
  }

  /** Sum of J over the packets that it was updated for. */
  get jitterSumMs(): number {
    return this.numbers[this.at + JITTER_SUM_MS];
  }

  get jitterPackets(): number {
    return this.numbers[this.at + JITTER_PACKETS];
  }

  get jitterMaxMs(): number {
    return this.numbers[this.at + JITTER_MAX_MS];
  }

  /** Extended sequence numbers of the current span. */
  get first(): number {
    return this.numbers[this.at + LOWEST];
  }

  get last(): number {
    return this.numbers[this.at + HIGHEST];
  }

  /** When that packet came. */
  get lastArrivalMs(): number {
    return this.numbers[this.at + HIGHEST_ARRIVAL_MS];
  }

  /** Timestamp of that packet, signed. */
  get lastTimestamp(): number {
    return this.numbers[this.at + HIGHEST_TIMESTAMP];
  }

  /** Sequence numbers from the first to the last received, both included. */
  get expected(): number {
    const { numbers, at } = this;
    const inSpan = numbers[at + STARTED] === 0 ? 0 : numbers[at + HIGHEST] - numbers[at + LOWEST] + 1;
    return numbers[at + PAST_EXPECTED] + inSpan;
  }

  /** Distinct sequence numbers among them that never came. */
  get lost(): number {
    return this.expected - this.numbers[this.at + PAST_DISTINCT] - this.numbers[this.at + DISTINCT];
  }

  /** A.3: expected from the first packet on, less all that came. Negative when more came than was expected. */
  get cumulativeLost(): number {
    const { numbers, at } = this;
    const past = numbers[at + PAST_CUMULATIVE_LOST];
    if (numbers[at + STARTED] === 0) return past;
    const received = numbers[at + DISTINCT] + numbers[at + DUPLICATES_IN_SPAN];
    return past + numbers[at + HIGHEST] - numbers[at + BASE] + 1 - received;
  }

  /** Takes one packet. `timestamp` and `arrivalMs` only tell a long gap from a restart. */
  accept(sequence: number, timestamp: number, arrivalMs: number): Arrival {
    const { numbers, at } = this;
    if (numbers[at + STARTED] === 0) {
      this.open(sequence, 1);
      this.noteHighest(timestamp, arrivalMs);
      return Arrival.inOrder;
    }
    const highest = numbers[at + HIGHEST];
    const ahead = (sequence - highest) & 0xffff;
    if (ahead === 0) return this.countDuplicate(highest);
    if (ahead < MAX_DROPOUT || (ahead <= SEQUENCE_MODULUS - MAX_MISORDER && this.isGap(ahead, timestamp, arrivalMs))) {
      numbers[at + EXPECTED_BAD] = -1;
      if (ahead > 1) this.forget(highest, ahead);
      numbers[at + HIGHEST] = highest + ahead;
      this.noteHighest(timestamp, arrivalMs);
      this.count(highest + ahead);
      return Arrival.inOrder;
    }
    if (ahead <= SEQUENCE_MODULUS - MAX_MISORDER) {
      if (sequence !== numbers[at + EXPECTED_BAD]) {
        numbers[at + EXPECTED_BAD] = (sequence + 1) & 0xffff;
        return Arrival.jumped;
      }
      const expected = this.expected;
      const cumulativeLost = this.cumulativeLost;
      numbers[at + PAST_EXPECTED] = expected;
      numbers[at + PAST_DISTINCT] += numbers[at + DISTINCT];
      numbers[at + PAST_CUMULATIVE_LOST] = cumulativeLost;
      this.open((sequence - 1) & 0xffff, 2);
      this.noteHighest(timestamp, arrivalMs);
      numbers[at + HAS_PREVIOUS] = 0;
      return Arrival.restarted;
    }
    const extended = highest - (SEQUENCE_MODULUS - ahead);
    if (hasBit(this.words, this.window, extended)) return this.countDuplicate(extended);
    if (extended < numbers[at + LOWEST]) numbers[at + LOWEST] = extended;
    numbers[at + REORDERED]++;
    this.count(extended);
    return Arrival.reordered;
  }

  /**
   * Updates the interarrival jitter with one packet of a continuous medium. Telephone-events (which repeat a timestamp)
   * and comfort noise must not be given.
   */
  updateJitter(timestamp: number, arrivalMs: number): void {
    const { numbers, at } = this;
    if (numbers[at + HAS_PREVIOUS] !== 0) {
      const units = (timestamp - numbers[at + PREVIOUS_TIMESTAMP]) | 0;
      const transitMs = arrivalMs - numbers[at + PREVIOUS_ARRIVAL_MS] - (units * 1000) / this.clockRate;
      const jitterMs = numbers[at + JITTER_MS] + (Math.abs(transitMs) - numbers[at + JITTER_MS]) / 16;
      numbers[at + JITTER_MS] = jitterMs;
      numbers[at + JITTER_SUM_MS] += jitterMs;
      numbers[at + JITTER_PACKETS]++;
      if (jitterMs > numbers[at + JITTER_MAX_MS]) numbers[at + JITTER_MAX_MS] = jitterMs;
    }
    numbers[at + HAS_PREVIOUS] = 1;
    numbers[at + PREVIOUS_TIMESTAMP] = timestamp;
    numbers[at + PREVIOUS_ARRIVAL_MS] = arrivalMs;
  }

  /** Starts a span at `sequence` with `packets` consecutive packets received. */
  private open(sequence: number, packets: number): void {
    const { numbers, at } = this;
    numbers[at + STARTED] = 1;
    numbers[at + EXPECTED_BAD] = -1;
    clearBits(this.words, this.window);
    numbers[at + BASE] = sequence;
    numbers[at + LOWEST] = sequence;
    numbers[at + HIGHEST] = sequence + packets - 1;
    numbers[at + DISTINCT] = 0;
    numbers[at + DUPLICATES_IN_SPAN] = 0;
    for (let i = 0; i < packets; i++) this.count(sequence + i);
  }

  /** Whether a jump is a long gap of the same stream: time, timestamps and sequence numbers went on at one pace. */
  private isGap(ahead: number, timestamp: number, arrivalMs: number): boolean {
    const { numbers, at } = this;
    const elapsedMs = arrivalMs - numbers[at + HIGHEST_ARRIVAL_MS];
    const mediaMs = (((timestamp - numbers[at + HIGHEST_TIMESTAMP]) | 0) * 1000) / this.clockRate;
    return (
      Math.abs(mediaMs - elapsedMs) < GAP_TOLERANCE_MS &&
      ahead * SHORTEST_PACKET_MS < elapsedMs + GAP_TOLERANCE_MS &&
      ahead * LONGEST_PACKET_MS > elapsedMs - GAP_TOLERANCE_MS
    );
  }

  private noteHighest(timestamp: number, arrivalMs: number): void {
    this.numbers[this.at + HIGHEST_TIMESTAMP] = timestamp;
    this.numbers[this.at + HIGHEST_ARRIVAL_MS] = arrivalMs;
  }

  private count(extended: number): void {
    setBit(this.words, this.window, extended);
    this.numbers[this.at + EXTENDED] = extended;
    this.numbers[this.at + DISTINCT]++;
  }

  private countDuplicate(extended: number): Arrival {
    this.numbers[this.at + EXTENDED] = extended;
    this.numbers[this.at + DUPLICATES]++;
    this.numbers[this.at + DUPLICATES_IN_SPAN]++;
    return Arrival.duplicate;
  }

  /** Clears what the window held of the sequence numbers between `highest` and `highest + ahead`. */
  private forget(highest: number, ahead: number): void {
    if (ahead >= WINDOW) {
      clearBits(this.words, this.window);
      return;
    }
    for (let i = 1; i < ahead; i++) clearBit(this.words, this.window, highest + i);
  }
}
