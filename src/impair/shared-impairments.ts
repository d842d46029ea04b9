import type { Stage } from './spec.js';
import { readDelayTrace, readLossTrace } from './trace-file.js';

/** What the pipelines of one media thread have in common: traces that were read. */
export class SharedImpairments {
  private readonly lossTraces = new Map<string, Uint8Array>();
  private readonly delayTraces = new Map<string, Float64Array>();

  /**
   * Reads the files of these stages ahead, so that no packet waits for it.
   *
   * @throws AppError FILE_UNREADABLE
   */
  prepare(stages: readonly Stage[]): void {
    for (const stage of stages) {
      if (stage.kind === 'loss-trace' && stage.file !== undefined) this.lossTrace(stage.file);
      if (stage.kind === 'delay-trace' && stage.file !== undefined) this.delayTrace(stage.file);
    }
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
