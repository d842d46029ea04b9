import { type NumberRange, takeNumbers } from '../core/number-block.js';
import { AdaptiveDelay } from './adaptive-delay.js';
import type { PlayoutReport } from './reports.js';

/** The listener's playout buffer: its delay, or what the delay is kept within. */
export type JitterBuffer = { kind: 'fixed'; delayMs: number } | { kind: 'adaptive'; minMs: number; maxMs: number };

/** How long packets waited in a buffer, by the sums of an adaptive one; `null` when no audio came. */
export function playoutOf(
  buffer: JitterBuffer,
  { received, waits, waitSumMs, maxDelayMs }: Record<'received' | 'waits' | 'waitSumMs' | 'maxDelayMs', number>,
): PlayoutReport | null {
  if (received === 0) return null;
  if (buffer.kind === 'fixed') {
    const { delayMs } = buffer;
    return { kind: 'fixed', meanMs: delayMs, maxMs: delayMs, limitMs: delayMs };
  }
  return waits === 0 ? null : { kind: 'adaptive', meanMs: waitSumMs / waits, maxMs: maxDelayMs, limitMs: buffer.maxMs };
}

/** A stream that stays this far from its schedule for `RESYNC_PACKETS` packets gets a new schedule. */
const RESYNC_MS = 1000;
const RESYNC_PACKETS = 50;
/** Two clocks that differ are followed by this much in so many packets: 200 ppm at a packet every 20 ms. */
const DRIFT_PACKETS = 500;
const DRIFT_STEP_MS = 2;

// Where the numbers lie.
const ANCHORED = 0;
const ANCHOR_TIMESTAMP = 1;
const ANCHOR_ARRIVAL_MS = 2;
const ASTRAY = 3;
/** How far packets were behind schedule on average, in this stretch and in the first one (NaN before its end). */
const BEHIND_SUM_MS = 4;
const BEHIND_PACKETS = 5;
/** How far behind schedule a packet may be to be played. */
const BUFFER_MS = 6;
const FIRST_MEAN_MS = 7;
/** Of these the schedule consists. */
const SCHEDULE_NUMBERS = 8;
const LATE = SCHEDULE_NUMBERS;
export const PLAYOUT_NUMBERS = 9;

/**
 * A playout buffer. Packet i is played at (arrival of the first) + delay + (its timestamp − the first timestamp), and what
 * comes later than that is discarded. The delay is fixed, or follows the network (`AdaptiveDelay`). The schedule follows the
 * sender's clock where that runs faster or slower than ours, as phones do, and too slowly to follow a network that becomes
 * slower. When the timestamps leave the schedule by more than a second for a second (a sender that set its timestamps anew),
 * the schedule starts over.
 */
export class PlayoutBuffer {
  private readonly numbers: Float64Array;
  readonly at: number;
  /** `null` where the delay is fixed. */
  readonly adaptive: AdaptiveDelay | null;

  /** @param range `PLAYOUT_NUMBERS` zeros */
  constructor(
    buffer: JitterBuffer,
    private readonly clockRate: number,
    range: NumberRange = takeNumbers(PLAYOUT_NUMBERS),
  ) {
    this.numbers = range.numbers;
    this.at = range.at;
    this.adaptive = buffer.kind === 'adaptive' ? new AdaptiveDelay(buffer, clockRate) : null;
    this.numbers[this.at + BUFFER_MS] = buffer.kind === 'fixed' ? buffer.delayMs : buffer.minMs;
  }

  /** Distinct packets that came too late. */
  get late(): number {
    return this.numbers[this.at + LATE];
  }

  /**
   * Whether the packet comes in time to be played; counts it when it does not. `startsTalkspurt`: its marker says so
   * (RFC 3551, section 4.1).
   */
  accept(timestamp: number, arrivalMs: number, startsTalkspurt = false): boolean {
    const { numbers, at } = this;
    if (numbers[at + ANCHORED] === 0) this.anchor(timestamp, arrivalMs);
    const units = (timestamp - numbers[at + ANCHOR_TIMESTAMP]) | 0;
    const behindMs = arrivalMs - numbers[at + ANCHOR_ARRIVAL_MS] - (units * 1000) / this.clockRate;
    if (Math.abs(behindMs) > RESYNC_MS) {
      if (++numbers[at + ASTRAY] >= RESYNC_PACKETS) {
        this.anchor(timestamp, arrivalMs);
        return true;
      }
    } else {
      numbers[at + ASTRAY] = 0;
      numbers[at + BEHIND_SUM_MS] += behindMs;
      if (++numbers[at + BEHIND_PACKETS] >= DRIFT_PACKETS) this.follow();
      if (this.adaptive !== null) numbers[at + BUFFER_MS] = this.adaptive.take(behindMs, timestamp, startsTalkspurt);
    }
    if (behindMs <= numbers[at + BUFFER_MS]) return true;
    numbers[at + LATE]++;
    return false;
  }

  /** When a packet of that timestamp is played, by the schedule as it stands. */
  playedAtMs(timestamp: number): number {
    const { numbers, at } = this;
    const units = (timestamp - numbers[at + ANCHOR_TIMESTAMP]) | 0;
    return numbers[at + ANCHOR_ARRIVAL_MS] + (units * 1000) / this.clockRate + numbers[at + BUFFER_MS];
  }

  /** Whether any other buffer of that delay has the same schedule, by packets of this clock: it does not follow the network. */
  isFixedAt(clockRate: number): boolean {
    return this.adaptive === null && this.clockRate === clockRate;
  }

  /** Takes over the schedule of another fixed buffer, which had more packets of the stream. */
  adopt({ numbers, at }: PlayoutBuffer): void {
    for (let i = 0; i < SCHEDULE_NUMBERS; i++) this.numbers[this.at + i] = numbers[at + i];
  }

  /** Forgets the schedule: the next packet is the first of a new one. */
  restart(): void {
    this.numbers[this.at + ANCHORED] = 0;
  }

  private anchor(timestamp: number, arrivalMs: number): void {
    const { numbers, at } = this;
    numbers[at + ANCHORED] = 1;
    numbers[at + ANCHOR_TIMESTAMP] = timestamp;
    numbers[at + ANCHOR_ARRIVAL_MS] = arrivalMs;
    numbers[at + ASTRAY] = 0;
    numbers[at + BEHIND_SUM_MS] = 0;
    numbers[at + BEHIND_PACKETS] = 0;
    numbers[at + FIRST_MEAN_MS] = Number.NaN;
    this.adaptive?.restart();
  }

  /** Moves the schedule towards where packets were in the first stretch. */
  private follow(): void {
    const { numbers, at } = this;
    const meanMs = numbers[at + BEHIND_SUM_MS] / DRIFT_PACKETS;
    numbers[at + BEHIND_SUM_MS] = 0;
    numbers[at + BEHIND_PACKETS] = 0;
    if (Number.isNaN(numbers[at + FIRST_MEAN_MS])) {
      numbers[at + FIRST_MEAN_MS] = meanMs;
      return;
    }
    const driftMs = meanMs - numbers[at + FIRST_MEAN_MS];
    numbers[at + ANCHOR_ARRIVAL_MS] += Math.max(-DRIFT_STEP_MS, Math.min(DRIFT_STEP_MS, driftMs));
  }
}
