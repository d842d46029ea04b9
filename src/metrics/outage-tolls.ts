import type { Outage } from './outage.js';

/** What outages may have cost: moments are ms from the start of the run. */
export interface Mark {
  /** A try failed at its target, an attempt failed altogether, or did so by a status that means "full", or a call was lost. */
  kind: 'try' | 'attempt' | 'refusal' | 'lost call';
  /** Name of the target; `null` where an outage of any target counts. */
  target: string | null;
  /** When it happened, or from when to when. */
  fromMs: number;
  toMs: number;
  /** Start of its attempt. */
  startedMs: number;
  /** By what another target would have been tried for. */
  isHit: boolean;
}

/** What one outage cost. */
export interface Toll {
  failed: number;
  refused: number;
  lost: number;
  /** Attempts that it hit, and the start of the last one. */
  hits: number;
  lastHitMs: number;
}

/**
 * What each outage cost. Marks that are old enough for every outage of their time to be known are counted and forgotten, so
 * that a run of days keeps those of the last minutes.
 */
export class OutageTolls {
  private marks: Mark[] = [];
  /** By the outage's place in the list of all. */
  private readonly settled: Toll[] = [];

  /** @param names of the targets, by their place in the group */
  constructor(private readonly names: readonly string[]) {}

  /** Marks that are still kept. */
  get kept(): number {
    return this.marks.length;
  }

  add(mark: Mark): void {
    this.marks.push(mark);
  }

  /** @param beforeMs every outage that began before then is among `outages`, as from now on in each list */
  settle(outages: readonly Outage[], beforeMs: number): void {
    const kept: Mark[] = [];
    for (const mark of this.marks) {
      if (mark.toMs >= beforeMs) kept.push(mark);
      else
        for (const [i, outage] of outages.entries()) {
          if (!this.isOf(mark, outage)) continue;
          this.settled[i] ??= noToll();
          count(this.settled[i], mark);
        }
    }
    this.marks = kept;
  }

  /** Of the `i`-th outage of the list. */
  toll(i: number, outage: Outage): Toll {
    const toll = { ...(this.settled[i] ?? noToll()) };
    for (const mark of this.marks) if (this.isOf(mark, outage)) count(toll, mark);
    return toll;
  }

  private isOf({ target, fromMs, toMs }: Mark, outage: Outage): boolean {
    const isTarget = target === null || target === this.names[outage.target];
    return isTarget && fromMs <= (outage.upMs ?? Number.POSITIVE_INFINITY) && toMs >= outage.sinceMs;
  }
}

function noToll(): Toll {
  return { failed: 0, refused: 0, lost: 0, hits: 0, lastHitMs: Number.NEGATIVE_INFINITY };
}

function count(toll: Toll, { kind, startedMs, isHit }: Mark): void {
  if (kind === 'attempt' || kind === 'refusal') toll.failed++;
  if (kind === 'refusal') toll.refused++;
  if (kind === 'lost call') toll.lost++;
  if (!isHit) return;
  toll.hits++;
  toll.lastHitMs = Math.max(toll.lastHitMs, startedMs);
}
