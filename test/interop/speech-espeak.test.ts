import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWav } from '../../src/audio/wav.js';
import { CODECS, type DecodedCodec } from '../../src/core/codecs.js';
import { Rng } from '../../src/core/rng.js';
import { findSpeech } from '../../src/voice/find-speech.js';
import { Scratch } from '../support/cli.js';
import { detect, heardBy, quantile, withNoise } from '../voice/scenes.js';

const TEXTS = [
  'Good morning, how may I help you today?',
  'Your appointment is on Tuesday at half past nine.',
  'Please say yes or no.',
  'I am sorry, I did not understand that. Could you say it again?',
];
const VOICES = ['en', 'en+f3', 'de'];

const scratch = new Scratch();

/** Level of what espeak-ng says, −26 dBov in all. */
const LEVEL = 32768 * 10 ** (-26 / 20);

/** Synthetic speech with a second of silence around it. */
function say(text: string, voice: string, sampleRate: number): Int16Array {
  const file = join(scratch.path, 'said.wav');
  execFileSync('espeak-ng', ['-v', voice, '-w', file, text]);
  const samples = Float64Array.from(readWav(file, sampleRate).samples);
  const rms = Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
  const scene = new Int16Array(samples.length + 2 * sampleRate);
  for (let i = 0; i < samples.length; i++)
    scene[sampleRate + i] = Math.max(-32767, Math.min(32767, Math.round((samples[i] * LEVEL) / rms)));
  return scene;
}

describe('speech of espeak-ng', () => {
  it.each<[DecodedCodec, number, number]>([
    ['PCMU', 30, 0],
    ['PCMA', 20, 0.01],
    ['PCMU', 15, 0.03],
    ['G722', 15, 0.01],
    ['opus', 20, 0],
  ])('is heard where it is without codec and noise: %s, %d dB over noise, loss %d', (codec, snrDb, lossRatio) => {
    const { sampleRate } = CODECS[codec];
    const onsets: number[] = [];
    const offsets: number[] = [];
    // Opus takes most of the time.
    for (const [i, text] of TEXTS.entries())
      for (const voice of codec === 'opus' ? VOICES.slice(0, 1) : VOICES) {
        const rng = new Rng(i + 1);
        const scene = say(text, voice, sampleRate);
        const clean = findSpeech(scene, sampleRate)!;
        const { spans } = detect(
          heardBy(withNoise(scene, 'pink', -26 - snrDb, sampleRate, rng), codec, lossRatio, rng),
        );
        expect(spans.length).toBeGreaterThan(0);
        onsets.push(Math.abs(spans[0].startMs - clean.startMs));
        offsets.push(Math.abs(spans[spans.length - 1].endMs - clean.endMs));
        // Without noise it is where the samples are.
        const first = scene.findIndex((s) => Math.abs(s) > 200);
        expect(Math.abs(clean.startMs - (first * 1000) / sampleRate)).toBeLessThanOrEqual(40);
      }
    const told = [onsets, offsets].map((list) => [0.5, 0.9, 1].map((q) => quantile(list, q).toFixed(0)).join(' '));
    if (process.env.VOICE_UTTERANCES) console.log(codec, snrDb, told);
    expect(quantile(onsets, 0.5)).toBeLessThanOrEqual(20);
    expect(quantile(onsets, 0.75)).toBeLessThanOrEqual(30);
    expect(quantile(offsets, 0.5)).toBeLessThanOrEqual(20);
  });
});
