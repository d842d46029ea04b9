import type { Rng } from '../core/rng.js';
import { type AgentReport, type Mouth, speechOf, type Talker } from './talker.js';
import type { Span } from './turns.js';

/** What the simulated agent says, and when. */
export interface AgentScript {
  /** Name of the sound that it greets with; `null` to wait for the caller. */
  greeting: string | null;
  /** From the answer to the greeting's first word. */
  afterMs: number;
  /** Names of sounds, said in turn. */
  says: readonly string[];
  /** From the end of the caller's utterance to the response's first word: one of these, drawn, or anything between two. */
  respondsAfterMs: readonly number[] | { min: number; max: number };
  /** From the beginning of the caller's utterance to its own falling silent; `null` to go on. */
  stopsAfterMs: number | null;
}

/**
 * A voice agent with known delays. It hears by the same detector as the caller, 100 ms after an utterance began and 240 ms
 * after it ended, so it cannot do anything sooner; when it can, it speaks at the packet that is nearest to the moment that was asked for.
 */
export class Agent implements Talker {
  readonly spoken: Span[] = [];
  readonly report: AgentReport = { ttfwMs: null, responseMs: [], stopMs: [] };
  private speaking = false;
  private answeredMs: number | null = null;
  /** What it is about to say: when its first word is due, and what it responds to. */
  private next: { sound: string; dueMs: number; heardEndMs: number | null } | null = null;
  private stopDueMs: number | null = null;
  private heardStartMs = 0;
  private responses = 0;

  constructor(
    private readonly script: AgentScript,
    private readonly mouth: Mouth,
    private readonly rng: Rng,
  ) {}

  onAnswer(nowMs: number): void {
    this.answeredMs = nowMs;
    const { greeting, afterMs } = this.script;
    if (greeting !== null) this.next = { sound: greeting, dueMs: nowMs + afterMs, heardEndMs: null };
  }

  onSpeech(startMs: number): void {
    this.heardStartMs = startMs;
    if (this.speaking && this.script.stopsAfterMs !== null) this.stopDueMs ??= startMs + this.script.stopsAfterMs;
    // The caller has not finished after all.
    if (this.next?.heardEndMs !== null) this.next = null;
  }

  onSilence(endMs: number): void {
    if (this.answeredMs === null || endMs < this.answeredMs || this.next !== null) return;
    const { says } = this.script;
    const sound = says[this.responses % says.length];
    this.next = { sound, dueMs: endMs + this.draw(), heardEndMs: endMs };
  }

  beforeSlot(slotMs: number, ptimeMs: number): void {
    const nearestMs = slotMs + ptimeMs / 2;
    if (this.speaking) {
      if (this.stopDueMs === null || nearestMs < this.stopDueMs) return;
      this.stopDueMs = null;
      this.report.stopMs.push(slotMs - this.heardStartMs);
      this.mouth.stop();
      return;
    }
    const { next } = this;
    if (next === null) return;
    const within = this.mouth.speechIn(next.sound);
    if (nearestMs < next.dueMs - (within?.startMs ?? 0)) return;
    this.speaking = this.mouth.say(next.sound, (said) => {
      this.speaking = false;
      this.stopDueMs = null;
      const span = speechOf(said, within);
      if (span !== null) this.spoken.push(span);
    });
    this.next = null;
    if (!this.speaking) return;
    const firstWordMs = slotMs + (within?.startMs ?? 0);
    if (this.spoken.length === 0 && this.report.ttfwMs === null) this.report.ttfwMs = firstWordMs - this.answeredMs!;
    if (next.heardEndMs === null) return;
    this.responses++;
    this.report.responseMs.push(firstWordMs - next.heardEndMs);
  }

  private draw(): number {
    const { respondsAfterMs } = this.script;
    if ('min' in respondsAfterMs)
      return respondsAfterMs.min + (respondsAfterMs.max - respondsAfterMs.min) * this.rng.uniform();
    return respondsAfterMs[Math.floor(this.rng.uniform() * respondsAfterMs.length)];
  }
}
