import { describe, expect, it } from 'vitest';
import { speechLike } from '../../src/audio/speech.js';
import { CODECS, type DecodedCodec } from '../../src/core/codecs.js';
import { Rng } from '../../src/core/rng.js';
import { SpeechDetector } from '../../src/voice/speech-detector.js';
import { cadence, detect, heardBy, quantile, SPEECH_DBOV, tones, withNoise } from './scenes.js';

/** More of both, and the errors on the console, by the environment. */
const MINUTES = Number(process.env.VOICE_MINUTES ?? 0.25);
const UTTERANCES = Number(process.env.VOICE_UTTERANCES ?? 6);

/** From where to where a signal without noise is above −58 dBov, in ms. */
function bounds(signal: Int16Array, sampleRate: number): { startMs: number; endMs: number } {
  const block = sampleRate / 100;
  const isLoud = (at: number): boolean => {
    let sum = 0;
    for (let i = at; i < at + block; i++) sum += signal[i] ** 2;
    return sum / block > 32768 ** 2 * 10 ** -5.8;
  };
  let start = 0;
  while (!isLoud(start)) start += sampleRate / 1000;
  let end = signal.length - block;
  while (!isLoud(end)) end -= sampleRate / 1000;
  return { startMs: (start * 1000) / sampleRate, endMs: ((end + block) * 1000) / sampleRate };
}

/** Errors in ms of where speech was found to begin and to end, over utterances of 2 s between silences. */
function errorsOf(codec: DecodedCodec, snrDb: number, lossRatio: number): { onsets: number[]; offsets: number[] } {
  const { sampleRate } = CODECS[codec];
  const onsets: number[] = [];
  const offsets: number[] = [];
  // Opus takes most of the time.
  const count = codec === 'opus' ? Math.ceil(UTTERANCES / 3) : UTTERANCES;
  for (let k = 0; k < count; k++) {
    const rng = new Rng(100 + k);
    const said = speechLike(1000 + k, 2, sampleRate);
    const before = Math.round(sampleRate * (0.8 + 0.5 * rng.uniform()));
    const scene = new Int16Array(before + said.length + sampleRate);
    scene.set(said, before);
    const noisy = withNoise(scene, k % 2 === 0 ? 'white' : 'pink', SPEECH_DBOV - snrDb, sampleRate, rng);
    const { spans } = detect(heardBy(noisy, codec, lossRatio, rng));
    expect(spans.length).toBeGreaterThan(0);
    const { startMs, endMs } = bounds(said, sampleRate);
    onsets.push(spans[0].startMs - (before * 1000) / sampleRate - startMs);
    offsets.push(spans[spans.length - 1].endMs - (before * 1000) / sampleRate - endMs);
  }
  return { onsets: onsets.map(Math.abs), offsets: offsets.map(Math.abs) };
}

function told(errors: readonly number[]): string {
  return [0.5, 0.9, 0.95, 1].map((q) => quantile(errors, q).toFixed(1)).join(' ');
}

