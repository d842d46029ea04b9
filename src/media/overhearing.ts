import type { Listener } from '../quality/played-audio.js';
import { SpeechDetector } from '../voice/speech-detector.js';
import type { Span } from '../voice/turns.js';

/** Spans that are kept of a call: hours of talk. */
const MOST_KEPT = 5000;

/** Notes when the far end speaks, and says nothing to it. */
export class Overhearing implements Listener {
  /** In order; the last one ends with the call where the far end still speaks. */
  readonly spans: Span[] = [];
  private readonly detector = new SpeechDetector({
    onSpeech: (startMs) => {
      if (this.spans.length < MOST_KEPT) this.spans.push({ startMs, endMs: Number.POSITIVE_INFINITY });
    },
    onSilence: (endMs) => {
      const last = this.spans.at(-1);
      if (last?.endMs === Number.POSITIVE_INFINITY) last.endMs = endMs;
    },
    onTone: () => {},
  });

  listen(samples: Int16Array, count: number, atMs: number): void {
    this.detector.listen(samples, count, atMs);
  }

  /** Once, when all was heard. */
  close(): void {
    this.detector.close();
  }
}
