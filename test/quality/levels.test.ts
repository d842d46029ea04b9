import { describe, expect, it } from 'vitest';
import { AudioBlocks } from '../../src/audio/audio-blocks.js';
import { encodeG711, type Law, measureG711 } from '../../src/audio/g711.js';
import { dbovOf, LevelMeter } from '../../src/quality/levels.js';

const blocks = new AudioBlocks();

function energyOf(law: Law, bytes: Uint8Array, start: number, end: number): number {
  measureG711(law, bytes, start, end, blocks);
  return blocks.energy;
}

/** Energy of 20 ms at a level. */
function energyAt(dbov: number): number {
  return 160 * 32768 ** 2 * 10 ** (dbov / 10);
}

/** Gives 20 ms packets of one level to the meter from `fromMs` on. */
function speak(meter: LevelMeter, fromMs: number, ms: number, dbov: number): void {
  for (let at = fromMs; at < fromMs + ms; at += 20) meter.addAudio(energyAt(dbov), 160, at);
}

describe('levels', () => {
  it('are relative to a full-scale square wave: a full-scale sine has −3 dBov in both laws', () => {
    const sine = Int16Array.from({ length: 8000 }, (_, i) => 32000 * Math.sin((2 * Math.PI * 440 * i) / 8000));
    for (const law of ['PCMU', 'PCMA'] as const) {
      const bytes = new Uint8Array(sine.length + 3);
      encodeG711(law, sine, bytes, 3);
      expect(Math.abs(dbovOf(energyOf(law, bytes, 3, bytes.length) / 8000) - (-3.01 - 0.206))).toBeLessThan(0.05);
    }
  });

  it('take the smallest values of both laws as digital silence', () => {
    for (const [law, codes] of [
      ['PCMU', [0xff, 0x7f, 0xfe, 0x7e]],
      ['PCMA', [0xd5, 0x55]],
    ] as const) {
      const meter = new LevelMeter(8000);
      for (const code of codes) meter.addAudio(energyOf(law, new Uint8Array(160).fill(code), 0, 160), 160, 0);
      expect([meter.silentPackets, meter.levelDbov]).toEqual([codes.length, null]);
    }
    const meter = new LevelMeter(8000);
    meter.addAudio(energyOf('PCMA', new Uint8Array(160).fill(0xd4), 0, 160), 160, 0);
    expect(meter.silentPackets).toBe(0);
  });

  it('count the seconds above −50 dBov from the answer on', () => {
    const meter = new LevelMeter(8000);
    meter.expect(true, 1000);
    speak(meter, 1000, 2000, -26);
    speak(meter, 3000, 2000, -51);
    speak(meter, 5000, 1000, -49);
    expect(meter.secondsAt(6000)).toEqual({ secondsExpected: 5, secondsHeard: 3, expectedMs: 5000 });
  });

  it('average over the whole second: what does not come is silence', () => {
    const meter = new LevelMeter(8000);
    meter.expect(true, 0);
    // 20 ms at −40 dBov are −57 in the second; at −26 they are −43.
    meter.addAudio(energyAt(-40), 160, 100);
    meter.addAudio(energyAt(-26), 160, 1100);
    expect(meter.secondsAt(10_000)).toMatchObject({ secondsExpected: 10, secondsHeard: 1 });
  });

  it('judge a last part of a second from half a second on', () => {
    const meter = new LevelMeter(8000);
    meter.expect(true, 0);
    speak(meter, 0, 1480, -26);
    expect(meter.secondsAt(1480)).toMatchObject({ secondsExpected: 1, secondsHeard: 1 });
    speak(meter, 1480, 40, -26);
    expect(meter.secondsAt(1520)).toMatchObject({ secondsExpected: 2, secondsHeard: 2 });
    expect(meter.secondsAt(400)).toMatchObject({ secondsExpected: 1 });
  });

  it('leave out the seconds in which nothing was expected', () => {
    const meter = new LevelMeter(8000);
    meter.expect(true, 0);
    speak(meter, 0, 3300, -26);
    meter.expect(false, 3300);
    speak(meter, 3300, 10_000, -80);
    meter.expect(true, 20_000);
    speak(meter, 20_000, 2000, -26);
    expect(meter.secondsAt(22_000)).toEqual({ secondsExpected: 5, secondsHeard: 5, expectedMs: 5300 });
    expect(meter.quietRatio).toBe(0);
  });

  it('share the packets into silent, quiet and loud ones, and level the loud', () => {
    const meter = new LevelMeter(8000);
    meter.expect(true, 0);
    speak(meter, 0, 60, -30);
    speak(meter, 60, 20, -60);
    meter.addAudio(0, 160, 80);
    meter.addComfortNoise(null);
    expect(meter.silentRatio).toBeCloseTo(2 / 6, 9);
    expect(meter.quietRatio).toBeCloseTo(3 / 6, 9);
    expect(meter.levelDbov).toBeCloseTo(10 * Math.log10((3 * 1e-3 + 1e-6) / 4), 6);
    expect(new LevelMeter(8000)).toMatchObject({ silentRatio: null, quietRatio: null, levelDbov: null });
  });

  it('say what comfort noise said of itself, on average, and nothing where it said nothing', () => {
    const meter = new LevelMeter(8000);
    meter.addComfortNoise(null);
    expect(meter).toMatchObject({ comfortNoisePackets: 1, comfortNoiseDbov: null });
    meter.addComfortNoise(-40);
    meter.addComfortNoise(-70);
    expect(meter).toMatchObject({ comfortNoisePackets: 3, comfortNoiseDbov: -55 });
  });
});
