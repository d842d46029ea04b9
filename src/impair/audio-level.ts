import { alawToLinear, linearToAlaw, linearToUlaw, ulawToLinear } from '../audio/g711.js';
import { payloadEnd, payloadStart } from '../rtp/packet.js';
import { clamp, frame, isPcm, readSamples, writeSamples } from './audio-samples.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** A change of each sample by itself: gain, clipping. No draws. G.711 goes by a table of its 256 codes. */
class SampleChange implements StageModel {
  private readonly ulaw = new Uint8Array(256);
  private readonly alaw = new Uint8Array(256);

  constructor(
    private readonly change: (sample: number) => number,
    private readonly tally: FaultTally,
  ) {
    for (let code = 0; code < 256; code++) {
      this.ulaw[code] = linearToUlaw(change(ulawToLinear[code]));
      this.alaw[code] = linearToAlaw(change(alawToLinear[code]));
    }
  }

  apply(fate: Fate): void {
    if (!isPcm(fate)) return;
    this.tally.count++;
    if (fate.carried === Carried.l16) {
      const count = readSamples(fate);
      for (let i = 0; i < count; i++) frame[i] = this.change(frame[i]);
      writeSamples(fate, count);
      return;
    }
    const table = fate.carried === Carried.pcmu ? this.ulaw : this.alaw;
    const { bytes, offset } = fate;
    const end = payloadEnd(bytes, offset, fate.length);
    for (let i = payloadStart(bytes, offset); i < end; i++) bytes[i] = table[bytes[i]];
  }
}

/** Makes audio louder or quieter by so many dB; what goes beyond full scale is cut off. */
export function gainOf(db: number, tally: FaultTally): StageModel {
  const factor = 10 ** (db / 20);
  return new SampleChange((sample) => clamp(sample * factor), tally);
}

/** Cuts audio off at the amplitude that lies so many dB below full scale (`levelDbov` ≤ 0). */
export function clippingAt(levelDbov: number, tally: FaultTally): StageModel {
  const most = Math.round(32767 * 10 ** (levelDbov / 20));
  return new SampleChange((sample) => Math.max(-most, Math.min(most, sample)), tally);
}
