import type { Snapshot } from '../metrics/snapshot.js';

/** Where the state of a run is shown while it runs. */
export interface LiveView {
  update(snapshot: Snapshot): void;
  /** Gives the terminal back. Idempotent; updates after it are ignored. */
  finish(): Promise<void> | void;
}
