import { describe, expect, it } from 'vitest';
import { speechLike } from '../../src/audio/speech.js';

const RATE = 8000;
const SEEDS = [1, 2, 3, 4242];

function dbov(samples: Int16Array): number {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  return 10 * Math.log10(energy / samples.length / 32768 ** 2);
}

/** Power of one frequency in a block (Goertzel), on the scale of the block's mean square. */
function power(block: Int16Array, frequency: number): number {
  const c = 2 * Math.cos((2 * Math.PI * frequency) / RATE);
  let s1 = 0;
  let s2 = 0;
  for (const x of block) {
    const s = x + c * s1 - s2;
    s2 = s1;
    s1 = s;
  }
  return (2 * (s1 * s1 + s2 * s2 - c * s1 * s2)) / block.length ** 2;
}

describe('speech-like audio', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(speechLike(7, 5)).toEqual(speechLike(7, 5));
    expect(speechLike(7, 5)).not.toEqual(speechLike(8, 5));
    expect(speechLike(7, 5)).toHaveLength(5 * RATE);
    expect(speechLike(7, 1.5, 16000)).toHaveLength(24000);
  });

  it('has an active level near −26 dBov, does not clip, and lies above −50 dBov in every second', () => {
    for (const seed of SEEDS) {
      const samples = speechLike(seed, 30);
      const active: number[] = [];
      for (let at = 0; at < samples.length; at += 160) {
        const frame = samples.subarray(at, at + 160);
        if (dbov(frame) > -45) active.push(...frame);
      }
      expect(dbov(Int16Array.from(active))).toBeGreaterThan(-27.5);
      expect(dbov(Int16Array.from(active))).toBeLessThan(-24.5);
      let peak = 0;
      for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
      expect(peak).toBeLessThan(32767);
      for (let at = 0; at < samples.length; at += RATE)
        expect(dbov(samples.subarray(at, at + RATE))).toBeGreaterThan(-40);
    }
  });

  it('pauses, and never for half a second, also where its end meets its beginning', () => {
    for (const seed of SEEDS) {
      const samples = speechLike(seed, 30);
      let run = 0;
      let longest = 0;
      let pauses = 0;
      for (let n = 0; n < 2 * samples.length; n += 80) {
        const at = n % samples.length;
        if (dbov(samples.subarray(at, at + 80)) < -50) {
          run += 10;
          if (run === 100) pauses++;
          longest = Math.max(longest, run);
        } else run = 0;
      }
      expect(longest).toBeLessThan(500);
      expect(pauses).toBeGreaterThan(5);
    }
  });

  it('keeps to the telephone band', () => {
    const samples = speechLike(1, 30);
    let inBand = 0;
    let below = 0;
    let above = 0;
    for (let at = 0; at + 800 <= samples.length; at += 800) {
      const block = samples.subarray(at, at + 800);
      for (let f = 400; f <= 3200; f += 10) inBand += power(block, f);
      for (let f = 10; f <= 150; f += 10) below += power(block, f);
      for (let f = 3700; f < 4000; f += 10) above += power(block, f);
    }
    expect(10 * Math.log10(below / inBand)).toBeLessThan(-20);
    expect(10 * Math.log10(above / inBand)).toBeLessThan(-25);
  });

  it('holds nothing that a DTMF receiver takes for a digit', () => {
    const rows = [697, 770, 852, 941];
    const columns = [1209, 1336, 1477, 1633];
    for (const seed of SEEDS) {
      const samples = speechLike(seed, 30);
      let hits = 0;
      let inRow = 0;
      // Blocks of 102 samples; two in a row that hold 85 % of their energy in one row and one column tone are a digit.
      for (let at = 0; at + 102 <= samples.length; at += 102) {
        const block = samples.subarray(at, at + 102);
        if (dbov(block) < -45) {
          inRow = 0;
          continue;
        }
        const total = 10 ** (dbov(block) / 10) * 32768 ** 2;
        const row = Math.max(...rows.map((f) => power(block, f)));
        const column = Math.max(...columns.map((f) => power(block, f)));
        const twist = Math.abs(10 * Math.log10(row / column));
        inRow = row + column > 0.82 * total && twist < 8 ? inRow + 1 : 0;
        if (inRow === 2) hits++;
      }
      expect(hits).toBe(0);
    }
  });
});
