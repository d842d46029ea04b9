import { describe, expect, it } from 'vitest';
import { AudioBlocks } from '../../src/audio/audio-blocks.js';
import { encodeG711, type Law, measureG711 } from '../../src/audio/g711.js';
import { speechLike } from '../../src/audio/speech.js';
import { ClippingMeter } from '../../src/quality/clipping.js';

const blocks = new AudioBlocks();
const speech = speechLike(2, 20);

function clippedRatio(samples: Int16Array, law: Law = 'PCMU'): number | null {
  const bytes = new Uint8Array(samples.length);
  encodeG711(law, samples, bytes);
  const meter = new ClippingMeter();
  for (let at = 0; at < bytes.length; at += 160) {
    if (!meter.isDue(1 + at / 160)) continue;
    measureG711(law, bytes, at, at + 160, blocks);
    meter.take(law, bytes, at, at + 160, blocks);
  }
  return meter.ratio;
}

const within = (samples: Int16Array, most: number): Int16Array =>
  samples.map((sample) => Math.max(-most, Math.min(most, sample)));

const shareFrom = (samples: Int16Array, least: number): number =>
  samples.filter((sample) => Math.abs(sample) >= least).length / samples.length;

function tone(hz: readonly number[], peak: number): Int16Array {
  return Int16Array.from({ length: 16_000 }, (_, i) =>
    hz.reduce((sum, f) => sum + (peak / hz.length) * Math.sin((2 * Math.PI * f * i) / 8000), 0),
  );
}

describe('clipping', () => {
  it('at full scale is the share of the samples at the rails', () => {
    for (const gain of [5, 10]) {
      const loud = speech.map((sample) => Math.max(-32768, Math.min(32767, sample * gain)));
      const share = shareFrom(loud, 32_000);
      expect(share).toBeGreaterThan(0.001);
      for (const law of ['PCMU', 'PCMA'] as const) {
        expect(clippedRatio(loud, law)! / share).toBeGreaterThan(0.8);
        expect(clippedRatio(loud, law)! / share).toBeLessThan(1.25);
      }
    }
  });

  it('below full scale is found too, the more of it the harder it clips, and never more than there is', () => {
    for (const law of ['PCMU', 'PCMA'] as const) {
      let before = 0;
      for (const dbov of [-20, -23, -26, -30]) {
        const most = Math.round(32_767 * 10 ** (dbov / 20));
        const ratio = clippedRatio(within(speech, most), law)!;
        expect(ratio).toBeGreaterThan(before);
        expect(ratio).toBeLessThan(shareFrom(speech, most));
        before = ratio;
      }
      expect(before).toBeGreaterThan(0.1);
    }
  });

  it('is still found when what was clipped was made quieter and encoded by the other law', () => {
    const quieter = within(speech, 2000).map((sample) => sample * 0.6);
    expect(clippedRatio(quieter, 'PCMA')).toBeGreaterThan(0.005);
  });

  it('is not found in speech at any level, in noise, in signalling tones, or in silence', () => {
    for (const gain of [0, 0.1, 0.5, 1, 2]) expect(clippedRatio(speech.map((sample) => sample * gain))).toBe(0);
    for (const hz of [
      [350, 440],
      [440, 480],
      [400, 450],
      [425],
      [440],
      [1000],
      [1004],
      [2000],
      [697, 1209],
      [941, 1633],
    ])
      for (const peak of [3000, 12_000]) expect(clippedRatio(tone(hz, peak))).toBe(0);
    expect(new ClippingMeter().ratio).toBeNull();
  });
});
