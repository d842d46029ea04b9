import type { Ailment, StepPurpose } from './step.js';

/** What is tried next. */
export interface Trial {
  level: number;
  purpose: StepPurpose;
  /** A step that decides is of full length; one on the way up is shorter. */
  isFull: boolean;
}

/** What came of a trial. */
export type TrialResult =
  | { kind: 'held' }
  | {
      kind: 'failed';
      ailment: Ailment;
      /** What was carried of the level, where the trunk turned the rest away; `null` where that is not what failed. */
      carried: number | null;
    }
  | { kind: 'strained' };

/** Where a search ended. */
export interface Knee {
  /** The highest level that held; 0 of none. */
  held: number;
  /** The lowest that failed; `null` where none did. */
  failed: number | null;
  ailment: Ailment | null;
  /** `knee`: something failed; `max`: the highest level that may be tried held; `generator`: ours could not go higher. */
  end: 'knee' | 'max' | 'generator';
  /** The level that held did so again, and the one that failed failed again, after one another. */
  isConfirmed: boolean;
}

/** What says which level to try, and is told what came of it. */
export interface LevelSearch {
  /** `null` when the search is over. */
  readonly next: Trial | null;
  /** What is known, whether or not the search is over. */
  readonly result: Knee;
  take(result: TrialResult): void;
  /** Levels above this one cannot be tried. */
  limitTo(max: number): void;
}

export interface KneeOptions {
  start: number;
  max: number;
  /** Levels are whole numbers. */
  isWhole: boolean;
  /** The search is over when what failed is within this share of what held, or one where levels are whole. */
  resolution: number;
  /** What is carried beyond the limit is the limit itself, to the last call. */
  isCarriedExact: boolean;
  /** Levels of which it is asked whether they hold: none stays between what held and what failed. */
  asked?: readonly number[];
}

/** What strains the generator is tried so often. */
export const MOST_STRAINED = 3;
/** How often what was carried is believed, and a search makes a step. */
const MOST_BELIEFS = 4;
const MOST_TRIALS = 40;
/** How far to either side of a rate that was carried is tried. */
const BESIDE = 0.02;

/**
 * Finds the level from which on something fails. Pure: it says what to try, and is told what came of it.
 *
 * | purpose | held                       | failed                                                              |
 * |---------|----------------------------|---------------------------------------------------------------------|
 * | climb   | climb: twice the level     | below what was carried; narrow where nothing was turned away         |
 * | below   | above                      | below what was carried this time; narrow                             |
 * | above   | climb, or narrow           | found, when the same was carried again; otherwise below that         |
 * | narrow  | narrow; confirm when close | the same                                                            |
 * | confirm | the failed level again     | found, of the failed level; narrow, of the level that had held       |
 *
 * So a trunk that turns away what it cannot carry needs three steps beyond the climb: what it carried held, a little more
 * did not, and what was carried was the same. Anything else is bisected and confirmed from both sides.
 */
export class KneeSearch implements LevelSearch {
  private readonly heldLevels = new Set<number>();
  private failedAt = Number.POSITIVE_INFINITY;
  private ailment: Ailment | null = null;
  private carried = 0;
  private beliefs = 0;
  private trials = 0;
  private strained = 0;
  private max: number;
  private trial: Trial;
  private knee: Knee | null = null;

  constructor(private readonly options: KneeOptions) {
    this.max = options.max;
    this.trial = this.full(Math.min(options.start, options.max), 'climb');
  }

  get next(): Trial | null {
    return this.knee ? null : this.trial;
  }

  get result(): Knee {
    return this.knee ?? this.knownAs('knee', false);
  }

  private get held(): number {
    return Math.max(0, ...this.heldLevels);
  }

  limitTo(max: number): void {
    this.max = Math.min(this.max, max);
    if (this.trial.level <= this.max || this.knee) return;
    if (this.max <= this.held || this.max <= 0) this.knee = this.knownAs('max', false);
    else this.trial = this.full(this.max, this.trial.purpose);
  }

  take(result: TrialResult): void {
    if (this.knee) return;
    const { level, purpose } = this.trial;
    if (result.kind === 'strained') {
      // Once or twice it may have been a hiccup of the machine.
      if (++this.strained >= MOST_STRAINED) this.knee = this.knownAs('generator', false);
      return;
    }
    this.strained = 0;
    this.note(level, result);
    if (++this.trials >= MOST_TRIALS) this.knee = this.knownAs('knee', false);
    else if (result.kind === 'held') this.afterHeld(level, purpose);
    else this.afterFailed(level, purpose, result.carried);
  }

