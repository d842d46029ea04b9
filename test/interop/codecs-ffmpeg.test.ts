import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { openDecoder } from '../../src/audio/decoder.js';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { G722Encoder } from '../../src/audio/g722.js';
import { speechLike } from '../../src/audio/speech.js';
import type { DecodedCodec } from '../../src/core/codecs.js';
import { amplitudeAt, loudestFrequency, sine, snrDb } from '../audio/goertzel.js';
import { readOgg, writeOgg } from './ogg.js';

/** ffmpeg's names for the raw formats. */
const RAW = {
  PCMU: ['mulaw', 8000],
  PCMA: ['alaw', 8000],
  G722: ['g722', 16000],
  'L16/8000': ['s16be', 8000],
  'L16/16000': ['s16be', 16000],
} as const;

function ffmpeg(input: Buffer | Uint8Array, options: string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', ...options, 'pipe:1'], { input, maxBuffer: 1 << 26 });
}

/** 16-bit samples of a machine's own byte order. */
function samplesOf(bytes: Buffer): Int16Array {
  return new Int16Array(Uint8Array.from(bytes).buffer);
}

function pcm(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

function decodedByUs(codec: DecodedCodec, bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length * 2);
  const decoder = openDecoder(codec);
  const count = decoder.decode(bytes, 0, bytes.length, samples);
  decoder.close();
  return samples.subarray(0, count);
}

/** Loud, quiet, high and low: speech, then a sweep at full scale, then silence. */
function material(sampleRate: number): Int16Array {
  const speech = speechLike(11, 3, sampleRate);
  const sweep = Int16Array.from({ length: sampleRate }, (_, i) =>
    Math.round(32_767 * Math.sin((Math.PI * (0.45 * sampleRate * i * i)) / sampleRate / sampleRate)),
  );
  return Int16Array.from([...speech, ...sweep, ...new Int16Array(sampleRate / 2)]);
}

describe('what we encode', () => {
  it.each(Object.keys(RAW) as (keyof typeof RAW)[])(
    'as %s is decoded by ffmpeg to the very samples that we decode',
    (codec) => {
      const [format, rate] = RAW[codec];
      const { bytes } = EncodedAudio.encode(material(rate), codec, 20);
      const channels = codec === 'G722' ? [] : ['-ar', String(rate), '-ac', '1'];
      const theirs = samplesOf(ffmpeg(bytes, ['-f', format, ...channels, '-i', 'pipe:0', '-f', 's16le']));
      expect(theirs).toEqual(decodedByUs(codec, bytes));
    },
  );

  it('as Opus is a tone for ffmpeg', () => {
    const { bytes, frameBytes, frames } = EncodedAudio.encode(sine(1300, 48000, 1, 8000), 'opus', 20);
    const packets = Array.from({ length: frames }, (_, i) => bytes.subarray(i * frameBytes, (i + 1) * frameBytes));
    const theirs = samplesOf(ffmpeg(writeOgg(packets, 960), ['-i', 'pipe:0', '-f', 's16le', '-ar', '48000']));
    expect(theirs.length).toBe(48_000);
    const middle = theirs.subarray(12_000, 36_000);
    expect(loudestFrequency(middle, 48_000, 100)).toBe(1300);
    expect(amplitudeAt(middle, 1300, 48_000) / 8000).toBeCloseTo(1, 1);
  });
});

describe('what ffmpeg encodes', () => {
  function encodedByThem(codec: 'PCMU' | 'PCMA' | 'G722', samples: Int16Array): Buffer {
    const [format, rate] = RAW[codec];
    return ffmpeg(pcm(samples), [
      ...['-f', 's16le', '-ar', String(rate), '-ac', '1', '-i', 'pipe:0'],
      ...['-c:a', codec === 'G722' ? 'adpcm_g722' : `pcm_${format}`, '-f', format],
    ]);
  }

  it('as G.722 is what we encode, byte for byte', () => {
    const samples = material(16_000);
    const ours = new Uint8Array(samples.length / 2);
    new G722Encoder().encode(samples, ours);
    expect(encodedByThem('G722', samples).equals(ours)).toBe(true);
  });

  it.each(['PCMU', 'PCMA'] as const)('as %s is no better than what we encode', (codec) => {
    // ffmpeg places the decision levels of G.711 a little differently: codes differ by one here and there.
    const samples = material(8000);
    const ours = decodedByUs(codec, EncodedAudio.encode(samples, codec, 20).bytes);
    const theirs = decodedByUs(codec, encodedByThem(codec, samples));
    expect(snrDb(samples, ours)).toBeGreaterThan(snrDb(samples, theirs) - 0.1);
  });

  it('as Opus is speech for us', () => {
    const speech = speechLike(4, 3, 48_000);
    const file = ffmpeg(pcm(speech), [
      ...['-f', 's16le', '-ar', '48000', '-ac', '1', '-i', 'pipe:0'],
      ...['-c:a', 'libopus', '-b:a', '64k', '-frame_duration', '20', '-f', 'ogg'],
    ]);
    const decoder = openDecoder('opus');
    const room = new Int16Array(5760);
    const heard: number[] = [];
    for (const packet of readOgg(file)) heard.push(...room.subarray(0, decoder.decode(packet, 0, packet.length, room)));
    decoder.close();
    expect(snrDb(speech, heard, 960)).toBeGreaterThan(10);
  });
});
