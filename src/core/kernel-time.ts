import type { Clock } from './clock.js';
import type { Libc } from './libc.js';

const CLOCK_REALTIME = 0;
const RESAMPLE_MS = 1000;
const READINGS = 5;

/**
 * Brings the kernel's receive times (SO_TIMESTAMPNS, on CLOCK_REALTIME) onto the run's clock. The two are related anew
 * each second, because CLOCK_REALTIME is slewed and stepped.
 */
export class KernelTime {
  private readonly timespec: Int32Array;
  private readonly address: number;
  private offsetMs = 0;
  private baseSeconds = 0;
  private sampledAtMs = 0;

  constructor(
    private readonly libc: Libc,
    private readonly clock: Clock,
  ) {
    const { buffer, base } = libc.allocate(16);
    this.timespec = new Int32Array(buffer);
    this.address = base;
    this.sample();
  }

  /** Relates the clocks anew when the last time is more than a second ago. */
  refresh(nowMs: number): void {
    if (nowMs - this.sampledAtMs >= RESAMPLE_MS) this.sample();
  }

  /** A kernel time on the run's clock in ms. The low word of the seconds is enough: only differences are used. */
  toRunMs(seconds: number, nanoseconds: number): number {
    return (seconds - this.baseSeconds) * 1000 + nanoseconds / 1e6 + this.offsetMs;
  }

  /** Of several readings between two of ours the tightest counts. */
  private sample(): void {
    let tightestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < READINGS; i++) {
      const before = this.clock.now();
      this.libc.clockGettime(CLOCK_REALTIME, this.address);
      const after = this.clock.now();
      if (after - before >= tightestMs) continue;
      tightestMs = after - before;
      this.baseSeconds = this.timespec[0];
      this.offsetMs = (before + after) / 2 - this.timespec[2] / 1e6;
    }
    this.sampledAtMs = this.clock.now();
  }
}
