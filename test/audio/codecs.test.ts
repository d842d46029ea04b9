import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioBlocks } from '../../src/audio/audio-blocks.js';
import { openDecoder, openLevelDecoder } from '../../src/audio/decoder.js';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { G722Decoder, G722Encoder } from '../../src/audio/g722.js';
import { decodeL16, encodeL16 } from '../../src/audio/l16.js';
import { OPUS_BITRATE } from '../../src/audio/opus.js';
import { speechLike } from '../../src/audio/speech.js';
import { CODECS, DECODED_CODEC_NAMES, type DecodedCodec, PTIMES_MS, supportsPtime } from '../../src/core/codecs.js';
import { amplitudeAt, loudestFrequency, sine, snrDb } from './goertzel.js';

fc.configureGlobal({ seed: 20_261_121 });

/** All of a source through a codec and back, at the codec's sample rate. */
function throughCodec(samples: Int16Array, codec: DecodedCodec, ptimeMs = 20): Int16Array {
  const audio = EncodedAudio.encode(samples, codec, ptimeMs);
  const decoder = openDecoder(codec);
  const result: number[] = [];
  const room = new Int16Array(48000);
  for (let i = 0; i < audio.frames; i++) {
    const count = decoder.decode(audio.bytes, i * audio.frameBytes, (i + 1) * audio.frameBytes, room);
    result.push(...room.subarray(0, count));
  }
  decoder.close();
  return Int16Array.from(result);
}

describe('every codec', () => {
  it.each(DECODED_CODEC_NAMES)('%s gives a tone back at its pitch and level', (codec) => {
    const { sampleRate } = CODECS[codec];
    const back = throughCodec(sine(1000, sampleRate, 1, 8000), codec);
    expect(back).toHaveLength(sampleRate);
    const middle = back.subarray(sampleRate / 4, (3 * sampleRate) / 4);
    expect(loudestFrequency(middle, sampleRate)).toBe(1000);
    expect(amplitudeAt(middle, 1000, sampleRate) / 8000).toBeGreaterThan(0.9);
    expect(amplitudeAt(middle, 1000, sampleRate) / 8000).toBeLessThan(1.1);
  });

  it.each(DECODED_CODEC_NAMES)('%s has frames of one size that last one packet interval', (codec) => {
    const { sampleRate } = CODECS[codec];
    for (const ptimeMs of PTIMES_MS.filter((ms) => supportsPtime(codec, ms))) {
      const audio = EncodedAudio.encode(speechLike(3, 0.6, sampleRate), codec, ptimeMs);
      expect(audio.frames).toBe(600 / ptimeMs);
      expect(audio.bytes).toHaveLength(audio.frames * audio.frameBytes);
      const room = new Int16Array(48000);
      const decoder = openDecoder(codec);
      expect(decoder.decode(audio.bytes, 0, audio.frameBytes, room)).toBe((sampleRate * ptimeMs) / 1000);
      decoder.close();
    }
  });

  it.each(['G722', 'L16/8000', 'L16/16000', 'opus'] as const)('%s tells its level without giving samples', (codec) => {
    const { sampleRate } = CODECS[codec];
    const audio = EncodedAudio.encode(speechLike(5, 2, sampleRate), codec, 20);
    const decoder = openDecoder(codec);
    const levels = openLevelDecoder(codec);
    const blocks = new AudioBlocks();
    const room = new Int16Array(48000);
    let full = 0;
    let quick = 0;
    let fullMagnitudes = 0;
    let quickMagnitudes = 0;
    let samples = 0;
    for (let i = 0; i < audio.frames; i++) {
      const start = i * audio.frameBytes;
      const count = decoder.decode(audio.bytes, start, start + audio.frameBytes, room);
      for (let k = 0; k < count; k++) {
        full += (room[k] ** 2 * 8000) / sampleRate;
        fullMagnitudes += (Math.abs(room[k]) * 8000) / sampleRate;
      }
      levels.measure(audio.bytes, start, start + audio.frameBytes, blocks);
      quick += blocks.energy;
      samples += blocks.samples;
      for (let k = 0; k < blocks.count; k++) quickMagnitudes += blocks.magnitudes[k];
    }
    // Counted at 8 kHz, whatever the codec's rate.
    expect(samples).toBeCloseTo(16_000, 6);
    // In dB. The magnitudes of G.722 are those of a band.
    expect(Math.abs(10 * Math.log10(quick / full))).toBeLessThan(0.1);
    expect(Math.abs(20 * Math.log10(quickMagnitudes / fullMagnitudes))).toBeLessThan(0.1);
    decoder.close();
    levels.close();
  });

  it.each(DECODED_CODEC_NAMES)('%s takes any payload without a throw', (codec) => {
    const decoder = openDecoder(codec);
    const room = new Int16Array(48000);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const count = decoder.decode(bytes, 0, bytes.length, room);
        expect(count).toBeGreaterThanOrEqual(0);
        expect(count).toBeLessThanOrEqual(5760);
      }),
      { numRuns: 300 },
    );
    decoder.close();
  });
});

