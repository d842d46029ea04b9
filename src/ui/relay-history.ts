import type { RelayDirection, RelaySnapshot } from '../media/link/relay-messages.js';

/** Seconds that are kept: wider than any terminal. */
const MOST_POINTS = 600;

/** Packets a second that came from each side, over the last ten minutes, and what the media thread did in the last second. */
export class RelayHistory {
  private readonly points: Record<RelayDirection, number>[] = [];
  private last: RelaySnapshot | null = null;
  /** Share of a core that the media thread took; `null` where the system does not tell. */
  cpuRatio: number | null = null;

  add(snapshot: RelaySnapshot | null): void {
    const { last } = this;
    if (snapshot === null || snapshot.atMs === last?.atMs) return;
    this.last = snapshot;
    if (last === null) return;
    const seconds = (snapshot.atMs - last.atMs) / 1000;
    const rate = (direction: RelayDirection): number =>
      (snapshot.directions[direction].received - last.directions[direction].received) / seconds;
    this.points.push({ aToB: rate('aToB'), bToA: rate('bToA') });
    if (this.points.length > MOST_POINTS) this.points.shift();
    const [cpuMs, cpuBeforeMs] = [snapshot.health.cpuMs, last.health.cpuMs];
    this.cpuRatio = cpuMs === null || cpuBeforeMs === null ? null : (cpuMs - cpuBeforeMs) / (1000 * seconds);
  }

  /** How much time is kept. */
  get spanMs(): number {
    return this.points.length * 1000;
  }

  latest(direction: RelayDirection): number | null {
    return this.points.at(-1)?.[direction] ?? null;
  }

  /** The last seconds, one a column, the newest on the right. */
  columns(direction: RelayDirection, columns: number): (number | null)[] {
    const values: (number | null)[] = this.points.slice(-columns).map((point) => point[direction]);
    return [...new Array<null>(Math.max(0, columns - values.length)).fill(null), ...values];
  }
}
