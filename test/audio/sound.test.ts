import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import { makeNoise, NOISE_COLOURS } from '../../src/audio/noise.js';
import { render, toneFrequencies } from '../../src/audio/sound.js';
import { Rng } from '../../src/core/rng.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { amplitudeAt, sine } from './goertzel.js';

const folder = temporaryFolder();

function dbov(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] ** 2;
  return 10 * Math.log10(sum / samples.length / 32768 ** 2);
}

/** Power between two frequencies: the sum over a grid, each point over its own stretch of the signal. */
function bandPower(signal: Float64Array, low: number, high: number, sampleRate: number): number {
  let power = 0;
  const stretch = 2048;
  const step = sampleRate / stretch;
  for (let at = 0; at + stretch <= signal.length; at += stretch) {
    const part = signal.subarray(at, at + stretch);
    for (let frequency = low; frequency < high; frequency += step)
      power += amplitudeAt(part, frequency, sampleRate) ** 2;
  }
  return power;
}

describe('noise', () => {
  it.each([
    ['white', 3],
    ['pink', 0],
    ['brown', -3],
  ] as const)('%s changes by its dB from octave to octave', (colour, perOctave) => {
    const noise = makeNoise(colour, 60_000, 16_000, new Rng(7));
    const octaves = [400, 800, 1600].map((low) => 10 * Math.log10(bandPower(noise, low, 2 * low, 16_000)));
    // An octave is twice as wide as the one before: equal power in every Hz is 3 dB more.
    expect(Math.abs(octaves[1] - octaves[0] - perOctave)).toBeLessThan(1);
    expect(Math.abs(octaves[2] - octaves[1] - perOctave)).toBeLessThan(1);
  });

  it.each(NOISE_COLOURS)('%s has a mean square of about 1 and repeats with its seed', (colour) => {
    const noise = makeNoise(colour, 100_000, 8000, new Rng(3));
    let sum = 0;
    for (const value of noise) sum += value ** 2;
    expect(sum / noise.length).toBeGreaterThan(0.7);
    expect(sum / noise.length).toBeLessThan(1.4);
    expect(makeNoise(colour, 100, 8000, new Rng(3))).toEqual(noise.subarray(0, 100));
  });
});

describe('a sound', () => {
  it('of tones has each of them at −26 dBov together, at any rate, and loops without a step', () => {
    for (const rate of [8000, 16_000, 48_000]) {
      const samples = render({ audio: 'tone:697+1209' }, rate, 1);
      expect(dbov(samples)).toBeCloseTo(-26, 1);
      const low = amplitudeAt(samples, 697, rate);
      expect(low / amplitudeAt(samples, 1209, rate)).toBeCloseTo(1, 2);
      expect(low).toBeGreaterThan(1000);
      expect(samples[0]).toBe(0);
      expect(samples.length % (0.06 * rate)).toBe(0);
    }
  });

  it('reads tones from their text and nothing else', () => {
    expect(toneFrequencies('tone:440')).toEqual([440]);
    expect(toneFrequencies('tone:350+440')).toEqual([350, 440]);
    for (const other of ['tone', 'tone:', 'tone:a', 'tone:1+2+3+4+5', 'music.wav'])
      expect(toneFrequencies(other)).toBeNull();
  });

  it('has noise at its SNR below the level of the audio', () => {
    for (const kind of NOISE_COLOURS) {
      const plain = render({ audio: 'tone:1000' }, 8000, 4);
      const mixed = render({ audio: 'tone:1000', noise: { kind, snr: 15 } }, 8000, 4);
      const noise = mixed.map((sample, i) => sample - plain[i % plain.length]);
      expect(dbov(plain) - dbov(noise)).toBeCloseTo(15, 1);
    }
  });

  it('has noise of a WAV file, over and over', () => {
    const file = new wavefile.WaveFile();
    file.fromScratch(1, 16_000, '16', sine(300, 16_000, 1, 20_000) as never);
    const path = join(folder, 'hum.wav');
    writeFileSync(path, file.toBuffer());
    const mixed = render({ audio: 'tone:1000', noise: { kind: path, snr: 6 } }, 8000, 1);
    const ratio = amplitudeAt(mixed, 1000, 8000) / amplitudeAt(mixed, 300, 8000);
    expect(20 * Math.log10(ratio)).toBeCloseTo(6, 1);
  });

  it('of silence with noise has the level that is asked for', () => {
    const samples = render({ audio: 'silence', noise: { kind: 'pink', level: -40 } }, 8000, 9);
    expect(dbov(samples)).toBeCloseTo(-40, 1);
    expect(samples.length).toBe(12 * 8000);
  });

  it('is louder by its gain and cut off at its clipping level', () => {
    const plain = render({ audio: 'tone:1000' }, 8000, 1);
    expect(dbov(render({ audio: 'tone:1000', gain: -12 }, 8000, 1)) - dbov(plain)).toBeCloseTo(-12, 1);
    const clipped = render({ audio: 'tone:1000', gain: 20, clip: -20 }, 8000, 1);
    expect(Math.max(...clipped)).toBe(3277);
    expect(Math.min(...clipped)).toBe(-3277);
    // Cut off on both sides alike: odd harmonics only.
    expect(amplitudeAt(clipped, 3000, 8000)).toBeGreaterThan(500);
    expect(amplitudeAt(clipped, 2000, 8000)).toBeLessThan(5);
    expect(Math.max(...render({ audio: 'tone:1000', gain: 40 }, 8000, 1))).toBe(32767);
  });

  it('is the same for the same seed', () => {
    const samples = (seed: number): Buffer =>
      Buffer.from(render({ audio: 'speech', noise: { kind: 'white', snr: 20 } }, 8000, seed).buffer);
    expect(samples(5).equals(samples(5))).toBe(true);
    expect(samples(5).equals(samples(6))).toBe(false);
  });
});
