import { frame, isPcm, readSamples } from './audio-samples.js';
import { Carried, type Fate } from './fate.js';

/** What an echo may reach back to: 2 s, and what is under way. */
const KEPT_MS = 2500;
/** Packets that come so much before or after their time still follow the one before without a hole. */
const SLACK_MS = 60;

/**
 * The audio that came out of one direction of a call, kept for the echo in the other one. Until somebody listens nothing is
 * kept. Samples lie by their time: a packet goes behind the one before unless it is too far from its time.
 */
export class AudioTap {
  private ring: Int16Array | null = null;
  /** Samples per second; 0 before the first packet. */
  private rate = 0;
  /** Place of the next sample, counted from the clock's zero. */
  private end = 0;

  /** From now on audio is kept. */
  listen(): void {
    this.ring ??= new Int16Array(0);
  }

  get isListenedTo(): boolean {
    return this.ring !== null;
  }

  /** Takes a packet that goes on. */
  take(fate: Fate): void {
    if (this.ring === null || !isPcm(fate)) return;
    const count = readSamples(fate);
    const rate = fate.carried === Carried.l16 ? fate.clockRate : 8000;
    if (rate !== this.rate) {
      this.rate = rate;
      this.ring = new Int16Array((KEPT_MS * rate) / 1000);
      this.end = 0;
    }
    const { ring } = this;
    const due = Math.round((fate.arrivalMs * rate) / 1000);
    const slack = (SLACK_MS * rate) / 1000;
    if (due < this.end - slack) return;
    if (due > this.end + slack || this.end === 0) this.skipTo(due);
    for (let i = 0; i < count; i++) ring[(this.end + i) % ring.length] = frame[i];
    this.end += count;
  }

  /** The sample at a place; 0 where there is none. */
  at(place: number): number {
    const { ring, end } = this;
    if (ring === null || place >= end || place < end - ring.length || place < 0) return 0;
    return ring[place % ring.length];
  }

  /** Samples per second; 0 before the first packet. */
  get sampleRate(): number {
    return this.rate;
  }

  private skipTo(due: number): void {
    const ring = this.ring!;
    if (due - this.end >= ring.length) ring.fill(0);
    else for (let place = this.end; place < due; place++) ring[place % ring.length] = 0;
    this.end = due;
  }
}
