import { Decimator } from '../../src/audio/decimator.js';
import { openDecoder } from '../../src/audio/decoder.js';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { makeNoise, type NoiseColour } from '../../src/audio/noise.js';
import { CODECS, type DecodedCodec } from '../../src/core/codecs.js';
import type { Rng } from '../../src/core/rng.js';
import { SpeechDetector, type ToneBurst } from '../../src/voice/speech-detector.js';
import type { Span } from '../../src/voice/turns.js';

export const SPEECH_DBOV = -26;

/** All that a detector told of samples at 8 kHz, in blocks of 20 ms from 0 on. */
export function detect(samples: Int16Array): { spans: Span[]; bursts: ToneBurst[] } {
  const spans: Span[] = [];
  const bursts: ToneBurst[] = [];
  const detector = new SpeechDetector({
    onSpeech: (startMs) => spans.push({ startMs, endMs: Number.NaN }),
    onSilence: (endMs) => {
      spans[spans.length - 1].endMs = endMs;
    },
    onTone: (burst) => bursts.push(burst),
  });
  for (let at = 0; at + 160 <= samples.length; at += 160) detector.listen(samples.subarray(at), 160, at / 8);
  detector.close();
  return { spans, bursts };
}

/** Samples of 16 bits of a signal and noise of so many dBov over it. */
export function withNoise(
  signal: ArrayLike<number>,
  colour: NoiseColour,
  dbov: number,
  sampleRate: number,
  rng: Rng,
): Int16Array {
  const noise = makeNoise(colour, signal.length, sampleRate, rng);
  const gain = 32768 * 10 ** (dbov / 20);
  return Int16Array.from(noise, (n, i) => Math.max(-32768, Math.min(32767, Math.round(signal[i] + gain * n))));
}

/** What a listener hears of samples at the codec's rate: encoded, decoded, at 8 kHz, with silence in the place of packets that were lost. */
export function heardBy(samples: Int16Array, codec: DecodedCodec, lossRatio: number, rng: Rng): Int16Array {
  const factor = CODECS[codec].sampleRate / 8000;
  const audio = EncodedAudio.encode(samples, codec, 20, true);
  const decoder = openDecoder(codec);
  const decimator = factor === 1 ? null : new Decimator(factor);
  const heard = new Int16Array(audio.frames * 160);
  const decoded = new Int16Array(5760);
  const lowered = new Int16Array(5760);
  for (let i = 0; i < audio.frames; i++) {
    if (rng.uniform() < lossRatio) continue;
    const count = decoder.decode(audio.bytes, i * audio.frameBytes, (i + 1) * audio.frameBytes, decoded);
    const made = decimator === null ? count : decimator.take(decoded, count, lowered);
    // The filter is late by some samples, which the listener is told of.
    const at = i * 160 - (decimator?.delaySamples ?? 0);
    for (let k = 0; k < made; k++) if (at + k >= 0) heard[at + k] = (decimator === null ? decoded : lowered)[k];
  }
  decoder.close();
  return heard;
}

interface Part {
  /** Frequencies; none for a pause. */
  hz: readonly number[];
  ms: number;
}

/** Tones of −26 dBov in all, at 8 kHz. */
export function tones(parts: readonly Part[]): Float64Array {
  const signal = new Float64Array(parts.reduce((sum, { ms }) => sum + ms * 8, 0));
  let at = 0;
  for (const { hz, ms } of parts) {
    const amplitude = (32768 * 10 ** (SPEECH_DBOV / 20) * Math.SQRT2) / Math.sqrt(Math.max(1, hz.length));
    for (let i = 0; i < ms * 8; i++, at++)
      for (const f of hz) signal[at] += amplitude * Math.sin((2 * Math.PI * f * i) / 8000);
  }
  return signal;
}

export function cadence(hz: readonly number[], times: number, ...onOffMs: number[]): Part[] {
  return Array.from({ length: times }, () => onOffMs.map((ms, i) => ({ hz: i % 2 === 0 ? hz : [], ms }))).flat();
}

/** The q-th quantile. */
export function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];
}
