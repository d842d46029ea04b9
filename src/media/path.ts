import { holdsPackets, rewritesPackets } from '../impair/build-stage.js';
import type { ImpairmentPipeline } from '../impair/pipeline.js';
import type { Pipeline } from '../impair/spec.js';
import type { TruthCounter } from '../impair/truth-counter.js';
import type { DelayQueue, HeldPacketSink } from './delay-queue.js';
import type { PacketMemory } from './udp.js';

/**
 * One of the two ends of a path: a UDP port or a local RTP session. `dueMs` is when the packet reaches this end: its
 * arrival (or its deadline, when a session sent it) plus the delay that the path put in, exact and not of a tick.
 */
export interface End {
  deliver(memory: PacketMemory, offset: number, length: number, dueMs: number): void;
}

/** One direction of a path: what enters passes the pipeline and reaches the end when its delay is over. */
export class Direction implements HeldPacketSink {
  /** Packets that wait in the queue. */
  inFlight = 0;
  /** Whether packets may be written to on their way, so that shared memory must not be handed in. */
  readonly rewrites: boolean;
  private readonly holds: boolean;
  private readonly transparent: boolean;
  private readonly truth: TruthCounter;

  constructor(
    readonly pipeline: ImpairmentPipeline,
    stages: Pipeline,
    private readonly queue: DelayQueue,
    private readonly target: End,
  ) {
    this.rewrites = rewritesPackets(stages);
    this.holds = holdsPackets(stages);
    this.transparent = pipeline.transparent;
    this.truth = pipeline.truth;
  }

  /** `atMs` is when the packet entered the path: the kernel's receive time or the sender's deadline. */
  forward(memory: PacketMemory, offset: number, length: number, atMs: number): void {
    if (this.transparent) {
      // Nothing to decide: the pipeline is not even looked at.
      this.truth.recordUntouched();
      this.target.deliver(memory, offset, length, atMs);
      return;
    }
    const pipeline = this.pipeline;
    pipeline.apply(memory.bytes, offset, length, atMs);
    const copies = pipeline.copies;
    if (copies === 0) return;
    if (!this.holds) {
      this.target.deliver(memory, offset, length, atMs);
      if (copies === 2) this.target.deliver(memory, offset, length, atMs);
      return;
    }
    // Also what has no delay waits its turn, so that it cannot overtake one that was due before.
    const delayMs2 = pipeline.delayMs2;
    this.hold(memory, offset, length, atMs + pipeline.delayMs);
    if (copies === 2) this.hold(memory, offset, length, atMs + delayMs2);
  }

  onDue(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    this.inFlight--;
    this.target.deliver(memory, offset, length, dueMs);
  }

  private hold(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    if (this.queue.push(this, memory, offset, length, dueMs)) this.inFlight++;
    else this.target.deliver(memory, offset, length, dueMs);
  }
}
