import type { Tone } from './tones.js';
import type { Span } from './turns.js';

/** From when to when a sound was said; `whole` unless it was stopped. */
export interface Said extends Span {
  whole: boolean;
}

/** How a talker speaks. */
export interface Mouth {
  /** Says a sound from the next packet on, and tells when that is over; false where nothing can be said. */
  say(sound: string, onSaid: (said: Said) => void): boolean;
  /** Stops what is being said, with the next packet. */
  stop(): void;
  /** From where to where a sound holds speech, in ms from its start; `null` where it holds none. */
  speechIn(sound: string): Span | null;
}

/** Decides when to speak. Times are those of the run's clock, of what is heard when it is played. */
export interface Talker {
  onAnswer(nowMs: number): void;
  onSpeech(startMs: number): void;
  onSilence(endMs: number): void;
  /** A packet that carries audio from `slotMs` to `slotMs + ptimeMs` is about to leave. */
  beforeSlot(slotMs: number, ptimeMs: number): void;
}

/** What one end of a call said and heard. */
export interface TalkReport {
  ours: Span[];
  theirs: Span[];
  tones: Tone[];
  /** A pause of the far end that ended its turn, and silence that was too long. */
  turnEndMs: number;
  deadAirMs: number;
  /** How long a jitter buffer of fixed length kept what was heard; `null` for one that adapts. */
  bufferMs: number | null;
  /** `null` for a caller. */
  agent: AgentReport | null;
}

/** What the simulated agent did: the ground truth of the figures. */
export interface AgentReport {
  /** From the answer to its first word; `null` without one. */
  ttfwMs: number | null;
  /** From the end of each utterance that it heard to the start of its response. */
  responseMs: number[];
  /** From the start of each utterance that it heard over its own to its falling silent. */
  stopMs: number[];
}

/** What is said, in terms of speech: the silence at the beginning and at the end of the sound is none. */
export function speechOf(said: Said, within: Span | null): Span | null {
  if (within === null) return null;
  const startMs = said.startMs + within.startMs;
  const endMs = Math.min(said.endMs, said.startMs + within.endMs);
  return endMs > startMs ? { startMs, endMs } : null;
}
