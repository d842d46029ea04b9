import { type LevelDecoder, openLevelDecoder } from '../audio/decoder.js';
import type { Law } from '../audio/g711.js';
import { CODECS, type CodecName } from '../core/codecs.js';
import type { NumberRange } from '../core/number-block.js';
import { DECODED, UNMEASURED } from './heard-payload.js';
import { energyOf, LevelMeter } from './levels.js';

/** Levels are counted in samples of this rate, whatever the codec's is. */
const LEVEL_RATE = 8000;

/** What the audio of a stream was: by which codec, how loud, and how long its packets are. */
export class HeardAudio {
  /** The one that came last; before, the one that is expected. */
  codec: CodecName = 'PCMU';
  readonly levels: LevelMeter;
  /** Packets of codecs that are not decoded, and the least time between two of them in timestamp units: their length. */
  unmeasured = 0;
  private unmeasuredUnits = 0;
  private unmeasuredTimestamp = 0;
  /** Of the codec that came last, where its packets have to be decoded for their level. */
  private decoder: { codec: CodecName; levels: LevelDecoder } | null = null;

  /** @param range of `LEVEL_NUMBERS` zeros */
  constructor(range: NumberRange) {
    this.levels = new LevelMeter(LEVEL_RATE, range);
  }

  get packets(): number {
    return this.levels.audioPackets + this.unmeasured;
  }

  /** How much audio a packet carries, in ms; 0 while that is not known. Resampled codecs are not whole to the last bit. */
  get packetMs(): number {
    // An opaque packet is as long as the timestamps say.
    const unmeasuredMs = (this.unmeasuredUnits * 1000) / CODECS[this.codec].clockRate;
    return Math.round((this.levels.packetMs || unmeasuredMs) * 1000) / 1000;
  }

  hearLaw(law: Law, bytes: Uint8Array, start: number, end: number, arrivalMs: number): void {
    this.codec = law;
    this.levels.addAudio(energyOf(law, bytes, start, end), end - start, arrivalMs);
  }

  /** False for a packet that cannot be decoded. */
  hearDecoded(kind: number, bytes: Uint8Array, start: number, end: number, arrivalMs: number): boolean {
    const codec = DECODED[kind];
    this.codec = codec;
    if (this.decoder?.codec !== codec) {
      this.decoder?.levels.close();
      this.decoder = { codec, levels: openLevelDecoder(codec) };
    }
    const { levels } = this.decoder;
    const energy = levels.energy(bytes, start, end);
    if (levels.samples === 0) return false;
    const scale = LEVEL_RATE / CODECS[codec].sampleRate;
    this.levels.addAudio(energy * scale, levels.samples * scale, arrivalMs);
    return true;
  }

  hearUnmeasured(kind: number, timestamp: number): void {
    this.codec = UNMEASURED[kind];
    const units = (timestamp - this.unmeasuredTimestamp) | 0;
    if (this.unmeasured++ > 0 && units > 0 && (this.unmeasuredUnits === 0 || units < this.unmeasuredUnits))
      this.unmeasuredUnits = units;
    this.unmeasuredTimestamp = timestamp;
  }

  /** Gives back what the decoder holds. */
  close(): void {
    this.decoder?.levels.close();
  }
}
