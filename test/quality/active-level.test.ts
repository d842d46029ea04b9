import { describe, expect, it } from 'vitest';
import { AudioBlocks } from '../../src/audio/audio-blocks.js';
import { openDecoder, openLevelDecoder } from '../../src/audio/decoder.js';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { decodeG711, encodeG711, type Law, measureG711 } from '../../src/audio/g711.js';
import { speechLike } from '../../src/audio/speech.js';
import { CODECS } from '../../src/core/codecs.js';
import { type ActiveLevel, ActiveLevelMeter } from '../../src/quality/active-level.js';
import { material, type P56, p56 } from '../support/speech-levels.js';

const blocks = new AudioBlocks();
const speech = speechLike(1, 10);

/** All of it with `LEVELS=all`. */
const isFull = process.env.LEVELS === 'all';
const SECONDS = isFull ? 30 : 10;
const LEVELS_DBOV = isFull ? [-10, -15, -20, -26, -31, -36, -43, -50] : [-10, -26, -36, -50];
const ACTIVITIES = isFull ? [0.2, 0.4, 0.6, 0.8, 1] : [0.2, 0.6, 1];
const SNRS_DB = isFull ? [null, 15, 18, 20, 25, 30] : [null, 15, 30];

/** Both measures of the same G.711: by blocks, and sample by sample. */
function both(samples: Int16Array, law: Law, packetSamples = 160): { ours: ActiveLevel; reference: P56 } {
  const bytes = new Uint8Array(samples.length);
  encodeG711(law, samples, bytes);
  const meter = new ActiveLevelMeter();
  for (let at = 0; at < bytes.length; at += packetSamples) {
    measureG711(law, bytes, at, Math.min(at + packetSamples, bytes.length), blocks);
    meter.take(blocks, blocks.energy);
  }
  const decoded = new Int16Array(samples.length);
  decodeG711(law, bytes, 0, bytes.length, decoded);
  return { ours: meter.result!, reference: p56(decoded) };
}

describe('the active speech level by blocks', () => {
  it('is that of P.56 sample by sample, within 0.2 dB and 2 % of activity, from −10 to −50 dBov', () => {
    const worst = { levelDb: 0, activity: 0 };
    for (const [i, levelDbov] of LEVELS_DBOV.entries())
      for (const [k, activity] of ACTIVITIES.entries())
        for (const snrDb of SNRS_DB) {
          const samples = material(speech, { seconds: SECONDS, activity, levelDbov, snrDb });
          const { ours, reference } = both(samples, (i + k) % 2 === 0 ? 'PCMU' : 'PCMA');
          worst.levelDb = Math.max(worst.levelDb, Math.abs(ours.levelDbov! - reference.levelDbov));
          worst.activity = Math.max(worst.activity, Math.abs(ours.activityFactor - reference.activityFactor));
        }
    expect(worst.levelDb).toBeLessThan(0.2);
    expect(worst.activity).toBeLessThan(0.02);
  });

  it('does not depend on the packets’ length, whole blocks or not', () => {
    const samples = material(speech, { seconds: 12, activity: 0.6, levelDbov: -26, snrDb: 30 });
    for (const packetSamples of [80, 333, 480]) {
      const { ours, reference } = both(samples, 'PCMU', packetSamples);
      expect(Math.abs(ours.levelDbov! - reference.levelDbov)).toBeLessThan(0.2);
      expect(Math.abs(ours.activityFactor - reference.activityFactor)).toBeLessThan(0.02);
    }
  });

  it.each(['G722', 'L16/8000', 'L16/16000', 'opus'] as const)('of %s is that of its decoded samples', (codec) => {
    const { sampleRate } = CODECS[codec];
    const turns = speechLike(4, 3, sampleRate);
    turns.fill(0, sampleRate, 2 * sampleRate);
    const audio = EncodedAudio.encode(turns, codec, 20);
    const decoder = openDecoder(codec);
    const levels = openLevelDecoder(codec);
    const meter = new ActiveLevelMeter();
    const decoded: number[] = [];
    const room = new Int16Array(5760);
    for (let at = 0; at < audio.bytes.length; at += audio.frameBytes) {
      const count = decoder.decode(audio.bytes, at, at + audio.frameBytes, room);
      decoded.push(...room.subarray(0, count));
      levels.measure(audio.bytes, at, at + audio.frameBytes, blocks);
      meter.take(blocks, blocks.energy);
    }
    decoder.close();
    levels.close();
    const reference = p56(Int16Array.from(decoded), sampleRate);
    const { levelDbov, activityFactor } = meter.result!;
    expect(Math.abs(levelDbov! - reference.levelDbov)).toBeLessThan(0.3);
    expect(Math.abs(activityFactor - reference.activityFactor)).toBeLessThan(0.03);
    expect(activityFactor).toBeGreaterThan(0.5);
    expect(activityFactor).toBeLessThan(0.8);
  });

  it('counts a pause in which nothing was sent as silence that was', () => {
    const samples = material(speech, { seconds: 4, activity: 1, levelDbov: -26, snrDb: null });
    const bytes = new Uint8Array(samples.length);
    encodeG711('PCMU', samples, bytes);
    const [explicit, left] = [new ActiveLevelMeter(), new ActiveLevelMeter()];
    const say = (meter: ActiveLevelMeter): void => {
      for (let at = 0; at < bytes.length; at += 160) {
        measureG711('PCMU', bytes, at, at + 160, blocks);
        meter.take(blocks, blocks.energy);
      }
    };
    for (const meter of [explicit, left]) say(meter);
    measureG711('PCMU', new Uint8Array(160).fill(0xff), 0, 160, blocks);
    for (let i = 0; i < 300; i++) explicit.take(blocks, blocks.energy);
    left.pause(48_000);
    for (const meter of [explicit, left]) say(meter);
    expect(left.result!.levelDbov).toBeCloseTo(explicit.result!.levelDbov!, 9);
    expect(left.result!.activityFactor).toBeCloseTo(explicit.result!.activityFactor, 9);
    expect(left.result!.activityFactor).toBeLessThan(0.65);
  });

  it('is not there in silence, in faint noise, and before any audio', () => {
    expect(new ActiveLevelMeter().result).toBeNull();
    for (const [law, code] of [
      ['PCMU', 0xff],
      ['PCMU', 0x7e],
      ['PCMA', 0xd5],
      ['PCMA', 0x55],
    ] as const) {
      const meter = new ActiveLevelMeter();
      measureG711(law, new Uint8Array(8000).fill(code), 0, 8000, blocks);
      meter.take(blocks, blocks.energy);
      expect(meter.result).toEqual({ levelDbov: null, activityFactor: 0 });
    }
  });
});
