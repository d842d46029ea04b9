import { expect, it } from 'vitest';
import { makeNoise } from '../../src/audio/noise.js';
import { Rng } from '../../src/core/rng.js';
import { findSpeech } from '../../src/voice/find-speech.js';

const RATE = 8000;

/** A voice of 140 Hz without a pause: as many harmonics as fit, of equal strength. */
function voice(ms: number, dbov: number): number[] {
  const harmonics = Array.from({ length: 20 }, (_, i) => (2 * Math.PI * 140 * (i + 1)) / RATE);
  const peak = 32768 * 10 ** (dbov / 20) * Math.sqrt(2 / harmonics.length);
  return Array.from({ length: (ms * RATE) / 1000 }, (_, i) =>
    // Phases apart from each other, so that nothing is cut off.
    Math.round(harmonics.reduce((sum, w, k) => sum + peak * Math.sin(w * i + k * k), 0)),
  );
}

it.each([8000, 16_000, 48_000])('an utterance without a pause ends with its last quiet sound: %d Hz', (sampleRate) => {
  const factor = sampleRate / RATE;
  const at8k = [...voice(2000, -30), ...voice(40, -52)];
  const samples = Int16Array.from({ length: at8k.length * factor }, (_, i) => at8k[Math.floor(i / factor)]);
  const { startMs, endMs } = findSpeech(samples, sampleRate)!;
  expect(startMs).toBeLessThanOrEqual(10);
  expect(Math.abs(endMs - 2040)).toBeLessThanOrEqual(10);
});

it.each([15, 30])('noise at the ends of an utterance is none of it: %d dB below', (snrDb) => {
  const silence = new Array(2400).fill(0);
  const noise = makeNoise('pink', 12_000, RATE, new Rng(7));
  const rms = Math.sqrt(noise.reduce((sum, sample) => sum + sample ** 2, 0) / noise.length);
  const gain = (32768 * 10 ** ((-30 - snrDb) / 20)) / rms;
  const samples = Int16Array.from(
    [...silence, ...voice(900, -30), ...silence],
    (sample, i) => sample + gain * noise[i],
  );
  const { startMs, endMs } = findSpeech(samples, RATE)!;
  expect(Math.abs(startMs - 300)).toBeLessThanOrEqual(10);
  expect(Math.abs(endMs - 1200)).toBeLessThanOrEqual(10);
});

it('silence at the ends of an utterance is none of it', () => {
  const silence = new Array(1600).fill(0);
  const { startMs, endMs } = findSpeech(Int16Array.from([...silence, ...voice(900, -30), ...silence]), RATE)!;
  expect(Math.abs(startMs - 200)).toBeLessThanOrEqual(10);
  expect(Math.abs(endMs - 1100)).toBeLessThanOrEqual(10);
  expect(findSpeech(new Int16Array(8000), RATE)).toBeNull();
});
