import { describe, expect, it } from 'vitest';
import { openDecoder } from '../../src/audio/decoder.js';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { decodeG711, encodeG711, type Law } from '../../src/audio/g711.js';
import { decodeL16, encodeL16 } from '../../src/audio/l16.js';
import { speechLike } from '../../src/audio/speech.js';
import { CODECS } from '../../src/core/codecs.js';
import { AudioTap } from '../../src/impair/audio-tap.js';
import { ImpairmentPipeline } from '../../src/impair/pipeline.js';
import { RTP_HEADER_BYTES } from '../../src/rtp/packet.js';
import { audioPacket, PTIME_MS, pipelineOf, SAMPLES, stages } from './harness.js';

const FULL_SCALE = 32768;

/** A sine, `rmsDbov` below a square wave of full scale. */
function tone(count: number, hz: number, rmsDbov: number): Int16Array {
  const peak = FULL_SCALE * 10 ** (rmsDbov / 20) * Math.SQRT2;
  return Int16Array.from({ length: count }, (_, i) => Math.round(peak * Math.sin((2 * Math.PI * hz * i) / 8000)));
}

function dbovOf(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] ** 2;
  return 10 * Math.log10(sum / samples.length / FULL_SCALE ** 2);
}

/** Audio in packets of 20 ms through a pipeline, and what is heard behind it. */
function heard(line: ImpairmentPipeline, samples: Int16Array, law: Law = 'PCMU', fromMs = 0): Int16Array {
  const out = new Int16Array(samples.length);
  for (let at = 0; at + SAMPLES <= samples.length; at += SAMPLES) {
    const payload = new Uint8Array(SAMPLES);
    encodeG711(law, samples.subarray(at, at + SAMPLES), payload);
    const packet = audioPacket(at / SAMPLES, law === 'PCMU' ? 0 : 8, payload);
    line.apply(packet, 0, packet.length, fromMs + (at / SAMPLES) * PTIME_MS);
    decodeG711(law, packet, RTP_HEADER_BYTES, SAMPLES, out.subarray(at, at + SAMPLES));
  }
  return out;
}

const SECOND = 8000;

describe('audio faults of G.711', () => {
  it('gain changes the level by so many dB, in either law', () => {
    for (const law of ['PCMU', 'PCMA'] as const)
      for (const db of [-12, 6]) {
        const line = pipelineOf(1, { kind: 'gain', db });
        expect(Math.abs(dbovOf(heard(line, tone(SECOND, 400, -26), law)) - (-26 + db))).toBeLessThan(0.2);
        expect(line.truth.snapshot().faults).toEqual({ gain: 50 });
      }
  });

  it('gain beyond full scale is cut off, not wrapped around', () => {
    const loud = heard(pipelineOf(1, { kind: 'gain', db: 40 }), tone(SECOND, 400, -10));
    expect(Math.max(...loud)).toBeGreaterThan(32_000);
    expect(dbovOf(loud)).toBeGreaterThan(-1);
  });

  it('clipping cuts peaks at its level and leaves what is below', () => {
    const line = pipelineOf(1, { kind: 'clip', level: -20 });
    const samples = heard(line, tone(SECOND, 400, -10));
    // The nearest code of µ-law is within 1/32 of 3277.
    expect(Math.max(...samples)).toBeLessThan(3277 * 1.04);
    expect(Math.min(...samples)).toBeGreaterThan(-3277 * 1.04);
    const quiet = tone(SECOND, 400, -40);
    expect(heard(pipelineOf(1, { kind: 'clip', level: -20 }), quiet)).toEqual(heard(pipelineOf(1), quiet));
  });

  it('silence takes the place of the audio, for as long as it is said', () => {
    const line = pipelineOf(1, { kind: 'silence', after: 200, for: 300 });
    const samples = heard(line, tone(SECOND, 400, -20));
    expect(new Set(samples.subarray(1600, 4000))).toEqual(new Set([0]));
    expect(dbovOf(samples.subarray(0, 1600))).toBeGreaterThan(-21);
    expect(dbovOf(samples.subarray(4000))).toBeGreaterThan(-21);
    expect(line.truth.snapshot()).toMatchObject({ dropped: 0, faults: { silence: 15 } });
  });

  it('noise lies so many dB below the audio, the pauses left out', () => {
    const clean = tone(4 * SECOND, 400, -20);
    clean.fill(0, SECOND, 3 * SECOND);
    const line = pipelineOf(1, { kind: 'noise', snr: 25 });
    const noisy = heard(line, clean);
    expect(Math.abs(dbovOf(noisy.subarray(SECOND, 3 * SECOND)) + 45)).toBeLessThan(0.5);
    expect(line.truth.snapshot().faults).toEqual({ noise: 200 });
  });

  it('noise of a level has it, also where there is nothing else, and follows from the seed', () => {
    const silent = new Int16Array(4 * SECOND);
    const of = (seed: number) => heard(pipelineOf(seed, { kind: 'noise', level: -40 }), silent);
    expect(Math.abs(dbovOf(of(1)) + 40)).toBeLessThan(0.3);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });
});

