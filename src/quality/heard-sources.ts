import { type HeardSource, SourceTotals } from './heard-source.js';
import { type Interruptions, interruptionsOf, type RunLengths } from './interruptions.js';

/** The sources of a stream, one after the other; the one that is heard now belongs to the stream itself. */
export class EarlierSources {
  /** How often another SSRC began. */
  changes = 0;
  /** SSRC of the source that began last; −1 before the first one. */
  private lastSsrc = -1;
  /** The source before: its late packets are still its own. */
  private previous: HeardSource | null = null;
  private readonly ended = new SourceTotals();
  /** Runs of lost and late packets of those that ended. */
  private readonly endedRuns: RunLengths[] = [];

  get received(): number {
    return this.ended.received + (this.previous?.receiver.received ?? 0);
  }

  get lost(): number {
    return this.ended.lost + (this.previous?.receiver.lost ?? 0);
  }

  get expected(): number {
    return this.ended.expected + (this.previous?.receiver.expected ?? 0);
  }

  /** The source before, where it has that SSRC. */
  find(ssrc: number): HeardSource | null {
    return this.previous?.ssrc === ssrc ? this.previous : null;
  }

  /** A source of that SSRC begins in the place of `current`. */
  begin(ssrc: number, current: HeardSource | null): void {
    this.keep(this.previous);
    this.previous = current;
    if (this.lastSsrc >= 0 && ssrc !== this.lastSsrc) this.changes++;
    this.lastSsrc = ssrc;
  }

  /** An interval is over for what was heard so far. */
  endInterval(current: HeardSource | null): void {
    this.previous?.endInterval();
    current?.endInterval();
  }

  /** All are over, late packets included. */
  end(current: HeardSource | null): void {
    this.keep(this.previous);
    this.previous = null;
    this.keep(current);
  }

  /** Interruptions of all of them and `current`. Nothing is changed by it. */
  interruptions(current: HeardSource | null, packetMs: number): Interruptions {
    const runs = this.endedRuns.slice();
    if (this.previous) runs.push(this.previous.runs.lengths());
    if (current) runs.push(current.runs.lengths());
    return interruptionsOf(runs, packetMs);
  }

  /** Sums over all of them and `current`. Nothing is changed by it. */
  totals(current: HeardSource | null): SourceTotals {
    const totals = new SourceTotals();
    totals.merge(this.ended);
    if (this.previous) totals.add(this.previous);
    if (current) totals.add(current);
    return totals;
  }

  private keep(source: HeardSource | null): void {
    if (source === null) return;
    this.ended.add(source);
    const lengths = source.runs.lengths();
    if (lengths.size > 0) this.endedRuns.push(lengths);
  }
}
