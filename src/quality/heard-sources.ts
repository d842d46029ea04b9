import { type HeardSource, SourceTotals } from './heard-source.js';

/** Late packets of the source before are still its own. Where nothing has come of the one after it for so long, it goes on. */
const RETURN_MS = 500;

/** The sources of a stream, one after the other; the one that is heard now belongs to the stream itself. */
export class EarlierSources {
  /** How often another SSRC began. */
  changes = 0;
  /** SSRC of the source that began last, or went on; −1 before the first one. */
  private lastSsrc = -1;
  /** The source before. */
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

  /** Whether a packet of that source is but a late one of the source before. */
  isLate(source: HeardSource, current: HeardSource | null, arrivalMs: number): boolean {
    return source === this.previous && arrivalMs - current!.receiver.lastArrivalMs < RETURN_MS;
  }

  /** A source begins in the place of `current`, or the one before goes on: after music on hold, or a packet that strayed in. */
  begin(source: HeardSource, current: HeardSource | null): void {
    const { previous, lastSsrc } = this;
    if (source !== previous) {
      if (previous) this.ended.add(previous);
      if (lastSsrc >= 0 && source.ssrc !== lastSsrc) this.changes++;
    }
    this.previous = current;
    this.lastSsrc = source.ssrc;
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
