import { MarkerSchedule, type MarkerTimes } from './marker-schedule.js';
import { type HeardMarker, MARKER_WINDOW_MS, MarkerWindow } from './marker-window.js';
import { mayHoldSync } from './sync-watch.js';

/** Packets are played some ms after their time, and the last one has to be there. */
const PACKETS_LATE_MS = 40;

/**
 * Listens for markers in 8 kHz audio. Packets of G.711 are looked at before they are played, so that it hears only those around a tone
 * of the sync; of other codecs it hears what is played when markers are due.
 */
export class MarkerListener {
  readonly heard: HeardMarker[] = [];
  readonly mayNeed = mayHoldSync;
  /** A marker is searched when all of it was played: it may be played at once. */
  readonly patienceMs = MARKER_WINDOW_MS + PACKETS_LATE_MS;
  /** Where what is played is searched; `null` while nothing is. */
  private window: MarkerWindow | null = null;
  /** Up to when it hears all that is played, as a packet had the tone. */
  private awakeUntilMs = Number.NEGATIVE_INFINITY;
  /** `null` where markers may come at any time. */
  private readonly schedule: MarkerSchedule | null;

  /** @param times when markers are said; left out where that is not known, so that they are listened for all the time */
  constructor(times?: MarkerTimes) {
    this.schedule = times ? new MarkerSchedule(times) : null;
  }

  onAnswer(nowMs: number): void {
    this.schedule?.onAnswer(nowMs);
  }

  restsUntil(nowMs: number, isWatched: boolean): number {
    if (this.window?.isBusy || nowMs < this.awakeUntilMs) return nowMs;
    if (isWatched) return Number.POSITIVE_INFINITY;
    return this.schedule === null ? nowMs : this.schedule.restsUntil(nowMs);
  }

  wake(atMs: number): void {
    this.awakeUntilMs = atMs + MARKER_WINDOW_MS;
  }

  listen(samples: Int16Array, count: number, atMs: number): void {
    this.window ??= MarkerWindow.take();
    this.note(this.window.listen(samples, count, atMs));
  }

  rest(): void {
    this.window?.leave();
    this.window = null;
  }

  /** Searches what still waits for what would have followed. */
  close(): void {
    if (this.window !== null) this.note(this.window.close());
    this.rest();
  }

  private note(marker: HeardMarker | null): void {
    if (marker === null) return;
    this.heard.push(marker);
    this.schedule?.note(marker.identity, marker.atMs);
  }
}
