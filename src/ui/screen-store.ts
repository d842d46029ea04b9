import type { Snapshot } from '../metrics/snapshot.js';
import { History } from './history.js';

/** At most ten frames a second, however often snapshots come. */
const FRAME_MS = 100;

/** What is on the screen now; React is told at most once a frame. */
export class ScreenStore {
  private listeners = new Set<() => void>();
  private timer: NodeJS.Timeout | null = null;
  private version = 0;
  private shownAtMs = Number.NEGATIVE_INFINITY;
  readonly history = new History();
  snapshot: Snapshot | null = null;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getVersion = (): number => this.version;

  set(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.history.add(snapshot);
    const waitMs = this.shownAtMs + FRAME_MS - performance.now();
    if (waitMs <= 0) this.show();
    else this.timer ??= setTimeout(() => this.show(), waitMs);
  }

  show(): void {
    this.stop();
    this.shownAtMs = performance.now();
    this.version++;
    for (const listener of this.listeners) listener();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}
