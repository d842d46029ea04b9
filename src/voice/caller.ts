import { type Mouth, speechOf, type Talker } from './talker.js';
import type { Span } from './turns.js';

/** What a caller says, and when. */
export interface CallerScript {
  /** Names of sounds, said in turn. */
  say: readonly string[];
  /** How many utterances it says in all. */
  count: number;
  /** Whether it speaks without waiting for a first word. */
  speaksFirst: boolean;
  /** A pause of the far end that ends its turn. */
  pauseMs: number;
  /** How long a word of the far end is waited for. */
  waitMs: number;
  /** Talks over each turn of the far end, so long after its beginning; `null` to let it finish. */
  bargeInAfterMs: number | null;
  /** For the report only: silence that is too long. */
  deadAirMs: number;
}

/**
 * A caller of a scripted length: waits for the far end's word, lets it finish or talks over it, and says the next utterance.
 * It goes on with what it says when it is talked over itself.
 */
export class Caller implements Talker {
  /** When it spoke. */
  readonly spoken: Span[] = [];
  private said = 0;
  private speaking = false;
  /** From when on the far end's word is waited for: the answer, or the end of our utterance. */
  private sinceMs: number | null = null;
  private theirStartMs: number | null = null;
  private theirEndMs: number | null = null;

  constructor(
    private readonly script: CallerScript,
    private readonly mouth: Mouth,
  ) {}

  onAnswer(nowMs: number): void {
    this.sinceMs = nowMs;
    // What began as early media is still their turn.
    if (this.theirEndMs !== null) this.theirStartMs = null;
  }

  onSpeech(startMs: number): void {
    this.theirStartMs ??= startMs;
    this.theirEndMs = null;
  }

  onSilence(endMs: number): void {
    this.theirEndMs = endMs;
  }

  beforeSlot(slotMs: number, ptimeMs: number): void {
    const { script } = this;
    if (this.sinceMs === null || this.speaking || this.said >= script.count) return;
    if (slotMs + ptimeMs / 2 < this.dueMs(this.sinceMs)) return;
    const sound = script.say[this.said % script.say.length];
    this.speaking = this.mouth.say(sound, (said) => {
      const span = speechOf(said, this.mouth.speechIn(sound));
      if (span !== null) this.spoken.push(span);
      this.speaking = false;
      this.sinceMs = span?.endMs ?? said.endMs;
      // They go on with a turn, or the next word is awaited.
      if (this.theirEndMs !== null && this.theirEndMs < this.sinceMs) this.theirStartMs = null;
    });
    if (this.speaking) this.said++;
  }

  private dueMs(sinceMs: number): number {
    const { script, theirStartMs, theirEndMs } = this;
    if (script.speaksFirst && this.said === 0) return sinceMs;
    if (theirStartMs === null) return sinceMs + script.waitMs;
    const bargeInMs = script.bargeInAfterMs === null ? Number.POSITIVE_INFINITY : theirStartMs + script.bargeInAfterMs;
    // Over one turn of theirs we talk once.
    if (theirEndMs === null) return bargeInMs > sinceMs ? bargeInMs : Number.POSITIVE_INFINITY;
    return theirEndMs + script.pauseMs;
  }
}
