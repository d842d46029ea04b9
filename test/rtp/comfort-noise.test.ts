import { describe, expect, it } from 'vitest';
import { comfortNoiseLevelAt, writeComfortNoise } from '../../src/rtp/comfort-noise.js';

describe('comfort noise', () => {
  it('carries its level in dBov', () => {
    const bytes = new Uint8Array(4);
    for (const level of [0, -1, -40, -127]) {
      writeComfortNoise(bytes, 2, level);
      expect(comfortNoiseLevelAt(bytes, 2, 3)).toBe(0 + level);
    }
  });

  it('cuts off levels beyond what the byte holds', () => {
    const bytes = new Uint8Array(1);
    writeComfortNoise(bytes, 0, -300);
    expect(bytes[0]).toBe(127);
    writeComfortNoise(bytes, 0, 3);
    expect(bytes[0]).toBe(0);
  });

  it('is read with a spectrum behind it, with the reserved bit set, and not at all when it is empty', () => {
    expect(comfortNoiseLevelAt(Uint8Array.from([30, 120, 130]), 0, 3)).toBe(-30);
    expect(comfortNoiseLevelAt(Uint8Array.from([0x80 | 50]), 0, 1)).toBe(-50);
    expect(comfortNoiseLevelAt(new Uint8Array(3), 2, 2)).toBeNull();
  });
});