describe('echo', () => {
  /** Both directions of a call, the downlink with an echo. */
  function coupled(stage: object): { uplink: ImpairmentPipeline; downlink: ImpairmentPipeline } {
    const [up, down] = [new AudioTap(), new AudioTap()];
    const uplink = new ImpairmentPipeline([], 1, undefined, null, { own: up, other: down });
    const downlink = new ImpairmentPipeline(stages(stage), 2, undefined, null, { own: down, other: up });
    return { uplink, downlink };
  }

  it('brings back what was said, as late and as quiet as it says', () => {
    const { uplink, downlink } = coupled({ kind: 'echo', delay: '120ms', returnLoss: 14 });
    const said = tone(2 * SECOND, 400, -15);
    said.fill(0, SECOND / 2, SECOND);
    const back = new Int16Array(2 * SECOND);
    for (let at = 0; at < said.length; at += SAMPLES) {
      const ms = at / 8 + 3;
      heard(uplink, said.subarray(at, at + SAMPLES), 'PCMU', ms);
      back.set(heard(downlink, new Int16Array(SAMPLES), 'PCMU', ms + 7), at);
    }
    const delay = 0.113 * SECOND;
    expect(dbovOf(back.subarray(0, delay - SAMPLES))).toBeLessThan(-80);
    expect(Math.abs(dbovOf(back.subarray(delay + SAMPLES, SECOND / 2)) + 29)).toBeLessThan(0.3);
    expect(dbovOf(back.subarray(SECOND / 2 + delay + SAMPLES, SECOND + delay - SAMPLES))).toBeLessThan(-80);
    // The echo of a wave is the wave: sample by sample, but for the two codings.
    let error = 0;
    const from = 1600;
    for (let i = from; i < from + 800; i++) error += (back[i] - said[i - delay] * 10 ** (-14 / 20)) ** 2;
    expect(Math.sqrt(error / 800)).toBeLessThan(60);
  });

  it('is none while the other direction says nothing, and listening makes that one no longer transparent', () => {
    const { uplink, downlink } = coupled({ kind: 'echo', delay: '120ms', returnLoss: 6 });
    expect(uplink.transparent).toBe(false);
    const samples = tone(SECOND, 300, -20);
    expect(heard(downlink, samples)).toEqual(heard(pipelineOf(1), samples));
    expect(downlink.truth.snapshot().faults).toEqual({ echo: 0 });
  });
});

describe('audio faults of L16', () => {
  it('change level, noise and silence of 16-bit samples', () => {
    const faults = (...list: object[]): Int16Array => {
      const line = pipelineOf(1, ...list);
      line.setFormat(null, { 97: 'L16/16000' }, 16_000);
      const samples = tone(320, 400, -20);
      const payload = new Uint8Array(640);
      encodeL16(samples, payload);
      const packet = audioPacket(0, 97, payload);
      line.apply(packet, 0, packet.length, 0);
      const out = new Int16Array(320);
      decodeL16(packet, RTP_HEADER_BYTES, 640, out);
      return out;
    };
    expect(Math.abs(dbovOf(faults({ kind: 'gain', db: -10 })) + 30)).toBeLessThan(0.05);
    expect(new Set(faults({ kind: 'silence' }))).toEqual(new Set([0]));
    expect(Math.abs(dbovOf(faults({ kind: 'silence' }, { kind: 'noise', level: -30 })) + 30)).toBeLessThan(0.6);
  });
});

