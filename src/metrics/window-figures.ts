import { Distribution, originOf, round } from './distribution.js';
import { distributionOf, type Figure } from './figures.js';
import type { Gate } from './gate-parser.js';
import { divided, type Quotient, quotientAt } from './quotient.js';

/** A room of a summary (`calls`, `sip`, …) as it stands, over all of the run so far. */
export type RoomReader = (room: string) => unknown;

/** A count or a quotient over all of the run so far, or what was recorded in a distribution since the pane before. */
type Reading = number | Quotient | Distribution | null;

/** How figures stood at the end of a second. */
interface Pane {
  second: number;
  readings: Map<string, Reading>;
}

/**
 * The figures that gates ask for, over the last seconds of a run: counts are the difference between two moments, quotients
 * those of their parts, percentiles those of what was recorded between. Memory is a pane a second, whatever the load.
 */
export class WindowFigures {
  private readonly panes: Pane[] = [];
  /** Paths of figures and distributions, by room. */
  private readonly wanted = new Map<string, Set<string>>();
  private readonly origins = new Map<string, Distribution>();
  private readonly longestSeconds: number;
  /** The one that goes on. */
  private second = 0;

  /** @param gates those with a window */
  constructor(
    gates: readonly Gate[],
    private readonly readRoom: RoomReader,
  ) {
    for (const { figure, over } of gates) {
      for (const one of over === null ? [figure] : [figure, over]) {
        const path = keyOf(one);
        const [room] = path.split('.');
        this.wanted.set(room, (this.wanted.get(room) ?? new Set()).add(path));
      }
    }
    this.longestSeconds = Math.max(0, ...gates.map(({ window }) => (window?.lengthMs ?? 0) / 1000));
  }

  /**
   * Reads how the figures stand if a second has ended since it was last called. Comes before anything of this moment is counted.
   * @param atMs on the run's clock, never less than before
   */
  read(atMs: number): void {
    const second = Math.floor(atMs / 1000);
    if (second <= this.second) return;
    const readings = new Map<string, Reading>();
    for (const [room, paths] of this.wanted) {
      const figures = this.readRoom(room);
      for (const path of paths) readings.set(path, this.readingOf(path, figures));
    }
    // All that is new was counted in the second of the call before.
    this.panes.push({ second: this.second, readings });
    this.second = second;
  }

  /** A figure of the `lengthMs` that end with second `last` (its number, from 0); `null` where nothing was measured. */
  figure(figure: Figure, last: number, lengthMs: number): number | null {
    const path = keyOf(figure);
    const before = last - lengthMs / 1000;
    if (distributionOf(figure) !== null) return told(this.merged(path, before, last), figure);
    const end = this.readingAt(path, last);
    const begin = this.readingAt(path, before);
    if (typeof end === 'number') return end - (typeof begin === 'number' ? begin : 0);
    if (!Array.isArray(end)) return null;
    const [part, whole] = Array.isArray(begin) ? begin : [0, 0];
    return divided([end[0] - part, end[1] - whole]);
  }

  /** Forgets what no window needs that ends with second `next` or later. */
  forget(next: number): void {
    const { panes } = this;
    while (panes.length > 1 && panes[1].second <= next - this.longestSeconds) panes.shift();
  }

  private readingAt(path: string, second: number): Reading {
    return this.panes.findLast((pane) => pane.second <= second)?.readings.get(path) ?? null;
  }

  private merged(path: string, before: number, last: number): Distribution | null {
    let whole: Distribution | null = null;
    for (const { second, readings } of this.panes) {
      const part = second > before && second <= last ? readings.get(path) : null;
      if (!(part instanceof Distribution)) continue;
      whole ??= part.empty();
      whole.merge(part);
    }
    return whole;
  }

  private readingOf(path: string, room: unknown): Reading {
    const keys = path.split('.');
    let node = room;
    for (const key of keys.slice(1, -1)) node = isTree(node) ? node[key] : null;
    if (!isTree(node)) return null;
    const name = keys.at(-1)!;
    const quotient = quotientAt(node, name);
    if (quotient !== null) return quotient;
    // A table of counts holds only what came.
    const figure = name in node ? node[name] : 0;
    if (isTree(figure)) return this.fresh(path, originOf(figure));
    return typeof figure === 'number' ? figure : null;
  }

  /** Ratings are those of the scale that most streams of the run are on: where that changes, what was on it before is of no second. */
  private fresh(path: string, origin: Distribution | null): Distribution | null {
    if (origin === null) return null;
    const known = this.origins.get(path) ?? origin;
    this.origins.set(path, origin);
    const fresh = origin.fresh();
    return known === origin ? fresh : null;
  }
}

/** Percentiles of one distribution are read together. */
function keyOf(figure: Figure): string {
  return distributionOf(figure) ?? figure.path;
}

function isTree(node: unknown): node is Record<string, unknown> {
  return typeof node === 'object' && node !== null;
}

function told(distribution: Distribution | null, { path, quantile }: Figure): number | null {
  if (distribution === null) return null;
  if (quantile !== null) return round(distribution.quantile(quantile)!);
  const figures: Record<string, number> = { ...distribution.percentiles(), ...distribution.lowPercentiles() };
  return figures[path.slice(path.lastIndexOf('.') + 1)];
}
