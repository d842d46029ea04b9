import { type HeardSource, SourceTotals } from './heard-source.js';

/** The sources of a stream, one after the other; the one that is heard now belongs to the stream itself. */
export class EarlierSources {
  /** How often another SSRC began. */
  changes = 0;
  /** SSRC of the source that began last; −1 before the first one. */
  private lastSsrc = -1;
  /** The source before: its late packets are still its own. */
  private previous: HeardSource | null = null;
  private readonly ended = new SourceTotals();

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
    if (this.previous) this.ended.add(this.previous);
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
    if (this.previous) this.ended.add(this.previous);
    this.previous = null;
    if (current) this.ended.add(current);
  }

  /** Sums over all of them and `current`. Nothing is changed by it. */
  totals(current: HeardSource | null): SourceTotals {
    const totals = new SourceTotals();
    totals.merge(this.ended);
    if (this.previous) totals.add(this.previous);
    if (current) totals.add(current);
    return totals;
  }
}
