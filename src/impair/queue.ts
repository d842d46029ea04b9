import { type Fate, loseCopies, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

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

  /** How long a packet that comes at `atMs` takes until it is through, or −1 when it is dropped. */
  offer(atMs: number, length: number): number {
    const bytes = length + this.overheadBytes;
    const waitMs = this.freeAtMs > atMs ? this.freeAtMs - atMs : 0;
    if (waitMs > 0 && waitMs * this.bytesPerMs + bytes > this.bufferBytes) return -1;
    const delayMs = waitMs + bytes / this.bytesPerMs;
    this.freeAtMs = atMs + delayMs;
    return delayMs;
  }
}

/**
 * Packets go over a link, in the order in which they enter their pipelines, each copy by itself. What counts is when a copy
 * comes to this stage: its arrival and the delay of the stages before. No draws.
 */
export class Queue implements StageModel {
  constructor(
    private readonly link: Link,
    private readonly drops: FaultTally,
  ) {}

  apply(fate: Fate): void {
    const { copies } = fate;
    if (copies === 0) return;
    const first = this.link.offer(fate.arrivalMs + fate.delayMs, fate.length);
    const second = copies === 2 ? this.link.offer(fate.arrivalMs + fate.delayMs2, fate.length) : 0;
    if (first > 0) fate.delayMs += first;
    if (second > 0) fate.delayMs2 += second;
    loseCopies(fate, first < 0, second < 0);
    if (fate.copies === 0) this.drops.count++;
  }
}
