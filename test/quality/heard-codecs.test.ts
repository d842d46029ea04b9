import { describe, expect, it } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { render } from '../../src/audio/sound.js';
import { CODECS, type CodecName, type DecodedCodec } from '../../src/core/codecs.js';
import { BPL, equipmentOf } from '../../src/quality/equipment.js';
import type { HeardSpec } from '../../src/quality/heard-spec.js';
import { HeardStream } from '../../src/quality/heard-stream.js';
import { writeRtpHeader } from '../../src/rtp/packet.js';

function spec(codec: CodecName): HeardSpec {
  return {
    acceptPayloadTypes: { [CODECS[codec].payloadType]: codec, 13: 'CN' },
    jitterBuffer: { kind: 'fixed', delayMs: 60 },
    mediaTimeoutMs: 5000,
    bpl: 25.1,
    expectAudio: true,
    hearDigits: true,
    clockRate: CODECS[codec].clockRate,
    ownSsrc: 1,
  };
}

/** A far end that sends a tone of −26 dBov, a packet every 20 ms. */
class FarEnd {
  atMs = 1000;
  sequence = 65_530;
  timestamp = 0xffff_f000;

  constructor(private readonly stream: HeardStream) {}

  speak(codec: DecodedCodec, ms: number): void {
    const { payloadType, clockRate, sampleRate } = CODECS[codec];
    const second = render({ audio: 'tone:1000' }, sampleRate, 1).subarray(0, sampleRate);
    const audio = EncodedAudio.encode(second, codec, 20);
    for (let i = 0; i < ms / 20; i++) {
      const at = (i % audio.frames) * audio.frameBytes;
      this.send(payloadType, audio.bytes.subarray(at, at + audio.frameBytes), (clockRate / 1000) * 20);
    }
  }

  lose(units: number): void {
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + units) >>> 0;
    this.atMs += 20;
  }

  send(payloadType: number, payload: Uint8Array, units: number): void {
    const packet = new Uint8Array(12 + payload.length);
    writeRtpHeader(packet, 0, false, payloadType, this.sequence, this.timestamp, 77);
    packet.set(payload, 12);
    this.stream.onRtp(packet, 0, packet.length, this.atMs);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + units) >>> 0;
    this.atMs += 20;
  }
}

describe('a heard stream', () => {
  it.each([
    ['PCMU', 'CQEN'],
    ['G722', 'CQEW'],
    ['L16/8000', 'CQEN'],
    ['L16/16000', 'CQEW'],
    ['opus', 'CQEF'],
  ] as const)('of %s has its level, its jitter by its own clock and a rating on %s', (codec, scale) => {
    const stream = new HeardStream(spec(codec));
    stream.onAnswer(1000);
    const far = new FarEnd(stream);
    far.speak(codec, 6000);
    const report = stream.report(far.atMs);
    expect(report).toMatchObject({ packetsReceived: 300, packetsLost: 0, undecodable: 0, verdict: { state: 'ok' } });
    expect(Math.abs(report.levelDbov! + 26)).toBeLessThan(0.5);
    expect(report).toMatchObject({ secondsExpected: 6, secondsHeard: 6 });
    expect(report.jitterMaxMs!).toBeLessThan(0.001);
    expect(report.mos).toMatchObject({ codec, scale });
    stream.close();
  });

  it.each([
    ['G729', 'G.107', 'CQEN', 160],
    ['AMR', 'G.107', 'CQEN', 160],
    ['AMR-WB', 'G.107.1', 'CQEW', 320],
    ['EVS', 'G.107.2', 'CQEF', 320],
  ] as const)(
    'of %s has its losses and a rating by %s, and nothing that only a decoder could tell',
    (codec, model, scale, units) => {
      const stream = new HeardStream(spec(codec));
      stream.onAnswer(1000);
      const far = new FarEnd(stream);
      const payload = new Uint8Array(33);
      for (let i = 0; i < 300; i++) {
        // One in ten is lost, the first and the last are not.
        if (i % 10 === 5) far.lose(units);
        else far.send(CODECS[codec].payloadType, payload, units);
      }
      const report = stream.report(far.atMs);
      expect(report).toMatchObject({ packetsReceived: 270, packetsLost: 30, undecodable: 0, secondsExpected: 6 });
      expect(report).toMatchObject({ secondsHeard: null, silentRatio: null, levelDbov: null });
      expect(report.jitterMaxMs!).toBeLessThan(0.001);
      // All zeros, and yet nobody can say that it is silence.
      expect(report.verdict).toEqual({ state: 'ok', cause: null });
      const { scale: of, ie, bpl } = equipmentOf(codec, BPL.plc)!;
      expect(report.mos).toMatchObject({ codec, model, scale, ie, bpl, pplPercent: 10, ptimeMs: 20 });
      expect(of).toBe(scale);
      stream.close();
    },
  );

  it.each(['G722', 'opus', 'L16/16000', 'PCMA'] as const)(
    'of %s has everything but its level where that is not to be measured and costs a decoder',
    (codec) => {
      const streams = [true, false].map((measuresLevels) => new HeardStream({ ...spec(codec), measuresLevels }));
      const [measured, unmeasured] = streams.map((stream) => {
        stream.onAnswer(1000);
        const far = new FarEnd(stream);
        far.speak(codec, 2000);
        far.lose((CODECS[codec].clockRate / 1000) * 20);
        far.speak(codec, 2000);
        const report = stream.report(far.atMs);
        stream.close();
        return report;
      });
      if (codec === 'G722' || codec === 'opus') {
        const levels = { levelDbov: null, activeLevelDbov: null, activityFactor: null, noiseFloorDbov: null };
        expect(unmeasured).toEqual({ ...measured, ...levels, silentRatio: null, secondsHeard: null });
        expect(Math.abs(measured.levelDbov! + 26)).toBeLessThan(0.5);
      } else expect(unmeasured).toEqual(measured);
      expect(unmeasured.mos).toMatchObject({ codec, ptimeMs: 20 });
    },
  );

  it('counts packets that are not of their codec as undecodable', () => {
    const stream = new HeardStream(spec('opus'));
    stream.onAnswer(1000);
    const far = new FarEnd(stream);
    // A code 3 packet that promises 48 frames and holds none (RFC 6716, 3.2.5).
    for (let i = 0; i < 150; i++) far.send(111, Uint8Array.from([0xff, 48]), 960);
    const report = stream.report(far.atMs);
    expect(report.undecodable).toBe(150);
    expect(report.verdict).toEqual({ state: 'fault', cause: 'undecodable' });
    expect(report.mos).toBeNull();
    stream.close();
  });

  it('goes on after a change of codec and clock, the sums of both kept', () => {
    const stream = new HeardStream(spec('PCMU'));
    stream.onAnswer(1000);
    const far = new FarEnd(stream);
    far.speak('PCMU', 2000);
    stream.configure(spec('opus'), far.atMs);
    far.speak('opus', 2000);
    const report = stream.report(far.atMs);
    expect(report).toMatchObject({ packetsReceived: 200, packetsLost: 0, lateDiscarded: 0, secondsHeard: 4 });
    expect(report.jitterMaxMs!).toBeLessThan(0.001);
    expect(report.mos).toMatchObject({ codec: 'opus', pplPercent: 0 });
    stream.close();
  });
});
