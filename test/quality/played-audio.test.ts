import { describe, expect, it } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { loadOpus } from '../../src/audio/opus.js';
import { CODECS, type DecodedCodec } from '../../src/core/codecs.js';
import { kindsOf } from '../../src/quality/heard-payload.js';
import { LISTENING_RATE, type Listener, PlayedAudio } from '../../src/quality/played-audio.js';
import { amplitudeAt, sine } from '../audio/goertzel.js';

/** Keeps all it hears, and when. */
class Ear implements Listener {
  readonly samples: number[] = [];
  readonly blocks: { atMs: number; count: number }[] = [];

  listen(samples: Int16Array, count: number, atMs: number): void {
    this.blocks.push({ atMs, count });
    for (let i = 0; i < count; i++) this.samples.push(samples[i]);
  }

  /** The first sample above a tenth of full scale, as a moment. */
  get onsetMs(): number {
    const at = this.samples.findIndex((sample) => Math.abs(sample) > 3000);
    return this.blocks[0].atMs + (at * 1000) / LISTENING_RATE;
  }
}

/** Needs to hear what is loud and what follows, and has time for it. */
class PatientEar extends Ear {
  readonly patienceMs = 300;

  mayNeed(linear: Float64Array, bytes: Uint8Array, start: number, end: number): boolean {
    return bytes.subarray(start, end).some((code) => Math.abs(linear[code]) > 3000);
  }

  restsUntil(nowMs: number, isWatched: boolean): number {
    return isWatched && this.blocks.length === 1 ? Number.POSITIVE_INFINITY : nowMs;
  }
}

const PTIME_MS = 20;
const BUFFER_MS = 60;

/** Packets of a tone that begins after 200 ms of silence. */
function toneBy(codec: DecodedCodec, seconds = 1): { audio: EncodedAudio; kind: number; units: number } {
  const { sampleRate, clockRate } = CODECS[codec];
  const samples = new Int16Array(sampleRate * (seconds + 0.2));
  samples.set(sine(1000, sampleRate, seconds, 12_000), sampleRate * 0.2);
  const audio = EncodedAudio.encode(samples, codec, PTIME_MS, true);
  return { audio, kind: kindsOf({ 96: codec }, true)[96], units: (clockRate / 1000) * PTIME_MS };
}

function play(
  codec: DecodedCodec,
  fate: (i: number) => number | null = (i) => 1000 + i * PTIME_MS,
  order = (frames: number) => [...Array(frames).keys()],
): Ear {
  const ear = new Ear();
  const played = new PlayedAudio([ear], { kind: 'fixed', delayMs: BUFFER_MS });
  const { audio, kind, units } = toneBy(codec);
  for (const i of order(audio.frames)) {
    const arrivalMs = fate(i);
    if (arrivalMs === null) continue;
    const start = i * audio.frameBytes;
    played.hear(kind, audio.bytes, start, start + audio.frameBytes, 7, (0x7fffff00 + i * units) | 0, arrivalMs);
  }
  played.close(1e9);
  return ear;
}

