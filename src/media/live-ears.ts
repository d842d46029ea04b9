import type { Listener } from '../quality/played-audio.js';
import { SpeechDetector } from '../voice/speech-detector.js';
import type { HeardNow } from './link/messages.js';

/** What counts and names the digits that were heard so far. */
interface Digits {
  readonly count: number;
  readonly digits: string;
}

/** Tells what is heard of a call while it is up, and not only in its report. It listens after those whose digits it tells. */
export class LiveEars implements Listener {
  private events = '';
  private tones = '';
  private readonly speech: SpeechDetector | null;

  constructor(
    private readonly inband: Digits | null,
    hearsSpeech: boolean,
    private readonly tell: (heard: HeardNow) => void,
  ) {
    this.speech = hearsSpeech
      ? new SpeechDetector({
          onSpeech: (atMs) => tell({ kind: 'speech', atMs }),
          onSilence: (atMs) => tell({ kind: 'silence', atMs }),
          onTone: () => {},
        })
      : null;
  }

  /** Whether the audio has to be listened to. */
  get needsAudio(): boolean {
    return this.inband !== null || this.speech !== null;
  }

  /** Digits as tones are known when they have ended. */
  listen(samples: Int16Array, count: number, atMs: number): void {
    this.speech?.listen(samples, count, atMs);
    if (this.inband !== null && this.inband.count > this.tones.length)
      this.tones = this.tellNew(this.tones, this.inband.digits, atMs);
  }

  /** A packet was taken: a telephone-event is known with its first one. */
  onPacket(events: Digits, nowMs: number): void {
    if (events.count > this.events.length) this.events = this.tellNew(this.events, events.digits, nowMs);
  }

  /** The figures begin anew, and with them the telephone-events that were heard. */
  restart(): void {
    this.events = '';
  }

  /** Digits stand in the order in which they were sent, so that a late one is not always the last. */
  private tellNew(before: string, now: string, atMs: number): string {
    for (let i = 0, known = 0; i < now.length; i++) {
      if (known < before.length && now[i] === before[known]) known++;
      else this.tell({ kind: 'digit', digit: now[i], atMs });
    }
    return now;
  }
}
