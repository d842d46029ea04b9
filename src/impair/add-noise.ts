import { Rng } from '../core/rng.js';
import { clamp, frame, isPcm, readSamples, writeSamples } from './audio-samples.js';
import type { Fate, StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** Noise is taken from a table, from a place that is drawn for each packet: a draw for each sample would cost microseconds. */
const TABLE_SAMPLES = 1 << 16;
/** Packets above −50 dBov are speech; the others are pauses and do not count for the level that an SNR refers to. */
const ACTIVE_SQUARE = (32768 * 10 ** (-50 / 20)) ** 2;

let table: Float32Array | null = null;

/** White Gaussian noise with a mean square of 1, the same in every run. */
function whiteNoise(): Float32Array {
  if (table === null) {
    const rng = new Rng(0x6e6f6973);
    table = new Float32Array(TABLE_SAMPLES);
    for (let i = 0; i < TABLE_SAMPLES; i++) table[i] = rng.normal();
  }
  return table;
}

/**
 * Adds white noise to G.711 and L16: of a given level, or so many dB below the level that the audio of this call had so far,
 * pauses left out (none before its first word). One draw a packet.
 */
export class AddNoise implements StageModel {
  private readonly noise = whiteNoise();
  private energy = 0;
  private samples = 0;

  /** @param snrDb `null` for a noise of `rms`, in units of 16-bit samples */
  constructor(
    private readonly snrDb: number | null,
    private readonly rms: number,
    private readonly rng: Rng,
    private readonly tally: FaultTally,
  ) {}

  apply(fate: Fate): void {
    const from = this.rng.uint32();
    if (!isPcm(fate)) return;
    const count = readSamples(fate);
    if (this.snrDb !== null) this.measure(count);
    const rms = this.snrDb === null ? this.rms : this.rmsBelowAudio(this.snrDb);
    if (rms === 0 || count === 0) return;
    for (let i = 0; i < count; i++) frame[i] = clamp(frame[i] + rms * this.noise[(from + i) & (TABLE_SAMPLES - 1)]);
    writeSamples(fate, count);
    this.tally.count++;
  }

  private measure(count: number): void {
    let energy = 0;
    for (let i = 0; i < count; i++) energy += frame[i] * frame[i];
    if (energy <= ACTIVE_SQUARE * count) return;
    this.energy += energy;
    this.samples += count;
  }

  private rmsBelowAudio(snrDb: number): number {
    return this.samples === 0 ? 0 : Math.sqrt(this.energy / this.samples) * 10 ** (-snrDb / 20);
  }
}
