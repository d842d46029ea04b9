import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import { resample } from '../../src/audio/resample.js';
import { readWav } from '../../src/audio/wav.js';
import { AppError } from '../../src/core/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

fc.configureGlobal({ seed: 20_260_101 });

const folder = temporaryFolder();

function sine(frequency: number, rate: number, seconds: number, amplitude: number): Float64Array {
  return Float64Array.from(
    { length: rate * seconds },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / rate),
  );
}

function save(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function wav(name: string, rate: number, bitDepth: string, channels: Float64Array[]): string {
  const file = new wavefile.WaveFile();
  const data = channels.length === 1 ? channels[0] : channels;
  file.fromScratch(channels.length, rate, bitDepth, data as never);
  return save(name, file.toBuffer());
}

/** Amplitude of one frequency, by correlation over the middle of the signal. */
function amplitude(samples: ArrayLike<number>, frequency: number, rate: number): number {
  let re = 0;
  let im = 0;
  const from = Math.floor(samples.length / 4);
  const to = Math.floor((3 * samples.length) / 4);
  for (let i = from; i < to; i++) {
    re += samples[i] * Math.cos((2 * Math.PI * frequency * i) / rate);
    im += samples[i] * Math.sin((2 * Math.PI * frequency * i) / rate);
  }
  return (2 * Math.hypot(re, im)) / (to - from);
}

describe('a WAV file', () => {
  it('is read as it is when it has 16 bits, one channel and 8 kHz', () => {
    const samples = Float64Array.from({ length: 800 }, (_, i) => i * 40 - 16000);
    const audio = readWav(wav('plain.wav', 8000, '16', [samples]));
    expect(audio.sampleRate).toBe(8000);
    expect([...audio.samples]).toEqual([...samples]);
  });

  it('is mixed to one channel by the mean', () => {
    const left = new Float64Array(400).fill(1000);
    const right = new Float64Array(400).fill(-400);
    expect(new Set(readWav(wav('stereo.wav', 8000, '16', [left, right])).samples)).toEqual(new Set([300]));
  });

  it('keeps level and pitch at any rate and depth', () => {
    for (const [rate, depth, full] of [
      [44100, '16', 32768],
      [16000, '24', 8388608],
      [48000, '32f', 1],
      [8000, '8', 128],
      [22050, '32', 2147483648],
    ] as const) {
      const wave = sine(1000, rate, 1, full / 4).map((x) => (depth === '8' ? Math.round(x + 128) : x));
      const audio = readWav(wav(`${rate}-${depth}.wav`, rate, depth, [wave]));
      expect(audio.samples).toHaveLength(8000);
      expect(amplitude(audio.samples, 1000, 8000) / 8192).toBeCloseTo(1, depth === '8' ? 1 : 2);
    }
  });

  it('is expanded when it holds A-law or µ-law', () => {
    for (const law of ['toALaw', 'toMuLaw'] as const) {
      const file = new wavefile.WaveFile();
      file.fromScratch(1, 8000, '16', sine(500, 8000, 1, 8000) as never);
      file[law]();
      const audio = readWav(save(`${law}.wav`, file.toBuffer()));
      expect(amplitude(audio.samples, 500, 8000) / 8000).toBeCloseTo(1, 1);
    }
  });

  it('that is missing, no WAV file, empty or of another coding is an error that says where and what to do', () => {
    const adpcm = new wavefile.WaveFile();
    adpcm.fromScratch(1, 8000, '16', sine(500, 8000, 1, 8000) as never);
    adpcm.toIMAADPCM();
    const paths = [
      join(folder, 'missing.wav'),
      save('text.wav', Buffer.from('this is no audio at all, and long enough for a header of any kind')),
      save('short.wav', Buffer.from('RIFF')),
      save('none.wav', new Uint8Array(0)),
      save('adpcm.wav', adpcm.toBuffer()),
      wav('empty.wav', 8000, '16', [new Float64Array(0)]),
    ];
    for (const path of paths) {
      let error: unknown;
      try {
        readWav(path);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: 'FILE_UNREADABLE', detail: { where: path } });
      expect((error as AppError).detail.hint).toContain('WAV');
    }
  });

  it('that is damaged anywhere is either audio or that error', () => {
    const file = new wavefile.WaveFile();
    file.fromScratch(2, 8000, '16', [sine(500, 8000, 0.02, 8000), sine(700, 8000, 0.02, 8000)] as never);
    const intact = file.toBuffer();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.nat({ max: intact.length }),
        (changes, length) => {
          const damaged = intact.slice();
          for (const [at, value] of changes) damaged[at] = value;
          const path = save('damaged.wav', damaged.subarray(0, length < 60 ? length : intact.length));
          try {
            expect(readWav(path).samples.length).toBeGreaterThan(0);
          } catch (error) {
            if (!(error instanceof AppError)) throw error;
            expect(error.code).toBe('FILE_UNREADABLE');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('resampling', () => {
  it('removes what lies above the new Nyquist frequency instead of folding it back', () => {
    const result = resample(sine(5500, 16000, 1, 10000), 16000, 8000);
    expect(amplitude(result, 2500, 8000)).toBeLessThan(10);
  });

  it('is flat in the telephone band', () => {
    for (const frequency of [300, 1000, 2000, 3400]) {
      const result = resample(sine(frequency, 44100, 1, 10000), 44100, 8000);
      expect(Math.abs(20 * Math.log10(amplitude(result, frequency, 8000) / 10000))).toBeLessThan(0.1);
    }
  });

  it.each([
    [8000, 16000],
    [8000, 48000],
    [16000, 48000],
    [44100, 16000],
    [48000, 8000],
    [22050, 48000],
  ])('from %d to %d Hz is flat within 0.1 dB up to 85 %% of the band, with images below −60 dB', (from, to) => {
    const band = Math.min(from, to) / 2;
    for (const share of [0.1, 0.5, 0.85]) {
      const frequency = Math.round(share * band);
      const result = resample(sine(frequency, from, 0.5, 10000), from, to);
      expect(Math.abs(20 * Math.log10(amplitude(result, frequency, to) / 10000))).toBeLessThan(0.1);
      const image = from - frequency;
      if (image < to / 2) expect(20 * Math.log10(amplitude(result, image, to) / 10000)).toBeLessThan(-60);
    }
  });

  it('leaves equal rates alone', () => {
    const samples = sine(440, 8000, 0.1, 100);
    expect(resample(samples, 8000, 8000)).toBe(samples);
  });
});
