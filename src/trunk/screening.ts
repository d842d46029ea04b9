import type { TrunkSpec } from './spec.js';

/** Calls whose number may not be shown, by what became of them. */
export interface ScreeningCounts {
  refused: number;
  withheld: number;
}

/** Caller-ID screening: whose numbers may be shown. */
export class Screening {
  readonly counts: ScreeningCounts = { refused: 0, withheld: 0 };
  private readonly allowed: ReadonlySet<string>;
  /** Lengths of what is allowed: a number is looked up by so many of its first digits. */
  private readonly lengths: readonly number[];

  constructor(private readonly spec: NonNullable<TrunkSpec['screening']>) {
    this.allowed = new Set(spec.allow);
    this.lengths = [...new Set(spec.allow.map(({ length }) => length))];
  }

  /** Whether a call of that number is taken, with the number shown or withheld; `null` for none. */
  passes(number: string | null): boolean {
    if (number !== null && this.lengths.some((length) => this.allowed.has(number.slice(0, length)))) return true;
    if (this.spec.otherwise === 'withhold') {
      this.counts.withheld++;
      return true;
    }
    this.counts.refused++;
    return false;
  }
}
