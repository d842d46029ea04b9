import { holdsPackets, rewritesPackets } from '../impair/build-stage.js';
import type { ImpairmentPipeline } from '../impair/pipeline.js';
import { room } from '../impair/room.js';
import type { Pipeline } from '../impair/spec.js';
import type { TruthCounter } from '../impair/truth-counter.js';
import type { DelayQueue, HeldPacketSink } from './delay-queue.js';
import { PacketMemory } from './udp.js';

/** Where packets lie that a stage made longer, shorter or more. */
const remade = new PacketMemory(room);

/**
 * One of the two ends of a path: a UDP port or a local RTP session. `dueMs` is when the packet reaches this end: its
 * arrival (or its deadline, when a session sent it) plus the delay that the path put in, exact and not of a tick.
 */
export interface End {
  deliver(memory: PacketMemory, offset: number, length: number, dueMs: number): void;
  /** Sends from another port from now on; an end that is no UDP port has none. */
  rebind?(): void;
}

/** One direction of a path: what enters passes the pipeline and reaches the end when its delay is over. */
export class Direction implements HeldPacketSink {
  /** Packets that wait in the queue. */
  inFlight = 0;
  /** Whether packets may be written to on their way, so that shared memory must not be handed in. */
  rewrites = false;
  private holds = false;
  private transparent = true;
  private portChanges = 0;
  private isOver = false;
  private readonly truth: TruthCounter;

  constructor(
    readonly pipeline: ImpairmentPipeline,
    private stages: Pipeline,
    private readonly queue: DelayQueue,
    private readonly target: End,
  ) {
    this.truth = pipeline.truth;
    this.settle();
  }

  /** Puts other stages in the place of those that there are; see `ImpairmentPipeline.replace`. The other direction is to be settled anew. */
  replace(stages: Pipeline, name: string, nowMs: number): void {
    this.pipeline.replace(stages, name, nowMs);
    this.stages = stages;
    this.settle();
  }

  /** Reads anew what packets have to go through: the other direction may have begun to listen to this one, for an echo. */
  settle(): void {
    this.rewrites = rewritesPackets(this.stages);
    this.holds = holdsPackets(this.stages);
    this.transparent = this.pipeline.transparent;
  }

  /** Whoever it leads to does not count yet what comes; `startSpan` follows. */
  expectSpan(): void {
    this.truth.expectSpan();
  }

  /** Whoever it leads to counts what comes from now on; `isExpectedAgain` where another such moment follows. */
  startSpan(isExpectedAgain: boolean): void {
    this.truth.startSpan(this.inFlight === 0 ? Number.POSITIVE_INFINITY : this.queue.handedOverMs);
    if (isExpectedAgain) this.truth.expectSpan();
  }

  /** `atMs` is when the packet entered the path: the kernel's receive time or the sender's deadline. */
  forward(memory: PacketMemory, offset: number, length: number, atMs: number): void {
    if (this.transparent) {
      // Nothing to decide: the pipeline is not even looked at.
      this.truth.recordUntouched(atMs);
      this.target.deliver(memory, offset, length, atMs);
      return;
    }
    const { pipeline } = this;
    pipeline.apply(memory.bytes, offset, length, atMs);
    if (pipeline.portChanges !== this.portChanges) {
      this.portChanges = pipeline.portChanges;
      this.target.rebind?.();
    }
    do {
      if (pipeline.copies === 0) continue;
      if (pipeline.bytes === memory.bytes) this.send(memory, offset, length, atMs);
      else this.send(remade, pipeline.offset, pipeline.length, atMs);
    } while (pipeline.next());
  }

  private send(memory: PacketMemory, offset: number, length: number, atMs: number): void {
    const { copies, delayMs, delayMs2 } = this.pipeline;
    if (!this.holds) {
      this.target.deliver(memory, offset, length, atMs);
      if (copies === 2) this.target.deliver(memory, offset, length, atMs);
      return;
    }
    // Also what has no delay waits its turn, so that it cannot overtake one that was due before.
    this.hold(memory, offset, length, atMs + delayMs);
    if (copies === 2) this.hold(memory, offset, length, atMs + delayMs2);
  }

  /** Its call is over: what still waits goes nowhere. By the time it is due, the ends may be another call's. */
  end(): void {
    this.isOver = true;
  }

  onDue(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    this.inFlight--;
    if (this.isOver) return;
    this.target.deliver(memory, offset, length, dueMs);
  }

  private hold(memory: PacketMemory, offset: number, length: number, dueMs: number): void {
    this.queue.push(this, memory, offset, length, dueMs);
    this.inFlight++;
  }
}
