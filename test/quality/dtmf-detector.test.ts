import { describe, expect, it } from 'vitest';
import { amplitudeOf, DTMF_COLUMNS, DTMF_KEYS, DTMF_ROWS, dtmfTones } from '../../src/audio/dtmf-tones.js';
import { makeNoise } from '../../src/audio/noise.js';
import { speechLike } from '../../src/audio/speech.js';
import { Rng } from '../../src/core/rng.js';
import { DtmfDetector } from '../../src/quality/dtmf-detector.js';

const RATE = 8000;
const KEYS = [...DTMF_KEYS];
/** A digit may begin anywhere within a filter's block of 102 samples. */
const OFFSETS = [0, 17, 34, 51, 68, 85];

interface Tone {
  toneMs?: number;
  /** Off their frequencies, as a share of them. */
  row?: number;
  column?: number;
  levelDbm0?: number;
  twistDb?: number;
  snrDb?: number;
  holeMs?: number;
}

function hear(signal: Float64Array): DtmfDetector {
  const detector = new DtmfDetector();
  const samples = Int16Array.from(signal, (x) => Math.round(Math.max(-32768, Math.min(32767, x))));
  for (let at = 0; at < samples.length; at += 160)
    detector.listen(samples.subarray(at), Math.min(160, samples.length - at), (at * 1000) / RATE);
  detector.close();
  return detector;
}

function tone(digit: string, offset: number, spec: Tone): Float64Array {
  const { toneMs = 40, row = 0, column = 0, levelDbm0 = -10, twistDb = 0, snrDb, holeMs = 0 } = spec;
  const key = DTMF_KEYS.indexOf(digit);
  const start = 400 + offset;
  const length = Math.round((toneMs * RATE) / 1000);
  const signal = new Float64Array(start + length + 800);
  const [low, high] = [DTMF_ROWS[key >> 2] * (1 + row), DTMF_COLUMNS[key & 3] * (1 + column)];
  for (let i = 0; i < length; i++)
    signal[start + i] =
      amplitudeOf(levelDbm0 - twistDb / 2) * Math.sin((2 * Math.PI * low * i) / RATE) +
      amplitudeOf(levelDbm0 + twistDb / 2) * Math.sin((2 * Math.PI * high * i) / RATE + 1);
  const hole = start + Math.round(length / 2);
  signal.fill(0, hole, hole + (holeMs * RATE) / 1000);
  if (snrDb === undefined) return signal;
  const noise = makeNoise('white', signal.length, RATE, new Rng(offset + 1));
  const rms = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0) / noise.length);
  const gain = (amplitudeOf(levelDbm0) * 10 ** (-snrDb / 20)) / rms;
  return signal.map((x, i) => x + gain * noise[i]);
}

/** Share of the sixteen keys, wherever they begin, that are heard as what they are and nothing beside. */
function share(spec: Tone): number {
  let heard = 0;
  for (const key of KEYS) for (const offset of OFFSETS) if (hear(tone(key, offset, spec)).digits === key) heard++;
  return heard / (KEYS.length * OFFSETS.length);
}

describe('a detector of DTMF tones (ITU-T Q.24)', () => {
  it.each([40, 60, 100])('hears every key with tones and pauses of %d ms', (ms) => {
    const digits = DTMF_KEYS.repeat(3);
    expect(hear(dtmfTones({ digits, toneMs: ms, gapMs: ms, levelDbm0: -10, twistDb: 0 }, RATE)).digits).toBe(digits);
  });

  it('hears tones of 40 ms, and none of 23 ms', () => {
    expect(share({ toneMs: 40 })).toBe(1);
    expect(share({ toneMs: 38 })).toBe(1);
    for (const toneMs of [10, 20, 23, 26]) expect(share({ toneMs })).toBe(0);
  });

  it('hears tones that are off by 1.5 %, either way, and none that is off by 3.5 %', () => {
    for (const off of [-0.015, 0.015]) {
      expect(share({ row: off, column: off })).toBe(1);
      expect(share({ row: off, column: -off })).toBe(1);
    }
    for (const off of [-0.035, 0.035]) {
      expect(share({ row: off, toneMs: 60 })).toBe(0);
      expect(share({ column: off, toneMs: 60 })).toBe(0);
    }
  });

  it('hears levels from 0 to −36 dBm0, and none of −45', () => {
    for (const levelDbm0 of [0, -25, -36]) expect(share({ levelDbm0 })).toBe(1);
    expect(share({ levelDbm0: -45 })).toBe(0);
  });

  it('hears a twist of 8 dB either way, and none of 13 dB', () => {
    for (const twistDb of [-8, 8]) expect(share({ twistDb, toneMs: 50 })).toBeGreaterThanOrEqual(0.98);
    for (const twistDb of [-4, 4]) expect(share({ twistDb })).toBeGreaterThanOrEqual(0.99);
    for (const twistDb of [-13, 13]) expect(share({ twistDb, toneMs: 60 })).toBe(0);
  });

  it('hears through noise 15 dB below the tones', () => {
    expect(share({ snrDb: 15 })).toBe(1);
    expect(share({ snrDb: 15, row: 0.015, column: 0.015 })).toBe(1);
  });

  it('takes an interruption of 10 ms, and a lost packet of 20 ms, for no pause', () => {
    for (const holeMs of [10, 20]) expect(share({ toneMs: 120, holeMs })).toBe(1);
    const [digit] = hear(tone('5', 0, { toneMs: 120, holeMs: 20 })).list();
    expect(Math.abs(digit.durationMs! - 120)).toBeLessThan(6);
  });

  it('takes a pause of 40 ms between equal digits for one, wherever it lies', () => {
    for (const offset of OFFSETS) {
      const lead = new Float64Array(offset);
      const keys = dtmfTones({ digits: '5555', toneMs: 45, gapMs: 40, levelDbm0: -10, twistDb: 0 }, RATE);
      const signal = new Float64Array(offset + keys.length);
      signal.set(lead);
      signal.set(keys, offset);
      expect(hear(signal).digits).toBe('5555');
    }
  });

  it('says when a digit began, how long and how loud it was, and its twist', () => {
    for (const key of KEYS)
      for (const offset of OFFSETS) {
        const [digit] = hear(
          tone(key, offset, { toneMs: 80, levelDbm0: -14, twistDb: 3, row: 0.01, column: 0.01 }),
        ).list();
        expect(Math.abs(digit.startMs - (400 + offset) / 8)).toBeLessThan(5);
        expect(Math.abs(digit.durationMs! - 80)).toBeLessThan(8);
        expect(Math.abs(digit.volumeDbm0! + 14)).toBeLessThan(1);
        expect(Math.abs(digit.twistDb! - 3)).toBeLessThan(1);
      }
  });

  it('hears no digit in what is no digit: one tone, dial tone, ringback, busy, speech, noise, silence', () => {
    const sines = (...frequencies: number[]): Float64Array =>
      Float64Array.from({ length: 3 * RATE }, (_, i) =>
        frequencies.reduce((sum, f) => sum + 4000 * Math.sin((2 * Math.PI * f * i) / RATE), 0),
      );
    for (const frequencies of [[697], [1209], [350, 440], [440, 480], [480, 620], [425], [1100], [2100], [697, 770]])
      expect(hear(sines(...frequencies)).digits).toBe('');
    expect(hear(Float64Array.from(speechLike(1, 60, RATE))).digits).toBe('');
    expect(hear(makeNoise('white', 10 * RATE, RATE, new Rng(1)).map((x) => x * 4000)).digits).toBe('');
    expect(hear(new Float64Array(RATE)).digits).toBe('');
  });
});
