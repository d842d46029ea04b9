import { plainStages } from './build-stage.js';
import type { ModelStage } from './model-spec.js';
import { Link } from './queue.js';
import type { Pipeline } from './spec.js';
import { readDelayTrace, readLossTrace } from './trace-file.js';

/** What the pipelines of one media thread have in common: traces that were read, and links that carry several of them. */
export class SharedImpairments {
  private readonly lossTraces = new Map<string, Uint8Array>();
  private readonly delayTraces = new Map<string, Float64Array>();
  private readonly links = new Map<string, Link>();

  /**
   * Reads the files of these stages ahead, so that no packet waits for that.
   *
   * @throws AppError FILE_UNREADABLE
   */
  prepare(stages: Pipeline): void {
    for (const stage of plainStages(stages)) {
      if (stage.kind === 'loss-trace' && stage.file !== undefined) this.lossTrace(stage.file);
      if (stage.kind === 'delay-trace' && stage.file !== undefined) this.delayTrace(stage.file);
    }
  }

  /** The link of a stage: one of its own, or that of its group. Stages of a group that differ in anything else have links apart. */
  link({ rate, buffer, overhead, group }: Extract<ModelStage, { kind: 'queue' }>): Link {
    const bufferBytes = 'bytes' in buffer ? buffer.bytes : (buffer.ms * rate) / 8000;
    const make = (): Link => new Link(rate, bufferBytes, overhead);
    return group === undefined ? make() : known(this.links, `${rate} ${bufferBytes} ${overhead} ${group}`, make);
  }

  /** @throws AppError FILE_UNREADABLE */
  lossTrace(file: string): Uint8Array {
    return known(this.lossTraces, file, readLossTrace);
  }

  /** @throws AppError FILE_UNREADABLE */
  delayTrace(file: string): Float64Array {
    return known(this.delayTraces, file, readDelayTrace);
  }
}

function known<T>(made: Map<string, T>, name: string, make: (name: string) => T): T {
  let found = made.get(name);
  if (found === undefined) {
    found = make(name);
    made.set(name, found);
  }
  return found;
}
