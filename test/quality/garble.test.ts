import { describe, expect, it } from 'vitest';
import { encodeG711, type Law } from '../../src/audio/g711.js';
import { makeNoise, type NoiseColour } from '../../src/audio/noise.js';
import { speechLike } from '../../src/audio/speech.js';
import { Rng } from '../../src/core/rng.js';
import { GarbleDetector, type Reading } from '../../src/quality/garble.js';

const SECONDS = 4;
const SAMPLES = SECONDS * 8000;
const PACKET = 160;
const LEVELS = [-10, -20, -26, -40];

function tones(...frequencies: number[]): Float64Array {
  return Float64Array.from({ length: SAMPLES }, (_, i) =>
    frequencies.reduce((sum, f) => sum + Math.sin((2 * Math.PI * f * i) / 8000), 0),
  );
}

function noise(colour: NoiseColour): Float64Array {
  return makeNoise(colour, SAMPLES, 8000, new Rng(7));
}

/** A chord whose notes swell and fade one after the other. */
function music(): Float64Array {
  const notes = [196, 262, 330, 392, 523, 784, 1046];
  return Float64Array.from({ length: SAMPLES }, (_, i) =>
    notes.reduce((sum, f, n) => {
      const since = (i / 8000 + n * 0.37) % 1.1;
      const loudness = Math.exp(-4 * since);
      return sum + loudness * (Math.sin(2 * Math.PI * f * since) + 0.4 * Math.sin(4 * Math.PI * f * since));
    }, 0),
  );
}

const SIGNALS: Record<string, Float64Array> = {
  speech: Float64Array.from(speechLike(3, SECONDS)),
  music: music(),
  'white noise': noise('white'),
  'pink noise': noise('pink'),
  'a dial tone': tones(350, 440),
  ringback: tones(425).map((v, i) => (i % 16_000 < 8000 ? v : 0)),
  'a digit': tones(770, 1336),
  'fax CNG': tones(1100),
  'a high tone': tones(3400),
};

/** Brings the RMS to a level in dBov, and cuts off at an amplitude. */
function pcm(signal: Float64Array, dbov: number, most = 32_767): Int16Array {
  const rms = Math.sqrt(signal.reduce((sum, v) => sum + v * v, 0) / signal.length);
  const gain = (32_768 * 10 ** (dbov / 20)) / rms;
  return Int16Array.from(signal, (v) => Math.round(Math.max(-most, Math.min(most, v * gain))));
}

function look(reading: Reading, bytes: Uint8Array, packetBytes = PACKET): GarbleDetector {
  const detector = new GarbleDetector();
  for (let at = 0; at + packetBytes <= bytes.length; at += packetBytes)
    detector.look(reading, bytes, at, at + packetBytes);
  return detector;
}

function encoded(law: Law, samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  encodeG711(law, samples, bytes);
  return bytes;
}

const OTHER = { PCMU: 'PCMA', PCMA: 'PCMU' } as const;

describe('garbled audio', () => {
  for (const [name, signal] of Object.entries(SIGNALS)) {
    it(`is ${name} under the other law at any level, and never ${name} as it should be`, () => {
      for (const law of ['PCMU', 'PCMA'] as const) {
        for (const dbov of LEVELS) {
          const bytes = encoded(law, pcm(signal, dbov));
          const right = look(law, bytes);
          expect(right.blocks, `${law} at ${dbov} dBov`).toBeGreaterThan(2);
          expect(right.garbledBlocks, `${law} at ${dbov} dBov`).toBe(0);
          const wrong = look(OTHER[law], bytes);
          expect(wrong.garbledBlocks / wrong.blocks, `${law} at ${dbov} dBov, read wrong`).toBeGreaterThan(0.8);
        }
      }
    });
  }

  it('is never clipped audio, a square wave, or a tone that takes few values', () => {
    const hard = [tones(440).map(Math.sign), tones(2000), tones(1000), tones(2666)];
    for (const law of ['PCMU', 'PCMA'] as const) {
      for (const dbov of LEVELS) {
        for (const signal of hard) expect(look(law, encoded(law, pcm(signal, dbov))).garbledBlocks).toBe(0);
        for (const most of [3000, 1000, 300]) {
          for (const signal of [SIGNALS.speech, SIGNALS['white noise'], SIGNALS['a dial tone']])
            expect(look(law, encoded(law, pcm(signal, dbov, most))).garbledBlocks, `${most} at ${dbov}`).toBe(0);
        }
      }
    }
  });

  it('is not claimed of silence or comfort noise, in which neither reading tells anything', () => {
    for (const law of ['PCMU', 'PCMA'] as const) {
      expect(look(law, encoded(law, new Int16Array(SAMPLES)))).toMatchObject({ blocks: 0, garbledBlocks: 0 });
      expect(look(law, encoded(law, pcm(SIGNALS['pink noise'], -60))).garbledBlocks).toBe(0);
    }
  });

  it('is what was encrypted and came without its key', () => {
    const rng = new Rng(11);
    const bytes = Uint8Array.from({ length: SAMPLES }, () => Math.floor(256 * rng.uniform()));
    for (const law of ['PCMU', 'PCMA'] as const) {
      const { blocks, garbledBlocks } = look(law, bytes);
      expect(garbledBlocks).toBe(blocks);
    }
  });

  it('is L16 of the other byte order', () => {
    for (const name of ['speech', 'music', 'a dial tone', 'pink noise']) {
      for (const dbov of [-10, -40]) {
        const samples = pcm(SIGNALS[name], dbov);
        const bytes = new Uint8Array(2 * samples.length);
        const view = new DataView(bytes.buffer);
        for (let i = 0; i < samples.length; i++) view.setInt16(2 * i, samples[i]);
        expect(look('L16', bytes, 2 * PACKET).garbledBlocks, `${name} at ${dbov}`).toBe(0);
        new Uint16Array(bytes.buffer).set(new Uint16Array(bytes.buffer).map((v) => ((v & 0xff) << 8) | (v >> 8)));
        const wrong = look('L16', bytes, 2 * PACKET);
        expect(wrong.garbledBlocks / wrong.blocks, `${name} at ${dbov}, swapped`).toBeGreaterThan(0.8);
      }
    }
  });

  it('is judged for each law by itself where a stream changes it', () => {
    const detector = new GarbleDetector();
    const samples = pcm(SIGNALS.speech, -26);
    const bytes = { PCMU: encoded('PCMU', samples), PCMA: encoded('PCMA', samples) };
    for (let at = 0; at + PACKET <= SAMPLES; at += PACKET) {
      const law = at < SAMPLES / 2 ? 'PCMU' : 'PCMA';
      detector.look(law, bytes[law], at, at + PACKET);
    }
    expect(detector.garbledBlocks).toBe(0);
  });
});
