/** A stream that stays this far from its schedule for `RESYNC_PACKETS` packets gets a new schedule. */
const RESYNC_MS = 1000;
const RESYNC_PACKETS = 50;
/** Two clocks that differ are followed by this much in so many packets: 200 ppm at a packet every 20 ms. */
const DRIFT_PACKETS = 500;
const DRIFT_STEP_MS = 2;

/**
 * A fixed playout buffer: packet i is played at (arrival of the first) + buffer + (its timestamp − the first timestamp).
 * What comes later than that is discarded. The schedule follows the sender's clock where that runs faster or slower than
 * ours, as phones do, and too slowly to follow a network that becomes slower. When the timestamps leave the schedule by more than a second for a second
 * (a sender that set its timestamps anew), the schedule starts over.
 */
export class PlayoutBuffer {
  /** Distinct packets that came too late. */
  late = 0;

  private anchored = false;
  private anchorTimestamp = 0;
  private anchorArrivalMs = 0;
  private astray = 0;
  /** How far packets were behind schedule on average, in this stretch and in the first one. */
  private behindSumMs = 0;
  private behindPackets = 0;
  private firstMeanMs: number | null = null;

  constructor(
    public bufferMs: number,
    private readonly clockRate: number,
  ) {}

  /** Whether the packet comes in time to be played; counts it when it does not. */
  accept(timestamp: number, arrivalMs: number): boolean {
    if (!this.anchored) this.anchor(timestamp, arrivalMs);
    const scheduledMs = this.anchorArrivalMs + (((timestamp - this.anchorTimestamp) | 0) * 1000) / this.clockRate;
    const behindMs = arrivalMs - scheduledMs;
    if (Math.abs(behindMs) > RESYNC_MS) {
      if (++this.astray >= RESYNC_PACKETS) {
        this.anchor(timestamp, arrivalMs);
        return true;
      }
    } else {
      this.astray = 0;
      this.follow(behindMs);
    }
    if (behindMs <= this.bufferMs) return true;
    this.late++;
    return false;
  }

  /** Forgets the schedule: the next packet is the first of a new one. */
  restart(): void {
    this.anchored = false;
  }

  private anchor(timestamp: number, arrivalMs: number): void {
    this.anchored = true;
    this.anchorTimestamp = timestamp;
    this.anchorArrivalMs = arrivalMs;
    this.astray = 0;
    this.behindSumMs = 0;
    this.behindPackets = 0;
    this.firstMeanMs = null;
  }

  /** Moves the schedule towards where packets were in the first stretch. */
  private follow(behindMs: number): void {
    this.behindSumMs += behindMs;
    if (++this.behindPackets < DRIFT_PACKETS) return;
    const meanMs = this.behindSumMs / DRIFT_PACKETS;
    this.behindSumMs = 0;
    this.behindPackets = 0;
    if (this.firstMeanMs === null) {
      this.firstMeanMs = meanMs;
      return;
    }
    const driftMs = meanMs - this.firstMeanMs;
    this.anchorArrivalMs += Math.max(-DRIFT_STEP_MS, Math.min(DRIFT_STEP_MS, driftMs));
  }
}
