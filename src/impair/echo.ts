import { clamp, frame, isPcm, readSamples, writeSamples } from './audio-samples.js';
import type { AudioTap } from './audio-tap.js';
import { Carried, type Fate, type StageModel } from './fate.js';
import type { FaultTally } from './fault-tally.js';

/** A packet that comes so much before or after its time goes on where the one before ended. */
const SLACK_MS = 60;

/**
 * Echo: whoever receives this direction hears, `delayMs` late and `returnLossDb` quieter, what the other direction brought away
 * from him. G.711 and L16, both directions at one sample rate; otherwise there is none. No draws.
 */
export class Echo implements StageModel {
  private readonly gain: number;
  /** Place of the next sample of the other direction. */
  private next = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly delayMs: number,
    returnLossDb: number,
    private readonly other: AudioTap,
    private readonly tally: FaultTally,
  ) {
    this.gain = 10 ** (-returnLossDb / 20);
    other.listen();
  }

  apply(fate: Fate): void {
    if (!isPcm(fate)) return;
    const rate = fate.carried === Carried.l16 ? fate.clockRate : 8000;
    if (this.other.sampleRate !== rate) return;
    const due = Math.round(((fate.arrivalMs - this.delayMs) * rate) / 1000);
    if (Math.abs(due - this.next) > (SLACK_MS * rate) / 1000) this.next = due;
    const count = readSamples(fate);
    for (let i = 0; i < count; i++) frame[i] = clamp(frame[i] + this.gain * this.other.at(this.next + i));
    this.next += count;
    writeSamples(fate, count);
    this.tally.count++;
  }
}
