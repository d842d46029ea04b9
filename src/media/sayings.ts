import type { PacketizedAudio } from './audio-library.js';

/** From when to when something was said: the deadline of its first packet, and one interval after that of its last. */
export interface Said {
  startMs: number;
  endMs: number;
  /** Whether it was said to its end. */
  whole: boolean;
}

/** What a sender plays when it says nothing, and which frame of it comes next. */
export interface Base {
  audio: PacketizedAudio | null;
  frame: number;
}

interface Saying {
  audio: PacketizedAudio;
  /** Told when it is over. */
  onSaid: (said: Said) => void;
}

/** What a sender says in place of its base audio, one after the other. */
export class Sayings {
  private readonly queue: Saying[] = [];
  private base: Base | null = null;
  private said: Saying | null = null;
  private startMs = 0;

  add(audio: PacketizedAudio, onSaid: (said: Said) => void): void {
    this.queue.push({ audio, onSaid });
  }

  /** Whether something is to begin at the next slot. */
  get waits(): boolean {
    return this.base === null && this.queue.length > 0;
  }

  /** Whether something is being said. */
  get isSaid(): boolean {
    return this.base !== null;
  }

  /** What is said from `startMs` on; `audio` and `frame` are the base that it interrupts. */
  begin(audio: PacketizedAudio | null, frame: number, startMs: number): PacketizedAudio {
    this.base = { audio, frame };
    this.startMs = startMs;
    this.said = this.queue.shift()!;
    return this.said.audio;
  }

  /** It was said whole; gives the base back. */
  end(endMs: number): Base | null {
    return this.finish(endMs, true);
  }

  /** Ends what is said where it is, and says nothing of what waits; gives the base back, `null` when there was none. */
  abandon(nowMs: number): Base | null {
    const base = this.finish(nowMs, false);
    for (const { onSaid } of this.queue.splice(0)) onSaid({ startMs: nowMs, endMs: nowMs, whole: false });
    return base;
  }

  private finish(endMs: number, whole: boolean): Base | null {
    const { base } = this;
    if (base === null) return null;
    this.base = null;
    this.said!.onSaid({ startMs: this.startMs, endMs, whole });
    return base;
  }
}
