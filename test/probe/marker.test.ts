import { describe, expect, it } from 'vitest';
import { makeNoise } from '../../src/audio/noise.js';
import { speechLike } from '../../src/audio/speech.js';
import { Rng } from '../../src/core/rng.js';
import { IDENTITIES, LEAD_MS, MARKER_DBOV, MARKER_MS, renderMarker, SYMBOLS, wordOf } from '../../src/probe/marker.js';
import { MarkerListener } from '../../src/probe/marker-listener.js';
import type { HeardMarker } from '../../src/probe/marker-window.js';
import { amplitudeAt } from '../audio/goertzel.js';
import { carry, channelOf, codecDelayMs } from './channel.js';

/** `PROBE_CHANNELS=2000` judges as docs/quality.md states it. */
const CHANNELS = Number(process.env.PROBE_CHANNELS ?? 24);

/** What is heard of samples at 8 kHz that are played from 1000 ms on, in blocks of so many. */
function heardOf(samples: Int16Array, block = 160): HeardMarker[] {
  const listener = new MarkerListener();
  for (let at = 0; at < samples.length; at += block)
    listener.listen(samples.subarray(at), Math.min(block, samples.length - at), 1000 + at / 8);
  listener.close();
  return listener.heard;
}

function markerIn(seconds: number, at: number, identity: number): Int16Array {
  const samples = new Int16Array(seconds * 8000);
  samples.set(renderMarker(identity, 8000), at);
  return samples;
}

describe('a marker', () => {
  it('differs from any other in ten of its sixteen tones, and has no tone more than four times', () => {
    let least = SYMBOLS;
    for (let a = 0; a < IDENTITIES; a++) {
      for (let b = 0; b < a; b++)
        least = Math.min(
          least,
          wordOf(a).reduce((n, tone, i) => n + Number(tone !== wordOf(b)[i]), 0),
        );
      const times = new Map<number, number>();
      for (const tone of wordOf(a)) times.set(tone, (times.get(tone) ?? 0) + 1);
      expect(Math.max(...times.values())).toBeLessThanOrEqual(4);
    }
    expect(least).toBe(10);
  });

  it.each([8000, 16000, 48000])('is the same sound at %i Hz, between silence', (rate) => {
    const samples = renderMarker(77, rate);
    expect(samples.length).toBe((MARKER_MS * rate) / 1000);
    const [lead, symbol] = [(LEAD_MS * rate) / 1000, (20 * rate) / 1000];
    expect(samples.subarray(0, lead).every((sample) => sample === 0)).toBe(true);
    expect(samples.subarray(lead + SYMBOLS * symbol).every((sample) => sample === 0)).toBe(true);
    // The first symbol is the sync tone, at the level stated.
    const first = Float64Array.from(samples.subarray(lead + symbol / 4, lead + symbol));
    const rms = Math.sqrt(first.reduce((sum, x) => sum + x * x, 0) / first.length);
    expect(20 * Math.log10(rms / 32768)).toBeCloseTo(MARKER_DBOV, 0);
    expect(amplitudeAt(samples.subarray(lead + symbol / 4, lead + symbol), 2950, rate)).toBeGreaterThan(
      0.95 * rms * Math.SQRT2,
    );
  });

  it('is heard at its time and level, whatever the blocks are', () => {
    for (const block of [80, 160, 240, 480]) {
      const [marker, ...others] = heardOf(markerIn(2, 3333, 300), block);
      expect(others).toEqual([]);
      expect(marker.identity).toBe(300);
      expect(marker.atMs).toBeCloseTo(1000 + 3333 / 8, 0);
      expect(Math.abs(marker.levelDbov - MARKER_DBOV)).toBeLessThan(0.5);
    }
  });

  it('is heard when the call ends right after it, and again and again', () => {
    expect(heardOf(markerIn(1, 8000 - 2880, 9)).map(({ identity }) => identity)).toEqual([9]);
    const samples = new Int16Array(8 * 2880);
    for (let i = 0; i < 8; i++) samples.set(renderMarker(i * 60, 8000), i * 2880);
    expect(heardOf(samples).map(({ identity }) => identity)).toEqual([0, 60, 120, 180, 240, 300, 360, 420]);
  });

  it('is told from another one although a third of it is lost', () => {
    const samples = markerIn(2, 4000, 511);
    for (const symbol of [1, 4, 7, 9, 14]) samples.fill(0, 4160 + symbol * 160, 4160 + (symbol + 1) * 160);
    expect(heardOf(samples).map(({ identity }) => identity)).toEqual([511]);
  });

  it('is not heard in speech, noise, tones and bursts of its own sync tone', () => {
    expect(heardOf(speechLike(5, 60, 8000))).toEqual([]);
    for (const colour of ['white', 'pink', 'brown'] as const) {
      const noise = makeNoise(colour, 20 * 8000, 8000, new Rng(4));
      expect(heardOf(Int16Array.from(noise, (x) => 1000 * x))).toEqual([]);
    }
    const tone = (hz: number, gate: (i: number) => boolean) =>
      Int16Array.from({ length: 10 * 8000 }, (_, i) => (gate(i) ? 4000 * Math.sin((2 * Math.PI * hz * i) / 8000) : 0));
    for (const hz of [440, 1000, 2800, 2950]) expect(heardOf(tone(hz, () => true))).toEqual([]);
    expect(heardOf(tone(2950, (i) => i % 480 < 160))).toEqual([]);
  });
});

describe('a channel of G.711 that loses the first packet of a marker', () => {
  it.each([512, 521, 660])('brings that marker all the same (channel %i)', (number) => {
    const channel = channelOf(number);
    expect(carry(channel).markers.map(({ identity }) => identity)).toEqual([channel.identity]);
  });
});

describe(`${CHANNELS} channels with loss, jitter, noise, other levels and codecs`, () => {
  it(
    'bring every marker at its time and nothing that none said',
    () => {
      const errors: number[] = [];
      const count = { missed: 0, wrong: 0, false: 0 };
      for (let number = 0; number < CHANNELS; number++) {
        const channel = channelOf(number);
        const { markers, playedMs } = carry(channel);
        const own = markers.find(({ identity }) => identity === channel.identity);
        if (own) errors.push(Math.abs(own.atMs - playedMs! - codecDelayMs(channel.codec)));
        else count.missed++;
        count.wrong += markers.filter(({ identity }) => identity !== channel.identity).length;
        count.false += carry({ ...channel, number: channel.number + 1e6 }, false).markers.length;
      }
      errors.sort((a, b) => a - b);
      expect(errors[Math.ceil(0.99 * errors.length) - 1]).toBeLessThanOrEqual(5);
      expect(count.missed).toBeLessThanOrEqual(0.005 * CHANNELS);
      expect(count.wrong + count.false).toBeLessThanOrEqual(0.001 * CHANNELS);
    },
    30_000 + 1000 * CHANNELS,
  );
});
