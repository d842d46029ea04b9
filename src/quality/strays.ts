import type { DirectionFacts } from './one-way.js';

/** So many packets in a row are a stream: 2 s of audio. */
const STREAM_PACKETS = 100;

/**
 * What came beside what can be heard: packets from elsewhere than the negotiated source, and packets of payload types
 * that were not negotiated. What is heard pays nothing for it.
 */
export class Strays {
  wrongSource = 0;
  /** Packets from elsewhere since the last one from the negotiated source, which came then. */
  private wrongSince = 0;
  private wrongAfterMs: number | null = null;

  undecodable = 0;
  /** The longest time, in ms, in which nothing else came. */
  undecodableMs = 0;
  private undecodableFromMs = 0;
  private undecodableInRow = 0;
  private decodableThen = -1;

  /** @param lastArrivalMs when the last packet of the negotiated source came; `null` before the first one */
  noteWrongSource(lastArrivalMs: number | null): void {
    this.wrongSource++;
    if (lastArrivalMs !== this.wrongAfterMs) {
      this.wrongAfterMs = lastArrivalMs;
      this.wrongSince = 0;
    }
    this.wrongSince++;
  }

  /** What a verdict rests on; the last packet of the negotiated source came then. */
  factsAt(
    lastArrivalMs: number | null,
  ): Pick<DirectionFacts, 'wrongSource' | 'wrongSourceSince' | 'undecodable' | 'undecodableMs'> {
    const { wrongSource, undecodable, undecodableMs } = this;
    const wrongSourceSince = lastArrivalMs === this.wrongAfterMs ? this.wrongSince : 0;
    return { wrongSource, wrongSourceSince, undecodable, undecodableMs };
  }

  /** @param decodable packets that could be decoded so far */
  noteUndecodable(arrivalMs: number, decodable: number): void {
    this.undecodable++;
    if (decodable !== this.decodableThen) {
      this.decodableThen = decodable;
      this.undecodableFromMs = arrivalMs;
      this.undecodableInRow = 0;
    }
    // Packets that only keep a NAT open while nothing is said are no audio (RFC 6263).
    if (++this.undecodableInRow < STREAM_PACKETS) return;
    this.undecodableMs = Math.max(this.undecodableMs, arrivalMs - this.undecodableFromMs);
  }
}
