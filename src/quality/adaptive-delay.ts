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

// Where the numbers lie: those of a line of the cache first.
const PLAYOUT_MS = 0;
const WAIT_SUM_MS = 1;
const WAITS = 2;
const MAX_DELAY_MS = 3;
const HIGHEST_TIMESTAMP = 4;
/** The rest are words of 32 bits: packets since the last restart. */
const TAKEN = 10;
/** The fastest of the window, the slowest that is not left out, and how many are slower than that. */
const FASTEST = 11;
const SLOWEST = 12;
const SLOWER = 13;
/** How late each packet of the window was, the oldest replaced by the next. */
const WINDOW = 16;
/** How many of them were so many ms behind, rounded up; in the middle is the schedule itself. */
const COUNTS = WINDOW + DELAY_WINDOW;
const ADAPTIVE_WORDS = COUNTS + 2 * SPAN_MS + 1;

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
  private readonly words: Int32Array;
  private readonly word: number;

  constructor(
    private readonly bounds: DelayBounds,
    private readonly clockRate: number,
  ) {
    const { numbers, words, at } = takeNumbers(Math.ceil(ADAPTIVE_WORDS / 2));
    this.numbers = numbers;
    this.at = at;
    this.words = words;
    this.word = 2 * at;
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
    const { words, word } = this;
    words.fill(0, word + COUNTS, word + ADAPTIVE_WORDS);
    words[word + TAKEN] = 0;
  }

  /**
   * Takes a packet that is `behindMs` behind schedule, no more than 1 s to either side, and says how far it may be.
   * `startsTalkspurt`: nothing was said before it, so the delay may change at once.
   */
  take(behindMs: number, timestamp: number, startsTalkspurt: boolean): number {
    const { numbers, at, bounds } = this;
    if (this.words[this.word + TAKEN] === 0) {
      numbers[at + PLAYOUT_MS] = behindMs + bounds.minMs;
      numbers[at + HIGHEST_TIMESTAMP] = timestamp;
    } else {
      const units = (timestamp - numbers[at + HIGHEST_TIMESTAMP]) | 0;
      if (units > 0) {
        numbers[at + HIGHEST_TIMESTAMP] = timestamp;
        this.move((units * 1000) / this.clockRate, startsTalkspurt);
      }
    }
    const fastestMs = this.note(Math.ceil(behindMs) + SPAN_MS) - SPAN_MS;
    // There is no room for more.
    const playoutMs = Math.min(numbers[at + PLAYOUT_MS], fastestMs + bounds.maxMs);
    numbers[at + PLAYOUT_MS] = playoutMs;
    if (playoutMs - fastestMs > numbers[at + MAX_DELAY_MS]) numbers[at + MAX_DELAY_MS] = playoutMs - fastestMs;
    numbers[at + WAIT_SUM_MS] += playoutMs - behindMs;
    numbers[at + WAITS]++;
    return playoutMs;
  }

  /** Brings the delay towards where it should be. */
  private move(mediaMs: number, startsTalkspurt: boolean): void {
    const { numbers, at, words, word, bounds } = this;
    const fastest = words[word + FASTEST];
    const wantedMs = words[word + SLOWEST] - fastest + MARGIN_MS;
    const targetMs = fastest - SPAN_MS + Math.min(bounds.maxMs, Math.max(bounds.minMs, wantedMs));
    const playoutMs = numbers[at + PLAYOUT_MS];
    if (startsTalkspurt) numbers[at + PLAYOUT_MS] = targetMs;
    else if (targetMs > playoutMs) numbers[at + PLAYOUT_MS] = Math.min(targetMs, playoutMs + GROWTH * mediaMs);
    else numbers[at + PLAYOUT_MS] = Math.max(targetMs, playoutMs - DECAY * mediaMs);
  }

  /** Takes a delay into the window, and the oldest out of it. Returns the least of the window. */
  private note(delay: number): number {
    const { words, word } = this;
    const counts = word + COUNTS;
    const taken = words[word + TAKEN]++;
    const next = word + WINDOW + (taken % DELAY_WINDOW);
    let fastest = words[word + FASTEST];
    let slowest = words[word + SLOWEST];
    let slower = words[word + SLOWER];
    if (taken === 0) {
      fastest = delay;
      slowest = delay;
      slower = 0;
    } else if (taken >= DELAY_WINDOW) {
      const oldest = words[next];
      words[counts + oldest]--;
      if (oldest > slowest) slower--;
    }
    words[next] = delay;
    words[counts + delay]++;
    if (delay > slowest) slower++;
    if (delay < fastest) fastest = delay;
    else while (words[counts + fastest] === 0) fastest++;
    const leftOut = Math.floor(Math.min(taken + 1, DELAY_WINDOW) * LEFT_OUT);
    while (slower > leftOut) slower -= words[counts + ++slowest];
    while (slower + words[counts + slowest] <= leftOut) slower += words[counts + slowest--];
    words[word + FASTEST] = fastest;
    words[word + SLOWEST] = slowest;
    words[word + SLOWER] = slower;
    return fastest;
  }
}
