import type { SessionSpec } from './link/messages.js';
import { GRAIN_MS, type Paced } from './pacing-wheel.js';
import type { Said } from './sayings.js';

/** Has a call say something again and again from its answer on, as far as it sends then. */
export class Announcing implements Paced {
  /** When each began that was said whole. */
  readonly startsMs: number[] = [];
  nextSlotMs: number;
  private readonly everyMs: number;
  private ended = false;

  /** @param say says it once, and tells when that is over */
  constructor(
    { afterMs, everyMs }: NonNullable<SessionSpec['says']>,
    answeredAtMs: number,
    private readonly say: (onSaid: (said: Said) => void) => void,
  ) {
    this.everyMs = everyMs;
    this.nextSlotMs = grainOf(answeredAtMs + afterMs);
  }

  onSlot(nowMs: number): boolean {
    if (this.ended) return false;
    this.say(({ startMs, whole }) => {
      if (whole) this.startsMs.push(startMs);
    });
    // Those that were missed are not made up for.
    const turns = Math.max(1, Math.ceil((nowMs - this.nextSlotMs) / this.everyMs));
    this.nextSlotMs = grainOf(this.nextSlotMs + turns * this.everyMs);
    return true;
  }

  /** The call is over: it goes from the wheel at its next turn. */
  end(): void {
    this.ended = true;
    this.nextSlotMs = 0;
  }
}

function grainOf(ms: number): number {
  return Math.ceil(ms / GRAIN_MS) * GRAIN_MS;
}
