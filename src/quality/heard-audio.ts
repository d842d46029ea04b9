import { AudioBlocks, BLOCK_SAMPLES } from '../audio/audio-blocks.js';
import { type LevelDecoder, openLevelDecoder } from '../audio/decoder.js';
import { type Law, measureG711 } from '../audio/g711.js';
import { l16ToUlaw } from '../audio/l16.js';
import { CODECS, type CodecName } from '../core/codecs.js';
import { type NumberRange, touch } from '../core/number-block.js';
import { ACTIVE_LEVEL_NUMBERS, ActiveLevelMeter } from './active-level.js';
import { CLIPPING_NUMBERS, ClippingMeter } from './clipping.js';
import { GarbleDetector, type Reading } from './garble.js';
import { DECODED, Payload, UNMEASURED } from './heard-payload.js';
import { type ExpectedAudio, HEARD_SQUARE, LEVEL_NUMBERS, LevelMeter } from './levels.js';
import { NOISE_FLOOR_NUMBERS, NoiseFloorMeter } from './noise-floor.js';
import type { DirectionFacts } from './one-way.js';
import { PAUSE_NUMBERS, Pauses } from './pauses.js';
import type { HeardLevels } from './reports.js';

/** One packet of so many is offered to the detector of garbled audio; a power of two. */
const GARBLE_EVERY = 8;

/** Levels are counted in samples of this rate, whatever the codec's is. */
const LEVEL_RATE = 8000;

export const HEARD_AUDIO_NUMBERS =
  PAUSE_NUMBERS + ACTIVE_LEVEL_NUMBERS + LEVEL_NUMBERS + CLIPPING_NUMBERS + NOISE_FLOOR_NUMBERS;

/** The packet at hand, of any stream of the thread. */
const blocks = new AudioBlocks();
const codes = new Uint8Array(32_768);

/** What the audio of a stream was: by which codec, how loud, and how long its packets are. */
export class HeardAudio {
  /** The one that came last; before, the one that is expected. */
  codec: CodecName = 'PCMU';
  readonly levels: LevelMeter;
  /** `null` before there was anything to look at. */
  private garble: GarbleDetector | null = null;
  /** Packets of codecs that are not decoded, and the least time between two of them in timestamp units: their length. */
  unmeasured = 0;
  private unmeasuredUnits = 0;
  private unmeasuredTimestamp = 0;
  /** Of the codec that came last, where its packets have to be decoded for their level. */
  private decoder: { codec: CodecName; levels: LevelDecoder } | null = null;

  private readonly numbers: Float64Array;
  private readonly at: number;
  private readonly pauses: Pauses;
  private readonly active: ActiveLevelMeter;
  private readonly clipping: ClippingMeter;
  private readonly noise: NoiseFloorMeter;

  /** @param range of `HEARD_AUDIO_NUMBERS` zeros */
  constructor({ numbers, words, at }: NumberRange) {
    // What every packet needs comes to lie on the first four lines of the cache, as the range begins with a line: pauses and the
    // envelope on one, its thresholds on two, most of the levels on another.
    const activeAt = at + PAUSE_NUMBERS;
    const levelsAt = activeAt + ACTIVE_LEVEL_NUMBERS;
    const clippingAt = levelsAt + LEVEL_NUMBERS;
    this.numbers = numbers;
    this.at = at;
    this.pauses = new Pauses({ numbers, words, at });
    this.levels = new LevelMeter(LEVEL_RATE, { numbers, words, at: levelsAt });
    this.active = new ActiveLevelMeter({ numbers, words, at: activeAt });
    this.clipping = new ClippingMeter({ numbers, words, at: clippingAt });
    this.noise = new NoiseFloorMeter({ numbers, words, at: clippingAt + CLIPPING_NUMBERS });
  }

  /** Asks for what the next packet needs. */
  touch(): void {
    const { levels, pauses, active, noise, clipping } = this;
    touch(this.numbers, this.at, levels.at + pauses.at + active.at + noise.at + clipping.at);
  }

  get packets(): number {
    return this.levels.audioPackets + this.unmeasured;
  }

  /** Packets of audio and comfort noise, whether decoded here or not. */
  get decodable(): number {
    return this.packets + this.levels.comfortNoisePackets;
  }

  /** Share of the blocks looked at that were decoded wrong; `null` where none could be judged. */
  get garbledRatio(): number | null {
    return this.garble === null || this.garble.blocks === 0 ? null : this.garble.garbledBlocks / this.garble.blocks;
  }

  /** What a verdict rests on. */
  factsAt(
    nowMs: number,
  ): Pick<DirectionFacts, keyof ExpectedAudio | 'decodable' | 'unmeasured' | 'quietRatio' | 'garbledBlocks'> {
    const { levels, decodable, unmeasured, garble } = this;
    const { quietRatio } = levels;
    return {
      ...levels.secondsAt(nowMs),
      decodable,
      unmeasured,
      quietRatio,
      garbledBlocks: garble === null ? 0 : garble.garbledBlocks,
    };
  }

