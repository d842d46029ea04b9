/** What came, of a run whose load that is. */
export interface IntakeCounts {
  /** New INVITEs, refused ones included. */
  received: number;
  /** When the first and the latest came, on the machine's clock; `null` before any did. */
  firstMs: number | null;
  lastMs: number | null;
  /** The most that came within any second. */
  peakCps: number;
  /** Calls that came when no further one was taken: the run was paused, or had all that it was to take. */
  refusedLate: number;
}

const SECOND_MS = 1000;

/** Counts the calls that come, and says which of them are taken. */
export class Intake {
  private received = 0;
  private refusedLate = 0;
  private firstMs: number | null = null;
  private lastMs: number | null = null;
  private peakCps = 0;
  private paused = false;
  /** When the calls of the last second came. */
  private readonly recent: number[] = [];

  /** @param most calls that are taken; `undefined` for any number */
  constructor(private readonly most: number | undefined) {}

  setPaused(paused: boolean): void {
    this.paused = paused;
  }

  /** A call came. @returns whether it is taken */
  come(nowMs: number): boolean {
    const { recent, most } = this;
    this.received++;
    this.firstMs ??= nowMs;
    this.lastMs = nowMs;
    while (recent.length > 0 && recent[0] <= nowMs - SECOND_MS) recent.shift();
    recent.push(nowMs);
    this.peakCps = Math.max(this.peakCps, recent.length);
    const isTaken = !this.paused && (most === undefined || this.received - this.refusedLate <= most);
    if (!isTaken) this.refusedLate++;
    return isTaken;
  }

  counts(): IntakeCounts {
    const { received, firstMs, lastMs, peakCps, refusedLate } = this;
    return { received, firstMs, lastMs, peakCps, refusedLate };
  }
}
