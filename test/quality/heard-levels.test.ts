import { describe, expect, it } from 'vitest';
import { encodeG711 } from '../../src/audio/g711.js';
import { encodeL16 } from '../../src/audio/l16.js';
import { speechLike } from '../../src/audio/speech.js';
import { Rng } from '../../src/core/rng.js';
import type { HeardSpec } from '../../src/quality/heard-spec.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import type { HeardReport } from '../../src/quality/reports.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';
import { writeEvent } from '../../src/rtp/telephone-event.js';
import { pipelineOf } from '../impair/harness.js';
import { material, p56 } from '../support/speech-levels.js';

const SECOND = 8000;
const speech = speechLike(9, 10);

const SPEC: HeardSpec = {
  acceptPayloadTypes: { 0: 'PCMU', 13: 'CN', 96: 'L16/8000', 101: 'telephone-event' },
  jitterBuffer: { kind: 'fixed', delayMs: 60 },
  mediaTimeoutMs: 60_000,
  bpl: 25.1,
  expectAudio: true,
  hearDigits: true,
  clockRate: 8000,
  ownSsrc: 1,
};

/** A far end, what lies on the way, and what is heard of it. */
class Call {
  sequence = 65_500;
  timestamp = 0x7fff_f000;
  atMs = 1000;
  readonly stream = new HeardStream(SPEC);
  private readonly line;

  constructor(...faults: object[]) {
    this.line = pipelineOf(3, ...faults);
    this.stream.onAnswer(this.atMs);
  }

  /** @param isLost of the packet's number */
  speak(samples: Int16Array, isLost: (packet: number) => boolean = () => false): void {
    for (let at = 0, packet = 0; at + 160 <= samples.length; at += 160, packet++) {
      const payload = new Uint8Array(160);
      encodeG711('PCMU', samples.subarray(at, at + 160), payload);
      this.send(0, payload, 160, isLost(packet));
    }
  }

  /** One packet of comfort noise, then nothing. */
  pause(ms: number, noiseDbov: number): void {
    this.send(13, Uint8Array.of(-noiseDbov), 0, false);
    this.wait(ms - 20);
    this.timestamp += 160;
  }

  wait(ms: number): void {
    this.atMs += ms;
    this.timestamp += ms * 8;
  }

  send(type: number, payload: Uint8Array, units: number, isLost: boolean): void {
    const packet = new Uint8Array(12 + payload.length);
    writeRtpHeader(packet, 0, false, type, this.sequence & 0xffff, this.timestamp >>> 0, 77);
    packet.set(payload, 12);
    this.line.apply(packet, 0, packet.length, this.atMs);
    if (!isLost) this.stream.onRtp(packet, 0, packet.length, this.atMs);
    this.sequence++;
    this.timestamp += units;
    this.atMs += 20;
  }

  get report(): HeardReport {
    return this.stream.report(this.atMs);
  }
}

/** What is heard of turns of speech behind faults of the profile. */
function behind(...faults: object[]): HeardReport {
  const call = new Call(...faults);
  call.speak(material(speech, { seconds: 20, activity: 0.6, levelDbov: -26, snrDb: 40 }));
  return call.report;
}

