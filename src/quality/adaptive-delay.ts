import { takeNumbers } from '../core/number-block.js';

/** The delays of so many packets decide: 10 s at a packet every 20 ms. */
export const DELAY_WINDOW = 500;
/** Share of them that the delay may leave out, the slowest. */
export const LEFT_OUT = 0.03;
/** What the delay has on top of the slowest that is not left out. */
export const MARGIN_MS = 20;
/** How fast the delay may grow and shrink within speech, in ms of delay per ms of media. */
export const GROWTH = 0.5;
export const DECAY = 0.04;
/** Delays behind schedule are kept in steps of 1 ms, up to so far to both sides. */
const SPAN_MS = 1000;

/** Within what an adaptive buffer keeps the delay of the fastest packet, in ms. */
export interface DelayBounds {
  minMs: number;
  maxMs: number;
}

// Where the numbers lie.
/** How far behind schedule a packet may be to be played. */
const PLAYOUT_MS = 0;
const WAIT_SUM_MS = 1;
const WAITS = 2;
const MAX_DELAY_MS = 3;
const HIGHEST_TIMESTAMP = 4;
const NUMBERS = 5;

/**
 * The delay of an adaptive playout buffer, after the percentile algorithm of Moon, Kurose and Towsley (1998) with the
 * figures of the buffers in use: it takes the last 500 packets, leaves out the slowest 3 % (Asterisk's share; WebRTC's is of
 * that size), and aims at the slowest of the others plus 20 ms. A talk spurt begins with that delay. Within speech, which has
 * to be stretched or shortened, the delay goes there at the rates above. The fate of a packet follows from those before it.
 *
 * Times are in ms behind the schedule of the playout buffer. The delay is counted from the fastest of the last 500 packets on.
 */
export class AdaptiveDelay {
  private readonly numbers: Float64Array;
  private readonly at: number;
  /** How many of the last packets were so many ms behind, rounded up; `SPAN_MS` is the schedule itself. */
  private readonly counts = new Uint16Array(2 * SPAN_MS + 1);
  private readonly window = new Uint16Array(DELAY_WINDOW);
  private size = 0;
  private next = 0;
  /** The fastest, and the slowest that is not left out; how many are slower than that. */
  private fastest = 0;
  private slowest = 0;
  private slower = 0;

  constructor(
    private readonly bounds: DelayBounds,
    private readonly clockRate: number,
  ) {
    const { numbers, at } = takeNumbers(NUMBERS);
    this.numbers = numbers;
    this.at = at;
  }

  /** By how much packets were ahead of their playout, late ones with a minus: the sum, and of how many. */
  get waitSumMs(): number {
    return this.numbers[this.at + WAIT_SUM_MS];
  }

  get waits(): number {
    return this.numbers[this.at + WAITS];
  }

  /** The longest that the fastest packet of its time had to wait. */
  get maxMs(): number {
    return this.numbers[this.at + MAX_DELAY_MS];
  }

  /** Another schedule begins: what was measured by the one before does not count. */
  restart(): void {
    this.counts.fill(0);
    this.size = 0;
    this.next = 0;
  }

  /**
   * Takes a packet that is `behindMs` behind schedule, no more than 1 s to either side, and says how far it may be.
   * `startsTalkspurt`: nothing was said before it, so the delay may change at once.
   */
  take(behindMs: number, timestamp: number, startsTalkspurt: boolean): number {
    const { numbers, at, bounds } = this;
    if (this.size === 0) {
      numbers[at + PLAYOUT_MS] = behindMs + bounds.minMs;
      numbers[at + HIGHEST_TIMESTAMP] = timestamp;
    } else {
      const units = (timestamp - numbers[at + HIGHEST_TIMESTAMP]) | 0;
      if (units > 0) {
        numbers[at + HIGHEST_TIMESTAMP] = timestamp;
        this.move((units * 1000) / this.clockRate, startsTalkspurt);
      }
    }
    this.note(Math.ceil(behindMs) + SPAN_MS);
    // There is no room for more.
    const most = this.fastest - SPAN_MS + bounds.maxMs;
    if (numbers[at + PLAYOUT_MS] > most) numbers[at + PLAYOUT_MS] = most;
    const playoutMs = numbers[at + PLAYOUT_MS];
    const delayMs = playoutMs - (this.fastest - SPAN_MS);
    if (delayMs > numbers[at + MAX_DELAY_MS]) numbers[at + MAX_DELAY_MS] = delayMs;
    numbers[at + WAIT_SUM_MS] += playoutMs - behindMs;
    numbers[at + WAITS]++;
    return playoutMs;
  }

  /** Brings the delay towards where it should be. */
  private move(mediaMs: number, startsTalkspurt: boolean): void {
    const { numbers, at, bounds } = this;
    const wantedMs = this.slowest - this.fastest + MARGIN_MS;
    const targetMs = this.fastest - SPAN_MS + Math.min(bounds.maxMs, Math.max(bounds.minMs, wantedMs));
    const playoutMs = numbers[at + PLAYOUT_MS];
    if (startsTalkspurt) numbers[at + PLAYOUT_MS] = targetMs;
    else if (targetMs > playoutMs) numbers[at + PLAYOUT_MS] = Math.min(targetMs, playoutMs + GROWTH * mediaMs);
    else numbers[at + PLAYOUT_MS] = Math.max(targetMs, playoutMs - DECAY * mediaMs);
  }

  /** Takes a delay into the window, and the oldest out of it. */
  private note(delay: number): void {
    const { counts, window } = this;
    if (this.size === DELAY_WINDOW) {
      const oldest = window[this.next];
      counts[oldest]--;
      if (oldest > this.slowest) this.slower--;
    } else if (this.size++ === 0) {
      this.fastest = delay;
      this.slowest = delay;
      this.slower = 0;
    }
    window[this.next] = delay;
    this.next = this.next + 1 === DELAY_WINDOW ? 0 : this.next + 1;
    counts[delay]++;
    if (delay > this.slowest) this.slower++;
    if (delay < this.fastest) this.fastest = delay;
    else while (counts[this.fastest] === 0) this.fastest++;
    const leftOut = Math.floor(this.size * LEFT_OUT);
    while (this.slower > leftOut) this.slower -= counts[++this.slowest];
    while (this.slower + counts[this.slowest] <= leftOut) this.slower += counts[this.slowest--];
  }
}