describe('the speech detector', () => {
  it.each<[DecodedCodec, number, number]>([
    ['PCMU', 60, 0],
    ['PCMA', 30, 0.01],
    ['PCMU', 20, 0.03],
    ['PCMU', 15, 0],
    ['PCMA', 15, 0.03],
    ['G722', 30, 0.01],
    ['G722', 15, 0],
    ['opus', 30, 0],
    ['opus', 15, 0.01],
  ])('finds where speech begins and ends: %s, %d dB over noise, loss %d', (codec, snrDb, lossRatio) => {
    const { onsets, offsets } = errorsOf(codec, snrDb, lossRatio);
    if (process.env.VOICE_UTTERANCES)
      console.log(`${codec} ${snrDb} dB ${lossRatio}: onset ${told(onsets)}, offset ${told(offsets)}`);
    expect(quantile(onsets, 0.5)).toBeLessThanOrEqual(15);
    // A consonant at the beginning may lie below the noise, or be lost.
    expect(quantile(onsets, 0.95)).toBeLessThanOrEqual(snrDb >= 30 ? 20 : 45);
    expect(quantile(offsets, 0.5)).toBeLessThanOrEqual(15);
  });

  it.each(['white', 'pink', 'brown'] as const)('hears no speech in %s noise, loud or quiet', (colour) => {
    for (const dbov of [-65, -50, -40, -30]) {
      const noise = withNoise(new Float64Array(8000 * 60 * MINUTES), colour, dbov, 8000, new Rng(3));
      expect(detect(noise).spans).toEqual([]);
    }
  });

  it('hears no speech in comfort noise that comes and goes', () => {
    const noise = withNoise(new Float64Array(8000 * 60 * MINUTES), 'white', -50, 8000, new Rng(4));
    const rng = new Rng(5);
    for (let at = 0, on = true; at < noise.length; on = !on) {
      const samples = Math.round(8000 * (0.5 + 4.5 * rng.uniform()));
      if (!on) noise.fill(0, at, Math.min(noise.length, at + samples));
      at += samples;
    }
    expect(detect(noise).spans).toEqual([]);
  });

  it.each([
    ['ringback of America', [440, 480], [2000, 4000]],
    ['ringback of Europe', [425], [1000, 4000]],
    ['ringback of Britain', [400, 450], [400, 200, 400, 2000]],
    ['busy of America', [480, 620], [500, 500]],
    ['busy of Europe', [425], [480, 480]],
    ['congestion', [480, 620], [250, 250]],
    ['a dial tone', [350, 440], [60_000]],
    ['a fax that calls', [1100], [500, 3000]],
    ['a fax that answers', [2100], [3000, 2000]],
  ])('hears no speech in %s, with noise or without', (_name, hz, onOffMs) => {
    const period = onOffMs.reduce((sum, ms) => sum + ms);
    const signal = tones(cadence(hz, Math.ceil((60_000 * MINUTES) / period), ...onOffMs));
    expect(detect(Int16Array.from(signal, Math.round)).spans).toEqual([]);
    const noisy = withNoise(signal, 'pink', -45, 8000, new Rng(6));
    expect(detect(heardBy(noisy, 'PCMU', 0.02, new Rng(7))).spans).toEqual([]);
  });

  it('hears an echo of 35 dB below a voice as silence, and that voice 10 dB lower as speech', () => {
    const voice = speechLike(8, 10);
    const lowered = (db: number): Int16Array => voice.map((s) => Math.round(s * 10 ** (-db / 20)));
    expect(detect(lowered(35)).spans).toEqual([]);
    expect(detect(lowered(10)).spans.length).toBeGreaterThan(0);
  });

  it('hears speech that follows a tone without a pause', () => {
    const scene = new Int16Array(8000 * 4);
    scene.set(tones([{ hz: [1000], ms: 1000 }]));
    scene.set(speechLike(9, 3), 8000);
    const { spans, bursts } = detect(scene);
    expect(Math.abs(spans[0].startMs - 1000)).toBeLessThanOrEqual(80);
    expect(bursts[0].frequencies).toEqual([1000]);
  });

  it('hears speech from its first sample on', () => {
    const { spans } = detect(speechLike(10, 3));
    expect(spans[0].startMs).toBeLessThanOrEqual(30);
  });

  it('takes blocks of any length, and tells the time by them', () => {
    const scene = new Int16Array(8000 * 4);
    scene.set(speechLike(11, 2), 8000);
    const starts: number[] = [];
    const detector = new SpeechDetector({ onSpeech: (ms) => starts.push(ms), onSilence() {}, onTone() {} });
    for (let at = 0; at < scene.length; ) {
      const count = Math.min(scene.length - at, 1 + ((at * 7) % 333));
      detector.listen(scene.subarray(at), count, 5000 + at / 8);
      at += count;
    }
    detector.close();
    expect(starts).toEqual(detect(scene).spans.map(({ startMs }) => startMs + 5000));
  });
});
