import { Decimator } from '../audio/decimator.js';
import { SpeechDetector, type SpeechEvents } from './speech-detector.js';
import type { Span } from './turns.js';

const RATE = 8000;
/** A frame of the detector. */
const BLOCK = 80;
const BLOCK_MS = 10;
/** Silence before and after, in blocks: the detector is to know both ends. */
const BEFORE = 20;
const AFTER = 60;
/** Noise is what the quietest so many blocks are alike in, to so many dB, where the loudest one is so many dB above. */
const NOISE_BLOCKS = 10;
const NOISE_EVEN_DB = 6;
const NOISE_BELOW_DB = 15;

const NOBODY: SpeechEvents = { onSpeech() {}, onSilence() {}, onTone() {} };

/**
 * From where to where samples hold speech, in ms from the first one; `null` where they hold none. The detector knows the noise
 * in them from the start, as it would in a call: from speech alone it would take its quieter parts for noise, and noise
 * that begins with the speech for a part of it.
 *
 * @param sampleRate a multiple of 8 kHz
 */
export function findSpeech(samples: Int16Array, sampleRate: number): Span | null {
  let found: Span | null = null;
  const events: SpeechEvents = {
    onSpeech: (startMs) => {
      found ??= { startMs: Math.max(0, startMs), endMs: startMs };
    },
    onSilence: (endMs) => {
      found!.endMs = endMs;
    },
    onTone() {},
  };
  const detector = new SpeechDetector(events, noiseOf(samples, sampleRate));
  play(samples, sampleRate, detector, () => {});
  detector.close();
  return found;
}

/** How loud the noise between the words is, in dBov; where nothing tells, there is none. */
function noiseOf(samples: Int16Array, sampleRate: number): number {
  const detector = new SpeechDetector(NOBODY);
  const levels: number[] = [];
  play(samples, sampleRate, detector, (block) => {
    if (block >= 0 && (block + 1) * BLOCK * (sampleRate / RATE) <= samples.length) levels.push(detector.levelDbov);
  });
  levels.sort((a, b) => a - b);
  const [least, noise, most] = [levels[0], levels[NOISE_BLOCKS - 1], levels[levels.length - 1]];
  const isKnown = noise - least <= NOISE_EVEN_DB && most - noise >= NOISE_BELOW_DB;
  return isKnown ? noise : Number.NEGATIVE_INFINITY;
}

/** Lets a detector hear samples between silences; `after` is told the number of each block of theirs, below 0 before the first. */
function play(samples: Int16Array, sampleRate: number, detector: SpeechDetector, after: (block: number) => void): void {
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
    detector.listen(decimator === null ? block : lowered, count, i * BLOCK_MS - delayMs);
    after(i);
  }
}
