import type { ImpairmentPipeline } from '../impair/pipeline.js';
import type { Pipeline } from '../impair/spec.js';
import type { DelayQueue } from './delay-queue.js';
import { Direction, type End } from './path.js';
import type { PacketMemory } from './udp.js';

/** Sees what enters a direction of a path, and what became of it. */
export interface FateLog {
  /** Before anything is done to the packet. */
  note(memory: PacketMemory, offset: number, length: number, arrivalMs: number): void;
  /** What became of the packet that was noted last. */
  settle(copies: number, delayMs: number, delayMs2: number): void;
  settleBlocked(): void;
  /** What it carries goes on within a later packet. */
  settleAbsorbed(): void;
}

/**
 * Tells what became of the packet that a pipeline took last. One that was split is delivered when any part of it is.
 *
 * @param dropped, delivered, duplicated what the pipeline's truth had counted before
 */
export function settleFate(
  fates: FateLog,
  pipeline: ImpairmentPipeline,
  dropped: number,
  delivered: number,
  duplicated: number,
): void {
  const { truth } = pipeline;
  if (pipeline.transparent) fates.settle(1, 0, 0);
  else if (truth.delivered > delivered)
    fates.settle(truth.duplicated > duplicated ? 2 : 1, pipeline.delayMs, pipeline.delayMs2);
  else if (truth.dropped > dropped) fates.settle(0, 0, 0);
  else fates.settleAbsorbed();
}

/** A direction of which every packet is logged. */
export class LoggedDirection extends Direction {
  constructor(
    pipeline: ImpairmentPipeline,
    stages: Pipeline,
    queue: DelayQueue,
    target: End,
    private readonly fates: FateLog,
  ) {
    super(pipeline, stages, queue, target);
  }

  override forward(memory: PacketMemory, offset: number, length: number, atMs: number): void {
    const { fates, pipeline } = this;
    const { dropped, delivered, duplicated } = pipeline.truth;
    fates.note(memory, offset, length, atMs);
    super.forward(memory, offset, length, atMs);
    settleFate(fates, pipeline, dropped, delivered, duplicated);
  }
}