  private note(level: number, result: Exclude<TrialResult, { kind: 'strained' }>): void {
    if (result.kind === 'held') {
      this.heldLevels.add(level);
      if (level >= this.failedAt) {
        this.failedAt = Number.POSITIVE_INFINITY;
        this.ailment = null;
      }
      return;
    }
    if (level <= this.failedAt) {
      this.failedAt = level;
      this.ailment = result.ailment;
    }
    this.forgetHeldFrom(level);
  }

  private afterHeld(level: number, purpose: StepPurpose): void {
    if (level >= this.max) this.knee = this.knownAs('max', false);
    else if (purpose === 'below') this.trial = this.full(this.above(), 'above');
    else if (purpose === 'confirm' && Number.isFinite(this.failedAt)) this.trial = this.full(this.failedAt, 'confirm');
    else if (Number.isFinite(this.failedAt)) this.narrow();
    else this.climb(level);
  }

  private afterFailed(level: number, purpose: StepPurpose, carried: number | null): void {
    const { isCarriedExact } = this.options;
    const isTurnedAway = carried !== null && carried > 0 && carried < level;
    if (isTurnedAway && isCarriedExact && carried === this.carried && purpose !== 'below') {
      // Twice the same, and once no more than that was tried in between.
      this.forgetHeldFrom(carried + 1);
      this.failedAt = carried + 1;
      this.knee = this.knownAs('knee', this.heldLevels.has(carried));
    } else if (purpose === 'above' && !isCarriedExact && this.isClose()) this.knee = this.knownAs('knee', true);
    else if (purpose === 'confirm' && level > this.held && this.heldLevels.size > 0 && this.isClose())
      this.knee = this.knownAs('knee', true);
    else if (isTurnedAway && purpose !== 'narrow' && purpose !== 'confirm') this.believe(carried);
    else this.narrow();
  }

  /** Tries what was carried, and then a little more. */
  private believe(carried: number): void {
    const { isCarriedExact, isWhole } = this.options;
    if (isCarriedExact) this.forgetHeldFrom(carried + 1);
    const level = isWhole ? carried : carried * (1 - BESIDE);
    if (++this.beliefs > MOST_BELIEFS || (!isCarriedExact && level <= this.held)) {
      this.narrow();
      return;
    }
    this.carried = carried;
    this.trial = this.full(level, 'below');
  }

  private above(): number {
    const { isWhole } = this.options;
    const level = isWhole ? this.carried + Math.max(1, Math.ceil(this.carried * 0.05)) : this.carried * (1 + BESIDE);
    return Math.min(this.max, level);
  }

  private climb(level: number): void {
    this.trial = this.full(Math.min(this.max, level * 2), 'climb');
  }

  private narrow(): void {
    const { held, failedAt } = this;
    if (this.options.isWhole ? failedAt <= 1 : failedAt < 0.1) this.knee = this.knownAs('knee', true);
    else if (held > 0 && this.isClose()) this.trial = this.full(held, 'confirm');
    else {
      const middle = this.asked ?? (held > 0 ? Math.sqrt(held * failedAt) : failedAt / 2);
      const whole = Math.min(failedAt - 1, Math.max(held + 1, Math.round(middle)));
      this.trial = this.full(this.options.isWhole ? whole : middle, 'narrow');
    }
  }

  /** A level that is asked about and is still open. */
  private get asked(): number | undefined {
    return this.options.asked?.find((level) => level > this.held && level < this.failedAt);
  }

  private isClose(): boolean {
    const { held, failedAt } = this;
    if (this.asked !== undefined) return false;
    return failedAt - held <= held * this.options.resolution || (this.options.isWhole && failedAt - held <= 1);
  }

  private full(level: number, purpose: StepPurpose): Trial {
    return { level, purpose, isFull: purpose !== 'climb' || level >= this.max };
  }

  private forgetHeldFrom(level: number): void {
    for (const held of this.heldLevels) if (held >= level) this.heldLevels.delete(held);
  }

  private knownAs(end: Knee['end'], isConfirmed: boolean): Knee {
    const { held, failedAt, ailment } = this;
    return { held, failed: Number.isFinite(failedAt) ? failedAt : null, ailment, end, isConfirmed };
  }
}
