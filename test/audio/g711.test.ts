import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioBlocks } from '../../src/audio/audio-blocks.js';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import {
  alawToLinear,
  alawToUlaw,
  decodeG711,
  encodeG711,
  linearToAlaw,
  linearToUlaw,
  measureG711,
  ulawToAlaw,
  ulawToLinear,
} from '../../src/audio/g711.js';

fc.configureGlobal({ seed: 20_260_101 });

const CODES = [...Array(256).keys()];

describe('G.711', () => {
  it('has the decoder output values of the tables of the Recommendation', () => {
    // Highest and lowest of each law, the ends of some segments, and the smallest values (scaled to 16 bits).
    expect([0x80, 0x00, 0xff, 0x7f, 0x8f, 0xf0, 0xef].map((c) => ulawToLinear[c])).toEqual([
      32124, -32124, 0, 0, 16764, 120, 132,
    ]);
    expect([0xaa, 0x2a, 0xd5, 0x55, 0xd4, 0x80].map((c) => alawToLinear[c])).toEqual([32256, -32256, 8, -8, 24, 5504]);
  });

  it('encodes every decoded value to the code it came from', () => {
    for (const code of CODES) {
      // 0x7f is negative zero, which is written as positive zero.
      expect(linearToUlaw(ulawToLinear[code])).toBe(code === 0x7f ? 0xff : code);
      expect(linearToAlaw(alawToLinear[code])).toBe(code);
    }
  });

  it('encodes each sample with an error of half a step at most, a step being a sixteenth of the value', () => {
    for (let sample = -32768; sample < 32768; sample += 7) {
      const bound = Math.abs(sample) / 32 + 20;
      expect(Math.abs(ulawToLinear[linearToUlaw(sample)] - sample)).toBeLessThanOrEqual(bound);
      expect(Math.abs(alawToLinear[linearToAlaw(sample)] - sample)).toBeLessThanOrEqual(bound);
    }
  });

  it('is monotone: a larger sample never decodes to a smaller value', () => {
    let falls = 0;
    for (let sample = -32767; sample < 32768; sample++) {
      if (ulawToLinear[linearToUlaw(sample)] < ulawToLinear[linearToUlaw(sample - 1)]) falls++;
      if (alawToLinear[linearToAlaw(sample)] < alawToLinear[linearToAlaw(sample - 1)]) falls++;
    }
    expect(falls).toBe(0);
  });

  it('goes from law to law through the linear value, and back with an error of one step at most', () => {
    for (const code of CODES) {
      expect(ulawToAlaw[code]).toBe(linearToAlaw(ulawToLinear[code]));
      expect(alawToUlaw[code]).toBe(linearToUlaw(alawToLinear[code]));
      const value = ulawToLinear[code];
      expect(Math.abs(ulawToLinear[alawToUlaw[ulawToAlaw[code]]] - value)).toBeLessThanOrEqual(
        Math.abs(value) / 16 + 16,
      );
    }
  });

  it('has silence of the smallest value in both laws', () => {
    expect(linearToUlaw(0)).toBe(0xff);
    expect(linearToAlaw(0)).toBe(0xd5);
  });

  it('encodes and decodes runs of samples at an offset', () => {
    fc.assert(
      fc.property(
        fc.int16Array({ maxLength: 50 }),
        fc.nat({ max: 5 }),
        fc.constantFrom('PCMU', 'PCMA'),
        (samples, offset, law) => {
          const bytes = new Uint8Array(samples.length + offset);
          encodeG711(law, samples, bytes, offset);
          const decoded = new Int16Array(samples.length);
          decodeG711(law, bytes, offset, samples.length, decoded);
          const [encode, table] = law === 'PCMU' ? [linearToUlaw, ulawToLinear] : [linearToAlaw, alawToLinear];
          samples.forEach((sample, i) => {
            expect(bytes[offset + i]).toBe(encode(sample));
            expect(decoded[i]).toBe(table[encode(sample)]);
          });
        },
      ),
    );
  });

  it('tells squares and magnitudes in blocks of 5 ms, exactly, wherever the packet lies in its memory and that in its buffer', () => {
    const blocks = new AudioBlocks();
    fc.assert(
      fc.property(
        fc.constantFrom('PCMU' as const, 'PCMA' as const),
        fc.uint8Array({ minLength: 1, maxLength: 170 }),
        fc.boolean(),
        fc.nat({ max: 4 }),
        fc.nat({ max: 3 }),
        (law, codes, isLoudest, start, memoryAt) => {
          if (isLoudest) codes.fill(law === 'PCMU' ? 0x80 : 0xaa);
          const table = law === 'PCMU' ? ulawToLinear : alawToLinear;
          const samples = [...codes].map((code) => table[code]);
          const memory = new Uint8Array(200).fill(1).subarray(memoryAt, memoryAt + start + codes.length);
          memory.set(codes, start);
          measureG711(law, memory, start, memory.length, blocks);
          expect([blocks.count, blocks.samples]).toEqual([Math.ceil(codes.length / 40), codes.length]);
          for (let i = 0; i < blocks.count; i++) {
            const block = samples.slice(40 * i, 40 * i + 40);
            expect(blocks.squares[i]).toBe(block.reduce((sum, sample) => sum + sample ** 2, 0));
            expect(blocks.magnitudes[i]).toBe(block.reduce((sum, sample) => sum + Math.abs(sample), 0));
          }
        },
      ),
    );
  });
});

describe('encoded audio', () => {
  it('holds whole frames only, so that a loop has no hole', () => {
    const samples = Int16Array.from({ length: 500 }, (_, i) => i * 50);
    const audio = EncodedAudio.encode(samples, 'PCMU', 20);
    expect([audio.frames, audio.frameBytes, audio.bytes.length]).toEqual([3, 160, 480]);
    for (let i = 0; i < 480; i++) expect(audio.bytes[i]).toBe(linearToUlaw(samples[i]));
  });

  it('fills audio shorter than a frame up with silence', () => {
    const audio = EncodedAudio.encode(Int16Array.of(1000), 'PCMA', 10);
    expect([audio.frames, audio.bytes.length]).toEqual([1, 80]);
    expect(audio.bytes[0]).toBe(linearToAlaw(1000));
    expect(new Set(audio.bytes.subarray(1))).toEqual(new Set([0xd5]));
  });
});
