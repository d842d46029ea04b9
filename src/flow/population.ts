import { type Clock, systemClock } from '../core/clock.js';

const IN_PROGRESS = 0;
const ESTABLISHED = 1;
const PEAK_IN_PROGRESS = 2;
const PEAK_ESTABLISHED = 3;

/** Memory for the counts of a population, to be shared by the threads that its calls are spread over. */
export function populationMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * How many calls are in progress (from the first provisional above 100, or the 2xx, to the final failure or the BYE)
 * and how many are established, now and at most, over all threads that share the memory.
 */
export class Population {
  private readonly counts: Int32Array;
  /** Calls in progress of this thread alone, since when, and how long all of them were before that. */
  private own = 0;
  private sinceMs = 0;
  private beforeMs = 0;

  constructor(
    memory = populationMemory(),
    private readonly clock: Clock = systemClock,
  ) {
    this.counts = new Int32Array(memory);
  }

  /** How long calls of this thread have been in progress, added up over the calls: the integral of their number. */
  get carriedMs(): number {
    return this.beforeMs + this.own * (this.clock.now() - this.sinceMs);
  }

  get inProgress(): number {
    return Atomics.load(this.counts, IN_PROGRESS);
  }

  get established(): number {
    return Atomics.load(this.counts, ESTABLISHED);
  }

  get peakInProgress(): number {
    return Atomics.load(this.counts, PEAK_IN_PROGRESS);
  }

  get peakEstablished(): number {
    return Atomics.load(this.counts, PEAK_ESTABLISHED);
  }

  enterProgress(): void {
    this.countOwn(1);
    this.enter(IN_PROGRESS, PEAK_IN_PROGRESS);
  }

  leaveProgress(): void {
    this.countOwn(-1);
    Atomics.sub(this.counts, IN_PROGRESS, 1);
  }

  enterEstablished(): void {
    this.enter(ESTABLISHED, PEAK_ESTABLISHED);
  }

  leaveEstablished(): void {
    Atomics.sub(this.counts, ESTABLISHED, 1);
  }

  private countOwn(change: 1 | -1): void {
    this.beforeMs = this.carriedMs;
    this.sinceMs = this.clock.now();
    this.own += change;
  }

  /** The peak is of all threads together, so another one may raise it at the same time. */
  private enter(count: number, peak: number): void {
    const now = Atomics.add(this.counts, count, 1) + 1;
    let most = Atomics.load(this.counts, peak);
    while (now > most) {
      const found = Atomics.compareExchange(this.counts, peak, most, now);
      if (found === most) return;
      most = found;
    }
  }
}
