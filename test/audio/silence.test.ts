import { describe, expect, it } from 'vitest';
import { findSilence } from '../../src/audio/silence.js';
import { render } from '../../src/audio/sound.js';

describe('silence', () => {
  it('is found frame by frame, where nothing is louder than the least step of A-law', () => {
    const samples = new Int16Array(5 * 160);
    samples.fill(8, 160, 320);
    samples.fill(9, 320, 480);
    samples.fill(8000, 480, 640);
    expect(findSilence(samples, 160, false)).toEqual({ frames: Uint8Array.of(1, 1, 0, 0, 1), levelDbov: -127 });
  });

  it('is not found where something is said all the time', () => {
    expect(findSilence(new Int16Array(800).fill(1000), 160, false)).toBeNull();
  });

  it('is all of a sound in which nothing is said, as loud as the noise that lies there', () => {
    const hum = render({ audio: 'silence', noise: { kind: 'white', level: -55 } }, 8000, 1);
    const found = findSilence(hum, 160, true)!;
    expect(found.frames.every((frame) => frame === 1)).toBe(true);
    expect(found.levelDbov).toBeCloseTo(-55, 1);
  });

  it('is in the pauses of speech', () => {
    const { frames } = findSilence(render({ audio: 'speech' }, 8000, 1), 160, false)!;
    const share = frames.reduce((sum, frame) => sum + frame, 0) / frames.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.7);
  });

  it('of less than a frame is one frame', () => {
    expect(findSilence(new Int16Array(10), 160, false)?.frames).toEqual(Uint8Array.of(1));
  });
});
