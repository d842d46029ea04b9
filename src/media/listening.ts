import type { PlayedAudio } from '../quality/played-audio.js';
import type { Paced } from './pacing-wheel.js';

/** How often what is due is played; and how often it is looked whether there is something, where nobody knows when that will be. */
const INTERVAL_MS = 20;
const REST_MS = 1000;

/** Plays the received audio of a call to those who listen, while it is up, also when nothing comes any more. */
export class Listening implements Paced {
  private ended = false;

  /** @param nextSlotMs when it begins, a multiple of the wheel's grain */
  constructor(
    readonly played: PlayedAudio,
    public nextSlotMs: number,
  ) {}

  onSlot(nowMs: number): boolean {
    if (this.ended) return false;
    if (nowMs >= this.played.nextMs) this.played.playUntil(nowMs);
    const dueMs = Math.max(nowMs, Math.min(this.played.nextMs, nowMs + REST_MS));
    this.nextSlotMs += INTERVAL_MS * Math.max(1, Math.ceil((dueMs - this.nextSlotMs) / INTERVAL_MS));
    return true;
  }

  /** The call is over: plays what was to be played until then. */
  end(endMs: number): void {
    this.ended = true;
    this.played.close(endMs);
  }
}
