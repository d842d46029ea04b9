import type { Rng } from '../core/rng.js';
import { type Fate, loseCopies, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';
import { InOrder } from './in-order.js';

/**
 * A link of a fixed rate with a buffer before it, first in, first out, that drops what finds the buffer full (tail drop). One
 * link may carry the packets of many pipelines. A packet needs size·8/rate of its own and waits for those before it; the buffer
 * holds what has not been sent yet, the rest of the packet on the line included. An idle link takes any packet.
 */
export class Link {
  private freeAtMs = Number.NEGATIVE_INFINITY;
  private readonly bytesPerMs: number;

  /** @param overheadBytes headers below RTP that each packet takes with it */
  constructor(
    rateBps: number,
    private readonly bufferBytes: number,
    private readonly overheadBytes: number,
  ) {
    this.bytesPerMs = rateBps / 8000;
  }

  /**
   * How long a packet that comes at `atMs` takes until it is through, or −1 when it is dropped.
   *
   * @param spare share (0 to 1) of the packet's size by which the buffer counts as smaller than it is
   */
  offer(atMs: number, length: number, spare: number): number {
    const bytes = length + this.overheadBytes;
    const waitMs = this.freeAtMs > atMs ? this.freeAtMs - atMs : 0;
    if (waitMs > 0 && waitMs * this.bytesPerMs + bytes * (1 + spare) > this.bufferBytes) return -1;
    const delayMs = waitMs + bytes / this.bytesPerMs;
    this.freeAtMs = atMs + delayMs;
    return delayMs;
  }
}

/**
 * Packets go over a link, each copy by itself. The link counts as the first of the path, wherever among the stages it is written:
 * what finds it busy is decided by when packets enter the path. They do so in their order, also those of many calls, which no
 * longer holds behind stages that delay each by another time. What came to this stage in order leaves it so.
 *
 * Senders that keep time exactly would find the last room in the buffer always in the same order, and what is dropped would all
 * be of one call (phase effects: Floyd and Jacobson 1992). So the buffer counts as up to one packet smaller, drawn for each packet.
 * Two draws a packet, one for each possible copy.
 */
export class Queue implements StageModel {
  private readonly order = new InOrder();
  private lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly link: Link,
    private readonly rng: Rng,
    private readonly drops: FaultTally,
  ) {}

  apply(fate: Fate): void {
    const { link, rng } = this;
    const { copies, arrivalMs, length } = fate;
    const spare = rng.uniform();
    const spare2 = rng.uniform();
    if (copies === 0) return;
    const first = link.offer(arrivalMs, length, spare);
    const second = copies === 2 ? link.offer(arrivalMs, length, spare2) : 0;
    if (first > 0) fate.delayMs = this.behind(arrivalMs, fate.delayMs, first);
    if (second > 0) fate.delayMs2 = this.behind(arrivalMs, fate.delayMs2, second);
    loseCopies(fate, first < 0, second < 0);
    if (fate.copies === 0) this.drops.count++;
  }

  /** The delay with `more` added, so that a packet which had not overtaken the one before does not do so now. */
  private behind(arrivalMs: number, delayMs: number, more: number): number {
    const atMs = arrivalMs + delayMs;
    if (atMs < this.lastAtMs) return delayMs + more;
    this.lastAtMs = atMs;
    return this.order.keep(arrivalMs, delayMs + more);
  }
}
