import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { DTMF_COLUMNS, DTMF_KEYS, DTMF_ROWS, dtmfTones } from '../../src/audio/dtmf-tones.js';
import { decodeG711, encodeG711 } from '../../src/audio/g711.js';
import { DtmfDetector } from '../../src/quality/dtmf-detector.js';

const RAW = ['-t', 'raw', '-r', '8000', '-b', '16', '-e', 'signed', '-c', '1'];
const MOST_BYTES = 2 ** 29;

function sox(args: string[], input?: Buffer): Buffer {
  return execFileSync('sox', ['-V1', ...args], { input, maxBuffer: MOST_BYTES });
}

function hear(raw: Buffer): string {
  const samples = new Int16Array(raw.length >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = raw.readInt16LE(2 * i);
  const detector = new DtmfDetector();
  for (let at = 0; at < samples.length; at += 160)
    detector.listen(samples.subarray(at), Math.min(160, samples.length - at), at / 8);
  detector.close();
  return detector.digits;
}

/** The keys as sox makes their tones, each of `toneMs` and followed by as long a pause. */
function soxKeys(toneMs: number, gainDb: number): Buffer {
  const key = (at: number): string[] => {
    const tones = ['sine', String(DTMF_ROWS[at >> 2]), 'sine', String(DTMF_COLUMNS[at & 3])];
    const length = String(toneMs / 1000);
    return ['-n', ...RAW, '-', 'synth', length, ...tones, 'channels', '1', 'gain', String(gainDb), 'pad', '0', length];
  };
  return Buffer.concat([...DTMF_KEYS].map((_, at) => sox(key(at))));
}

describe('DTMF tones', () => {
  it.each([
    [40, -6],
    [70, -30],
  ])('of sox, %d ms long and at %d dB, are heard, each key', (toneMs, gainDb) => {
    expect(hear(soxKeys(toneMs, gainDb))).toBe(DTMF_KEYS);
  });

  it.each(['PCMU', 'PCMA'] as const)('of ours over %s are heard by multimon-ng, each key', (law) => {
    const digits = DTMF_KEYS.repeat(2);
    const samples = Int16Array.from(dtmfTones({ digits, toneMs: 80, gapMs: 80, levelDbm0: -10, twistDb: 0 }, 8000));
    const encoded = new Uint8Array(samples.length);
    encodeG711(law, samples, encoded);
    const decoded = new Int16Array(samples.length);
    decodeG711(law, encoded, 0, encoded.length, decoded);
    const at22k = sox([...RAW, '-', ...RAW.slice(0, 2), '-r', '22050', '-'], Buffer.from(decoded.buffer));
    const text = execFileSync('multimon-ng', ['-q', '-a', 'DTMF', '-t', 'raw', '-'], {
      input: at22k,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    expect([...text.matchAll(/^DTMF: (.)$/gm)].map(([, digit]) => digit).join('')).toBe(digits);
  });

  it('are not heard in speech of espeak-ng', () => {
    // TALK_OFF_MINUTES=30 for the whole of it.
    const minutes = Number(process.env.TALK_OFF_MINUTES ?? 1);
    const voices = ['en-gb', 'en-us+f3', 'de', 'fr+m2', 'es', 'en-gb+f2'];
    const line =
      'Please enter your account number, one, two, three, four, five, six, seven, eight, nine, and the pound key. ';
    let seconds = 0;
    for (let i = 0; seconds < minutes * 60; i++) {
      const speed = String(120 + ((i * 17) % 90));
      const pitch = String(20 + ((i * 23) % 70));
      const text = [...line.repeat(3)].map((c, at) => ((at + i) % 41 === 0 ? `${c} ${(i * 7919 + at) % 10_000} ` : c));
      const args = ['-v', voices[i % voices.length], '-s', speed, '-p', pitch, '--stdout', text.join('')];
      const speech = execFileSync('espeak-ng', args, { maxBuffer: MOST_BYTES });
      const raw = sox(['-t', 'wav', '-', ...RAW, '-', 'gain', '-n', String(-3 * (i % 4))], speech);
      seconds += raw.length / 16_000;
      expect(hear(raw)).toBe('');
    }
    expect(seconds).toBeGreaterThanOrEqual(minutes * 60);
  });
});