describe('G.722', () => {
  it('keeps both of its bands', () => {
    const low = sine(1000, 16000, 1, 8000);
    const high = sine(5200, 16000, 1, 3000);
    const both = low.map((sample, i) => sample + high[i]);
    const back = throughCodec(both, 'G722');
    expect(snrDb(both, back, 30)).toBeGreaterThan(28);
    expect(amplitudeAt(back.subarray(4000, 12000), 5200, 16000) / 3000).toBeGreaterThan(0.9);
  });

  it('gives speech back with more than 20 dB', () => {
    const speech = speechLike(1, 3, 16000);
    expect(snrDb(speech, throughCodec(speech, 'G722'), 30)).toBeGreaterThan(20);
  });

  it('does the same whether it is given packets or all at once', () => {
    const speech = speechLike(2, 1, 16000);
    const whole = new Uint8Array(speech.length / 2);
    new G722Encoder().encode(speech, whole);
    const parts = new Uint8Array(whole.length);
    const encoder = new G722Encoder();
    for (let at = 0; at < speech.length; at += 320) encoder.encode(speech.subarray(at, at + 320), parts, at / 2);
    expect(parts).toEqual(whole);
  });

  it('recovers from lost packets', () => {
    const speech = sine(700, 16000, 2, 6000);
    const bytes = new Uint8Array(speech.length / 2);
    new G722Encoder().encode(speech, bytes);
    const decoder = new G722Decoder();
    const back = new Int16Array(speech.length);
    for (let at = 0; at < bytes.length; at += 160) {
      if (at >= 4000 && at < 4800) continue;
      decoder.decode(bytes, at, 160, back.subarray(2 * at, 2 * at + 320));
    }
    expect(snrDb(speech.subarray(20_000), back.subarray(20_000), 30)).toBeGreaterThan(28);
  });

  it('keeps full scale within 16 bits', () => {
    const square = Int16Array.from({ length: 3200 }, (_, i) => (i % 32 < 16 ? 32767 : -32768));
    const back = throughCodec(square, 'G722');
    expect(Math.max(...back)).toBeGreaterThan(25_000);
    expect(Math.min(...back)).toBeLessThan(-25_000);
  });
});

describe('a loop', () => {
  it.each(DECODED_CODEC_NAMES)('of %s starts over without a click', (codec) => {
    const { sampleRate } = CODECS[codec];
    const audio = EncodedAudio.encode(sine(1000, sampleRate, 0.6, 4000), codec, 20);
    const decoder = openDecoder(codec);
    const room = new Int16Array(48000);
    let loudest = 0;
    for (let i = 0; i < 3 * audio.frames; i++) {
      const start = (i % audio.frames) * audio.frameBytes;
      const count = decoder.decode(audio.bytes, start, start + audio.frameBytes, room);
      for (let k = 0; k < count; k++) loudest = Math.max(loudest, Math.abs(room[k]));
    }
    decoder.close();
    // Begun anew at each turn, the encoder of G.722 would have the decoder at full scale.
    expect(loudest).toBeLessThan(7000);
  });
});

describe('L16', () => {
  it('is the samples themselves, high byte first', () => {
    const bytes = new Uint8Array(6);
    encodeL16(Int16Array.from([1, -2, 0x1234]), bytes);
    expect([...bytes]).toEqual([0x00, 0x01, 0xff, 0xfe, 0x12, 0x34]);
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 200 }), (samples) => {
        const encoded = new Uint8Array(samples.length * 2);
        encodeL16(samples, encoded);
        const decoded = new Int16Array(samples.length);
        decodeL16(encoded, 0, encoded.length, decoded);
        expect(decoded).toEqual(samples);
      }),
    );
  });
});

describe('Opus', () => {
  it('has a constant rate', () => {
    const audio = EncodedAudio.encode(speechLike(1, 1, 48000), 'opus', 20);
    expect(audio.frameBytes * 8 * 50).toBe(OPUS_BITRATE);
  });

  it('keeps several streams apart', () => {
    const streams = [400, 900, 2300].map((hz) => EncodedAudio.encode(sine(hz, 48000, 0.6, 8000), 'opus', 20));
    const decoders = streams.map(() => openDecoder('opus'));
    const heard = streams.map(() => new Int16Array(28_800));
    for (let i = 0; i < 30; i++) {
      streams.forEach(({ bytes, frameBytes }, k) => {
        decoders[k].decode(bytes, i * frameBytes, (i + 1) * frameBytes, heard[k].subarray(i * 960));
      });
    }
    expect(heard.map((samples) => loudestFrequency(samples.subarray(9600), 48000))).toEqual([400, 900, 2300]);
    for (const decoder of decoders) decoder.close();
  });

  it('gives nothing after it was closed', () => {
    const audio = EncodedAudio.encode(sine(400, 48000, 0.1, 8000), 'opus', 20);
    const decoder = openDecoder('opus');
    decoder.close();
    decoder.close();
    expect(decoder.decode(audio.bytes, 0, audio.frameBytes, new Int16Array(960))).toBe(0);
  });
});