describe('levels of a heard stream', () => {
  it('are those of the speech that was sent', () => {
    const report = behind();
    expect(Math.abs(report.activeLevelDbov! + 26)).toBeLessThan(0.3);
    expect(Math.abs(report.activityFactor! - 0.65)).toBeLessThan(0.07);
    expect(Math.abs(report.noiseFloorDbov! + 66)).toBeLessThan(1.5);
    expect(report.clippedRatio).toBe(0);
  });

  it('show a fault of the gain as that: everything is quieter by as much', () => {
    const [clean, quiet] = [behind(), behind({ kind: 'gain', db: -10 })];
    expect(quiet.activeLevelDbov! - clean.activeLevelDbov!).toBeCloseTo(-10, 0);
    expect(Math.abs(quiet.activeLevelDbov! - clean.activeLevelDbov! + 10)).toBeLessThan(0.1);
    expect(Math.abs(quiet.activityFactor! - clean.activityFactor!)).toBeLessThan(0.01);
    expect(quiet.clippedRatio).toBe(0);
  });

  it('show clipping as that, at −20 dBov as well as by too much gain at the rails', () => {
    const clipped = behind({ kind: 'clip', level: -20 });
    expect(clipped.clippedRatio).toBeGreaterThan(0.005);
    expect(Math.abs(clipped.noiseFloorDbov! + 66)).toBeLessThan(1.5);
    const loud = behind({ kind: 'gain', db: 20 });
    expect(loud.clippedRatio).toBeGreaterThan(0.02);
  });

  it('show noise as that: a floor as loud as the noise, below speech that is as loud as before', () => {
    const steady = behind({ kind: 'noise', level: -45 });
    expect(Math.abs(steady.noiseFloorDbov! + 45)).toBeLessThan(0.7);
    // The fault takes its level from the packets so far, which is a little off at first.
    const noisy = behind({ kind: 'noise', snr: 15 });
    expect(Math.abs(noisy.noiseFloorDbov! + 41)).toBeLessThan(2);
    expect(noisy.clippedRatio).toBe(0);
    // So close to the margin of 15.9 dB P.56 begins to take the noise for speech, which lowers the level.
    expect(noisy.activityFactor).toBeGreaterThan(steady.activityFactor!);
    expect(Math.abs(noisy.activeLevelDbov! + 26)).toBeLessThan(2);
    expect(Math.abs(steady.activeLevelDbov! + 26)).toBeLessThan(0.3);
  });

  it('leave out what was lost: it is neither speech nor silence', () => {
    const rng = new Rng(4);
    const samples = material(speech, { seconds: 20, activity: 0.6, levelDbov: -26, snrDb: 40 });
    const call = new Call();
    call.speak(samples, () => rng.uniform() < 0.1);
    // A second of the first turn, in one piece.
    call.speak(samples, (packet) => packet >= 10 && packet < 60);
    const { report } = call;
    const whole = behind();
    expect(report.packetsLost).toBeGreaterThan(130);
    expect(Math.abs(report.activeLevelDbov! - whole.activeLevelDbov!)).toBeLessThan(0.3);
    expect(Math.abs(report.activityFactor! - whole.activityFactor!)).toBeLessThan(0.03);
  });

  it('take comfort noise and the time after it as background, told by its level', () => {
    const samples = material(speech, { seconds: 4, activity: 1, levelDbov: -26, snrDb: null });
    const [sent, suppressed] = [new Call(), new Call()];
    const all = new Int16Array(12 * SECOND);
    all.set(samples);
    all.set(samples, 8 * SECOND);
    sent.speak(all);
    suppressed.speak(samples);
    suppressed.pause(2000, -60);
    suppressed.pause(2000, -62);
    suppressed.speak(samples);
    expect(suppressed.report.activityFactor).toBeCloseTo(sent.report.activityFactor!, 2);
    expect(suppressed.report.activeLevelDbov).toBeCloseTo(sent.report.activeLevelDbov!, 1);
    expect(suppressed.report).toMatchObject({ comfortNoise: 2, comfortNoiseDbov: -61, noiseFloorDbov: -61 });
    expect(sent.report.noiseFloorDbov).toBeCloseTo(-90.31, 2);
  });

  it('know a pause without comfort noise by timestamps that jump while time passes and no number is missing', () => {
    const samples = material(speech, { seconds: 4, activity: 1, levelDbov: -26, snrDb: null });
    const active = p56(samples).activityFactor;
    const half = (between: (call: Call) => void): number => {
      const call = new Call();
      call.speak(samples);
      between(call);
      call.speak(samples);
      return call.report.activityFactor!;
    };
    expect(half((call) => call.wait(8000))).toBeCloseTo((active * 8 + 0.3) / 16, 1);
    // A jump of the timestamps alone, a gap in the arrivals alone, and lost packets are no pause.
    const together = half(() => {});
    expect(half((call) => (call.timestamp += 64_000))).toBe(together);
    expect(half((call) => (call.atMs += 8000))).toBe(together);
    expect(
      half((call) => {
        call.wait(8000);
        call.sequence += 1;
      }),
    ).toBe(together);
  });

  it('do not take the time of a digit for a pause', () => {
    const samples = material(speech, { seconds: 4, activity: 1, levelDbov: -26, snrDb: null });
    const call = new Call();
    call.speak(samples);
    const before = call.report.activityFactor!;
    const { timestamp } = call;
    for (let i = 1; i <= 100; i++) {
      const event = new Uint8Array(4);
      writeEvent(event, 0, 5, i === 100, 10, i * 160);
      call.timestamp = timestamp;
      call.send(101, event, 0, false);
    }
    call.timestamp = timestamp + 16_000;
    call.speak(samples);
    expect(call.report.digits).toBe('5');
    expect(call.report.activityFactor).toBeCloseTo(before, 1);
    expect(call.report.activityFactor! - before).toBeGreaterThan(-0.02);
  });

  it('do not take the time on hold for a pause', () => {
    const samples = material(speech, { seconds: 4, activity: 1, levelDbov: -26, snrDb: null });
    const [held, together] = [new Call(), new Call()];
    for (const call of [held, together]) {
      call.speak(samples);
      if (call === held) {
        call.stream.configure({ ...SPEC, expectAudio: false }, call.atMs);
        call.wait(8000);
        call.stream.configure(SPEC, call.atMs);
      }
      call.speak(samples);
    }
    expect(held.report.activityFactor).toBe(together.report.activityFactor);
  });

  it('are null of nothing, and of comfort noise alone but for its level', () => {
    const call = new Call();
    expect(call.report).toMatchObject({ activeLevelDbov: null, activityFactor: null, noiseFloorDbov: null });
    expect(call.report.clippedRatio).toBeNull();
    call.pause(2000, -55);
    call.pause(2000, -55);
    expect(call.report).toMatchObject({ activeLevelDbov: null, activityFactor: 0, noiseFloorDbov: -55 });
    expect(call.report.clippedRatio).toBeNull();
  });

  it('of L16 tell clipping too', () => {
    const clipped = speech.map((sample) => Math.max(-2000, Math.min(2000, sample)));
    for (const [samples, isClipped] of [
      [speech, false],
      [clipped, true],
    ] as const) {
      const call = new Call();
      for (let at = 0; at + 160 <= samples.length; at += 160) {
        const payload = new Uint8Array(320);
        encodeL16(samples.subarray(at, at + 160), payload);
        call.send(96, payload, 160, false);
      }
      expect(call.report.clippedRatio! > 0.02).toBe(isClipped);
      if (!isClipped) expect(call.report.clippedRatio).toBe(0);
    }
  });
});
