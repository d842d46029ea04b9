import { describe, expect, it } from 'vitest';
import { speechLike } from '../../src/audio/speech.js';
import { NoiseFloorMeter } from '../../src/quality/noise-floor.js';
import { material } from '../support/speech-levels.js';

const speech = speechLike(5, 10);

function noiseFloor(samples: Int16Array, packetSamples = 160): number | null {
  const meter = new NoiseFloorMeter();
  for (let at = 0; at + packetSamples <= samples.length; at += packetSamples) {
    let sum = 0;
    for (let i = at; i < at + packetSamples; i++) sum += samples[i] ** 2;
    meter.take(sum / packetSamples);
  }
  return meter.levelDbov;
}

describe('the noise floor', () => {
  it('is the level of the noise between words, within 1 dB, for speech all the time or seldom', () => {
    for (const activity of [0.2, 0.6, 1])
      for (const [levelDbov, snrDb] of [
        [-16, 15],
        [-26, 20],
        [-36, 30],
      ])
        for (const packetSamples of [80, 160, 480]) {
          const samples = material(speech, { seconds: 10, activity, levelDbov, snrDb });
          expect(Math.abs(noiseFloor(samples, packetSamples)! - (levelDbov - snrDb))).toBeLessThan(1);
        }
  });

  it('is that of one step of 16 bits in digital silence, and below the words where there is no noise', () => {
    expect(noiseFloor(new Int16Array(8000))).toBeCloseTo(-90.31, 2);
    const clean = material(speech, { seconds: 10, activity: 0.6, levelDbov: -26, snrDb: null });
    expect(noiseFloor(clean)).toBeCloseTo(-90.31, 2);
    expect(new NoiseFloorMeter().levelDbov).toBeNull();
  });
});