describe('played audio', () => {
  it.each(['PCMU', 'PCMA', 'G722', 'L16/8000', 'L16/16000', 'opus'] as const)(
    'of %s is the tone that was sent, behind the buffer and no more than the codec delays it',
    (codec) => {
      if (codec === 'opus') loadOpus();
      const ear = play(codec);
      expect(ear.blocks[0].atMs).toBeCloseTo(1000 + BUFFER_MS, codec === 'PCMU' ? 6 : -1);
      expect(ear.samples.length).toBe(1.2 * LISTENING_RATE);
      const middle = ear.samples.slice(0.4 * LISTENING_RATE, LISTENING_RATE);
      expect(amplitudeAt(middle, 1000, LISTENING_RATE)).toBeGreaterThan(11_000);
      expect(amplitudeAt(middle, 1000, LISTENING_RATE)).toBeLessThan(13_000);
      // Opus looks ahead 6.5 ms, G.722's filters 1.4 ms (RFC 6716 2.1.8, G.722).
      expect(ear.onsetMs - (1000 + BUFFER_MS + 200)).toBeGreaterThan(-1);
      expect(ear.onsetMs - (1000 + BUFFER_MS + 200)).toBeLessThan(codec === 'opus' ? 8 : 2);
    },
  );

  it('plays packets in the order of their timestamps, each once', () => {
    const swapped = (frames: number) =>
      [...Array(frames).keys()].map((i) => (i === 0 ? 0 : i % 2 === 1 ? Math.min(i + 1, frames - 1) : i - 1));
    const inOrder = play('PCMU');
    const reordered = play('PCMU', (i) => 1010 + i * PTIME_MS, swapped);
    expect(reordered.samples.slice(0, 8000)).toEqual(inOrder.samples.slice(0, 8000));
    const twice = play('PCMU', undefined, (frames) => [...Array(2 * frames).keys()].map((i) => i >> 1));
    expect(twice.samples).toEqual(inOrder.samples);
  });

  it('has silence in the place of what was lost or came too late, and no hole', () => {
    const whole = play('PCMU');
    const broken = play('PCMU', (i) => (i === 20 ? null : 1000 + i * PTIME_MS + (i === 30 ? BUFFER_MS + 5 : 0)));
    const expected = whole.samples.map((sample, at) =>
      (at >= 3200 && at < 3360) || (at >= 4800 && at < 4960) ? 0 : sample,
    );
    expect(broken.samples).toEqual(expected);
    for (let i = 1; i < broken.blocks.length; i++) {
      const before = broken.blocks[i - 1];
      expect(broken.blocks[i].atMs).toBeCloseTo(before.atMs + (before.count * 1000) / LISTENING_RATE, 6);
    }
  });

  it('goes on with silence while nothing comes, once the time has come', () => {
    const ear = new Ear();
    const played = new PlayedAudio([ear], { kind: 'fixed', delayMs: BUFFER_MS });
    const { audio, kind } = toneBy('PCMU');
    played.playUntil(500);
    expect(ear.samples.length).toBe(0);
    played.hear(kind, audio.bytes, 0, audio.frameBytes, 7, 0, 1000);
    played.playUntil(1070);
    expect(ear.samples.length).toBe(0);
    played.playUntil(1200);
    // 20 ms are left to packets that arrived and were not read yet: heard is what was played from 1060 to 1180.
    expect(ear.samples.length).toBe(0.12 * LISTENING_RATE);
    expect(ear.blocks[0].atMs).toBe(1060);
  });

  it('is no silence of years where the clock of a capture was set, and goes on after it', () => {
    const ear = new Ear();
    const played = new PlayedAudio([ear], { kind: 'fixed', delayMs: BUFFER_MS });
    const { audio, kind, units } = toneBy('PCMU');
    const later = 56 * 365 * 86_400_000;
    for (let i = 0; i < 120; i++) {
      const start = (i % audio.frames) * audio.frameBytes;
      const atMs = i * PTIME_MS + (i < 60 ? 0 : later);
      played.hear(kind, audio.bytes, start, start + audio.frameBytes, 7, i * units, atMs);
    }
    played.close(later + 10_000);
    expect(ear.samples.length).toBeGreaterThan(2 * 1.2 * LISTENING_RATE);
    expect(ear.samples.length).toBeLessThan(6 * LISTENING_RATE);
    expect(ear.blocks.at(-1)!.atMs).toBeGreaterThan(later);
  });

  it('is told of at once to who has patience, from the packet on that was needed', () => {
    const ear = new PatientEar();
    const played = new PlayedAudio([ear], { kind: 'fixed', delayMs: BUFFER_MS });
    const { audio, kind, units } = toneBy('PCMU');
    const blocksAt = new Map<number, number>();
    for (let i = 0; i < 30; i++) {
      const nowMs = 1000 + i * PTIME_MS;
      const start = i * audio.frameBytes;
      played.hear(kind, audio.bytes, start, start + audio.frameBytes, 7, i * units, nowMs);
      blocksAt.set(nowMs, ear.blocks.length);
    }
    // The tone begins with what is played at 1260; before it only the first packet was played, to find that nobody needs it.
    const loudMs = 1000 + BUFFER_MS + 200;
    expect(blocksAt.get(loudMs + ear.patienceMs - PTIME_MS)).toBe(1);
    const first = ear.blocks[1];
    const told = blocksAt.get(loudMs + ear.patienceMs)! - 1;
    expect(first.atMs).toBe(loudMs);
    expect(told).toBe(ear.patienceMs / PTIME_MS);
    for (let i = 2; i < ear.blocks.length; i++) expect(ear.blocks[i].atMs).toBe(ear.blocks[i - 1].atMs + PTIME_MS);
  });

  it('is bounded by what waits, whatever the timestamps say', () => {
    const ear = new Ear();
    const played = new PlayedAudio([ear], { kind: 'fixed', delayMs: BUFFER_MS });
    const { audio, kind } = toneBy('PCMU');
    let timestamp = 0;
    for (let i = 0; i < 5000; i++) {
      timestamp = (timestamp + (i % 7 === 0 ? 123_456_789 : 160)) | 0;
      played.hear(kind, audio.bytes, 0, audio.frameBytes, i % 3, timestamp, 1000 + i);
    }
    played.close(6000);
    expect(ear.samples.length).toBeLessThan(8 * LISTENING_RATE);
  });
});
