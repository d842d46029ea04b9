/** Attempts by the second of the run in which they started. */
interface Second {
  admitted: number;
  refused: number;
  /** The most calls in progress that one of them met. */
  level: number;
}

export interface AdmittedPerSecond {
  /** Mean over the seconds in which calls were refused too. */
  mean: number;
  /** It hardly varies there, and no second without refusals admits more. */
  steady: boolean;
  /** Seconds with at least two refusals and no more than four fifths of the plateau in progress. */
  refusingBelowPlateau: number;
}

/**
 * How many calls were admitted in each second. Seconds of the last two hours are kept; of older ones only what the figures need, so
 * that a run of days costs no more than one of hours. An attempt that takes longer to end is no longer counted to its second.
 */
export class AdmittedSeconds {
  private readonly seconds = new Map<number, Second>();
  private newest = Number.NEGATIVE_INFINITY;
  /** Seconds before this one are folded. */
  private foldedUntil = Number.NEGATIVE_INFINITY;
  /** The first second with refusals, once it is folded. */
  private first: Second | null = null;
  /** Of the folded seconds with refusals, but for the first: how many, and what they admitted. */
  private count = 0;
  private sum = 0;
  private most = 0;
  private least = Number.POSITIVE_INFINITY;
  /** Of them and the first, those with two refusals or more, by the calls in progress that they met. */
  private readonly levels = new Map<number, number>();
  /** The most that a folded second without refusals admitted. */
  private cleanMost = 0;

  constructor(private readonly keptS = 7200) {}

  add(second: number, level: number, result: 'admitted' | 'refused' | null): void {
    if (second < this.foldedUntil) return;
    const entry = this.seconds.get(second) ?? { admitted: 0, refused: 0, level: 0 };
    this.seconds.set(second, entry);
    entry.level = Math.max(entry.level, level);
    if (result === 'admitted') entry.admitted++;
    else if (result === 'refused') entry.refused++;
    if (second > this.newest) this.newest = second;
    if (this.seconds.size > 2 * this.keptS) this.fold(this.newest - this.keptS);
  }

  /** The first and last second with refusals are partial and left out, where there are more than three. */
  figures(plateau: number): AdmittedPerSecond {
    const bound = plateau * 0.8;
    let clean = this.cleanMost;
    for (const { refused, admitted } of this.seconds.values()) if (refused === 0) clean = Math.max(clean, admitted);
    const refusing = this.refusing();
    const isMany = refusing.length + this.count + (this.first ? 1 : 0) > 3;
    const inner = isMany ? refusing.slice(this.first ? 0 : 1, -1) : this.first ? [this.first, ...refusing] : refusing;
    let { count, sum, most, least } = this;
    for (const { admitted } of inner) {
      count++;
      sum += admitted;
      most = Math.max(most, admitted);
      least = Math.min(least, admitted);
    }
    let below = refusing.filter((s) => s.refused >= 2 && s.level <= bound).length;
    for (const [level, seconds] of this.levels) if (level <= bound) below += seconds;
    const mean = sum / Math.max(1, count);
    const steady = count >= 2 && mean > 0 && most - least <= Math.max(2, mean * 0.3) && clean <= most;
    return { mean, steady, refusingBelowPlateau: below };
  }

  /** Seconds with refusals that are not folded, in order. */
  private refusing(): Second[] {
    return [...this.seconds]
      .filter(([, { refused }]) => refused > 0)
      .sort(([a], [b]) => a - b)
      .map(([, second]) => second);
  }

  private fold(until: number): void {
    const old = [...this.seconds].filter(([key]) => key < until).sort(([a], [b]) => a - b);
    this.foldedUntil = until;
    for (const [key, second] of old) {
      this.seconds.delete(key);
      const { admitted, refused, level } = second;
      if (refused === 0) {
        this.cleanMost = Math.max(this.cleanMost, admitted);
        continue;
      }
      if (refused >= 2) this.levels.set(level, (this.levels.get(level) ?? 0) + 1);
      if (!this.first) {
        this.first = second;
        continue;
      }
      this.count++;
      this.sum += admitted;
      this.most = Math.max(this.most, admitted);
      this.least = Math.min(this.least, admitted);
    }
  }
}