  /** How much audio a packet carries, in ms; 0 while that is not known. Resampled codecs are not whole to the last bit. */
  get packetMs(): number {
    // An opaque packet is as long as the timestamps say.
    const unmeasuredMs = (this.unmeasuredUnits * 1000) / CODECS[this.codec].clockRate;
    return Math.round((this.levels.packetMs || unmeasuredMs) * 1000) / 1000;
  }

  /** Says from when on audio is expected or not. */
  expect(isExpected: boolean, nowMs: number): void {
    this.levels.expect(isExpected, nowMs);
    this.pauses.forget();
  }

  /** @param timestamp signed, as all here */
  hearLaw(
    law: Law,
    bytes: Uint8Array,
    start: number,
    end: number,
    sequence: number,
    timestamp: number,
    arrivalMs: number,
  ): void {
    this.codec = law;
    measureG711(law, bytes, start, end, blocks);
    if (blocks.squares[0] > HEARD_SQUARE * BLOCK_SAMPLES && isConstant(bytes, start, end)) blocks.mute();
    this.take(sequence, timestamp, LEVEL_RATE, arrivalMs);
    if (this.clipping.isDue(this.levels.audioPackets)) this.clipping.take(law, bytes, start, end, blocks);
    if ((this.levels.audioPackets & (GARBLE_EVERY - 1)) === 0) this.lookForGarble(law, bytes, start, end);
  }

  /** False for a packet that cannot be decoded. */
  hearDecoded(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    sequence: number,
    timestamp: number,
    arrivalMs: number,
  ): boolean {
    const codec = DECODED[kind];
    this.codec = codec;
    if (this.decoder?.codec !== codec) {
      this.decoder?.levels.close();
      this.decoder = { codec, levels: openLevelDecoder(codec) };
    }
    this.decoder.levels.measure(bytes, start, end, blocks);
    if (blocks.count === 0) return false;
    const { clockRate, sampleRate } = CODECS[codec];
    this.take(sequence, timestamp, clockRate, arrivalMs);
    if (kind !== Payload.l16 && kind !== Payload.l16Wide) return true;
    // What was flat is not flat any more behind G.722 and Opus.
    if (this.clipping.isDue(this.levels.audioPackets)) {
      const count = l16ToUlaw(bytes, start, end, sampleRate / LEVEL_RATE, codes);
      this.clipping.take('PCMU', codes, 0, count, blocks);
    }
    if ((this.levels.audioPackets & (GARBLE_EVERY - 1)) === 0) this.lookForGarble('L16', bytes, start, end);
    return true;
  }

  /** @param levelDbov what it says of itself; `null` where it says nothing */
  hearComfortNoise(levelDbov: number | null, sequence: number, timestamp: number, arrivalMs: number): void {
    this.levels.addComfortNoise(levelDbov);
    const { clockRate } = CODECS[this.codec];
    this.pause(sequence, timestamp, clockRate, arrivalMs);
    this.pauses.after(sequence, timestamp, 0, arrivalMs);
  }

  hearUnmeasured(kind: number, timestamp: number): void {
    this.codec = UNMEASURED[kind];
    const units = (timestamp - this.unmeasuredTimestamp) | 0;
    if (this.unmeasured++ > 0 && units > 0 && (this.unmeasuredUnits === 0 || units < this.unmeasuredUnits))
      this.unmeasuredUnits = units;
    this.unmeasuredTimestamp = timestamp;
  }

  /** What is known of the levels so far. */
  get figures(): HeardLevels {
    const { levels, unmeasured } = this;
    const active = this.active.result;
    return {
      comfortNoise: levels.comfortNoisePackets,
      comfortNoiseDbov: levels.comfortNoiseDbov,
      silentRatio: unmeasured > 0 ? null : levels.silentRatio,
      levelDbov: levels.levelDbov,
      activeLevelDbov: active?.levelDbov ?? null,
      activityFactor: unmeasured > 0 || active === null ? null : active.activityFactor,
      noiseFloorDbov: levels.comfortNoiseDbov ?? this.noise.levelDbov,
      clippedRatio: this.clipping.ratio,
    };
  }

  private lookForGarble(reading: Reading, bytes: Uint8Array, start: number, end: number): void {
    this.garble ??= new GarbleDetector();
    this.garble.look(reading, bytes, start, end);
  }

  /** Gives back what the decoder holds. */
  close(): void {
    this.decoder?.levels.close();
  }

  /** Takes the packet whose audio lies in `blocks`. */
  private take(sequence: number, timestamp: number, clockRate: number, arrivalMs: number): void {
    const { samples, energy } = blocks;
    this.pause(sequence, timestamp, clockRate, arrivalMs);
    this.pauses.after(sequence, timestamp, (samples * clockRate) / LEVEL_RATE, arrivalMs);
    this.levels.addAudio(energy, samples, arrivalMs);
    if (samples === 0) return;
    this.active.take(blocks, energy);
    this.noise.take(energy / samples);
  }

  private pause(sequence: number, timestamp: number, clockRate: number, arrivalMs: number): void {
    const pauseMs = this.pauses.before(sequence, timestamp, clockRate, arrivalMs);
    if (pauseMs > 0) this.active.pause((pauseMs * LEVEL_RATE) / 1000);
  }
}

/** One and the same code all along: nobody hears that, whatever its level. */
function isConstant(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i++) if (bytes[i] !== bytes[start]) return false;
  return true;
}
