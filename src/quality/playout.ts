/** A stream that stays this far from its schedule for `RESYNC_PACKETS` packets gets a new schedule. */
const RESYNC_MS = 1000;
const RESYNC_PACKETS = 50;

/**
 * A fixed playout buffer: packet i is played at (arrival of the first) + buffer + (its timestamp − the first timestamp).
 * What comes later than that is discarded. When the timestamps leave the schedule by more than a second for a second
 * (a sender that set its timestamps anew), the schedule starts over.
 */
export class PlayoutBuffer {
  /** Distinct packets that came too late. */
  late = 0;

  private anchored = false;
  private anchorTimestamp = 0;
  private anchorArrivalMs = 0;
  private astray = 0;

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
  }
}