describe('silence in place of the audio', () => {
  it.each([
    ['G722', 20],
    ['L16/8000', 20],
    ['opus', 20],
    ['opus', 40],
  ] as const)('is heard as such with %s, in packets of %d ms', (codec, ptimeMs) => {
    const { sampleRate, payloadType, clockRate } = CODECS[codec];
    const audio = EncodedAudio.encode(speechLike(3, 2.4, sampleRate), codec, ptimeMs);
    const line = pipelineOf(1, { kind: 'silence', after: '1200ms' });
    line.setFormat(null, { [payloadType]: codec }, clockRate);
    const decoder = openDecoder(codec);
    const room = new Int16Array(6000);
    const [before, after]: [number[], number[]] = [[], []];
    for (let i = 0; i < audio.frames; i++) {
      const payload = audio.bytes.subarray(i * audio.frameBytes, (i + 1) * audio.frameBytes);
      const packet = audioPacket(i, payloadType, payload);
      line.apply(packet, 0, packet.length, i * ptimeMs);
      expect(line.bytes[line.offset + 1] & 0x7f).toBe(payloadType);
      const count = decoder.decode(line.bytes, line.offset + RTP_HEADER_BYTES, line.offset + line.length, room);
      expect(count).toBe((sampleRate * ptimeMs) / 1000);
      // The first silent packets are left out: the steps of G.722 come down, Opus fades over.
      if (i * ptimeMs < 1200) before.push(...room.subarray(0, count));
      else if (i * ptimeMs >= 1800) after.push(...room.subarray(0, count));
    }
    decoder.close();
    expect(dbovOf(before)).toBeGreaterThan(-35);
    expect(dbovOf(after)).toBeLessThan(codec === 'G722' ? -60 : -75);
    expect(line.truth.snapshot().faults).toEqual({ silence: 1200 / ptimeMs });
  });

  it('lasts as long as an Opus packet of any mode and number of frames, behind its header', () => {
    const line = pipelineOf(1, { kind: 'silence' });
    line.setFormat(null, { 111: 'opus' }, 48_000);
    // First bytes, and what they last in ms: SILK of 60 ms, hybrid of 10 ms, two and three of CELT of 2.5 ms, six of SILK of 20 ms.
    for (const [first, ms] of [
      [[3 << 3], 60],
      [[14 << 3], 10],
      [[(16 << 3) | 1], 5],
      [[(16 << 3) | 3, 3], 7.5],
      [[(1 << 3) | 3, 0x86], 120],
    ] as const) {
      const packet = audioPacket(0, 111, Uint8Array.from([...first, 1, 2, 3]));
      line.apply(packet, 0, packet.length, 0);
      const [toc, frames] = line.bytes.subarray(line.offset + RTP_HEADER_BYTES, line.offset + line.length);
      expect(toc >> 3).toBeGreaterThanOrEqual(28);
      expect(((toc & 3) === 3 ? frames : 1) * 2.5 * 2 ** ((toc >> 3) - 28)).toBe(ms);
    }
    // More than 120 ms, no frame, nothing at all.
    const before = line.truth.snapshot().faults.silence;
    for (const wrong of [[(1 << 3) | 3, 0x3f], [(1 << 3) | 3, 0], [3], []]) {
      const packet = audioPacket(0, 111, Uint8Array.from(wrong));
      line.apply(packet, 0, packet.length, 0);
      expect(line.bytes).toBe(packet);
    }
    expect(line.truth.snapshot().faults.silence).toBe(before);
  });
});

it('audio of other codecs passes untouched', () => {
  const line = pipelineOf(1, { kind: 'gain', db: 6 }, { kind: 'noise', level: -30 }, { kind: 'silence' });
  const packet = audioPacket(0, 18, new Uint8Array(SAMPLES).fill(77));
  line.apply(packet, 0, packet.length, 0);
  expect(new Set(packet.subarray(RTP_HEADER_BYTES))).toEqual(new Set([77]));
  expect(line.truth.snapshot().faults).toEqual({ gain: 0, noise: 0, silence: 0 });
});
