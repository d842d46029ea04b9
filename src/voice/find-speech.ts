import { Decimator } from '../audio/decimator.js';
import { SpeechDetector } from './speech-detector.js';
import type { Span } from './turns.js';

const RATE = 8000;
const BLOCK = 160;
/**
 * Silence before and after, in blocks of 20 ms: the detector is to know both ends, and as in a call, where nobody spoke for a
 * while, no noise yet. Speech alone would pass for noise in its quieter parts.
 */
const BEFORE = 150;
const AFTER = 30;

/** From where to where samples hold speech, in ms from the first one; `null` where they hold none. @param sampleRate a multiple of 8 kHz */
export function findSpeech(samples: Int16Array, sampleRate: number): Span | null {
  let found: Span | null = null;
  const detector = new SpeechDetector({
    onSpeech: (startMs) => {
      found ??= { startMs: Math.max(0, startMs), endMs: startMs };
    },
    onSilence: (endMs) => {
      found!.endMs = endMs;
    },
    onTone() {},
  });
  const factor = sampleRate / RATE;
  const decimator = factor === 1 ? null : new Decimator(factor);
  const delayMs = ((decimator?.delaySamples ?? 0) * 1000) / RATE;
  const block = new Int16Array(BLOCK * factor);
  const lowered = new Int16Array(BLOCK + 1);
  const blocks = Math.ceil(samples.length / block.length);
  for (let i = -BEFORE; i < blocks + AFTER; i++) {
    block.fill(0);
    if (i >= 0 && i < blocks) block.set(samples.subarray(i * block.length, (i + 1) * block.length));
    const count = decimator === null ? BLOCK : decimator.take(block, block.length, lowered);
    detector.listen(decimator === null ? block : lowered, count, i * 20 - delayMs);
  }
  detector.close();
  return found;
}
