import {
  type CapacityResult,
  type Cause,
  type DimensionResult,
  type Limit,
  NOTHING_KNOWN,
  type StepRow,
} from './capacity-result.js';
import { type Criteria, type Finding, judgeStep, srdLimitMs } from './judge.js';
import { type Knee, KneeSearch, type LevelSearch, MOST_STRAINED } from './knee-search.js';
import { Rfc7502Search } from './rfc7502-search.js';
import type { Ailment, Dimension, StepFigures, StepPlan } from './step.js';
import { concurrencyStep, cpsStep, mostCps, type StepContext, type StepOptions } from './step-plans.js';

export interface CapacityOptions extends StepOptions {
  /** Most calls at once, and most attempts a second, that may be tried. */
  maxCalls: number;
  maxCps: number;
  /** Where the climb begins; a few calls by default. */
  startCalls?: number;
  /** Levels of which it is asked whether they hold, ascending: they are tried themselves where nothing else tells. */
  asked?: Readonly<Record<Dimension, readonly number[]>>;
  criteria: Criteria;
  /** Most attempts a second while calls at once are sought; lowered where the trunk turns them away by rate. */
  paceCps: number;
  /** Longest that a call lasts while calls at once are sought. */
  longestMs: number;
}

const BASELINE_CALLS = 4;
const START_CALLS = 8;
/** A fault at the lowest load is believed when it came so often. */
const MOST_FAULTS = 2;
/** Of calls that were turned away the share below the peak that tells a limit of the rate from one of channels. */
const BELOW_PEAK_SHARE = 0.1;
/** So much of what the trunk carries is all of it. */
const FULL_SHARE = 0.97;
const RESOLUTION = { concurrency: 0.03, cps: 0.045 };

type Phase = 'baseline' | 'concurrency' | 'concurrency-turned-away' | 'cps' | 'cps-turned-away' | 'done';

const isTurnedAway = (ailment: Ailment | null): boolean => ailment === 'refused' || ailment === 'silent';

/**
 * Searches for the most calls at once and then for the most attempts a second. Pure: `next` is the step to make, `take` is
 * told its figures.
 *
 * - Concurrency: attempts at an even, gentle rate r whose calls last N ÷ r since their INVITE, so that N are up, no
 *   matter how long they ring. Where the trunk turns attempts away before calls in progress level off, it is by rate: the
 *   pace is lowered for good, and the step is made again.
 * - CPS: calls so short that four fifths of what the trunk carries suffice; more than that allows cannot be tried.
 *
 * Where calls go wrong before any is turned away, that is the limit; where they are turned away is then sought as well.
 */
export class CapacitySearch {
  readonly steps: StepRow[] = [];
  private phase: Phase = 'baseline';
  private knee: LevelSearch | null = null;
  private paceCps: number;
  private isPaceLowered = false;
  private baselineSrdMs: number | null = null;
  private baselineAilment: Ailment | null = null;
  private setupMs = 0;
  /** The half of a pace at which a step that failed is made once more, to tell calls at once from attempts a second. */
  private slowerCps: number | null = null;
  private isByCalls = false;
  /** The lowest rate at which the trunk ran out of channels. */
  private fullAtCps = Number.POSITIVE_INFINITY;
  private concurrency: DimensionResult | null = null;
  private cps: DimensionResult | null = null;

  constructor(private readonly options: CapacityOptions) {
    this.paceCps = options.paceCps;
  }

  /** `null` when the search is over. */
  get next(): StepPlan | null {
    const { phase, options, context } = this;
    if (phase === 'done') return null;
    const pace = this.slowerCps === null ? { most: this.paceCps } : { exactly: this.slowerCps };
    if (phase === 'baseline') {
      const level = Math.min(BASELINE_CALLS, options.maxCalls);
      return concurrencyStep({ level, purpose: 'baseline', isFull: this.steps.length > 0 }, options, context, pace);
    }
    const trial = this.knee!.next!;
    if (this.dimension === 'concurrency') return concurrencyStep(trial, options, context, pace);
    const attempts = this.isByRfc7502 ? options.rfc7502Attempts : undefined;
    return cpsStep(trial, options, context, this.concurrency!.value, attempts);
  }

  /** What is known so far. */
  get result(): CapacityResult {
    const { phase, knee } = this;
    const current = knee && phase !== 'done' ? { ...this.limitOf(knee.result), turnedAway: null } : null;
    const value = current && (phase === 'concurrency' ? Math.max(current.value, this.baselineCalls) : current.value);
    const unfinished = current && {
      ...current,
      value: value!,
      isAtLeast: true,
      cause: 'unfinished' as const,
      isConfirmed: false,
    };
    return {
      concurrency: this.concurrency ?? (phase === 'concurrency' ? unfinished : null),
      cps: this.cps ?? (phase === 'cps' ? unfinished : null),
      baselineAilment: this.baselineAilment,
      srdLimitMs: this.srdLimit,
    };
  }

  take(figures: StepFigures): Finding {
    const plan = this.next!;
    const finding = judgeStep(figures, this.criteria, this.srdLimit);
    this.steps.push({ plan, figures, finding });
    if (this.phase === 'baseline') this.takeBaseline(finding, figures);
    else if (
      !this.slowDown(plan, finding, figures) &&
      !this.runOutOfCalls(plan, finding, figures) &&
      !this.doubt(plan, finding)
    )
      this.takeTrial(finding, figures);
    return finding;
  }

  private get context(): StepContext {
    return { isForRefusals: this.isForRefusals, setupMs: this.setupMs };
  }

  private get dimension(): Dimension {
    return this.phase === 'cps' || this.phase === 'cps-turned-away' ? 'cps' : 'concurrency';
  }

  private get srdLimit(): number | null {
    return srdLimitMs(this.criteria, this.baselineSrdMs);
  }

  private get isByRfc7502(): boolean {
    return this.phase === 'cps' && this.options.rfc7502Attempts !== undefined;
  }

  private get isForRefusals(): boolean {
    return this.phase === 'concurrency-turned-away' || this.phase === 'cps-turned-away';
  }

  /** Where only turning away is sought, nothing else counts. */
  private get criteria(): Criteria {
    const { criteria } = this.options;
    if (this.isByRfc7502) return { ...criteria, failureRatio: 0 };
    return this.isForRefusals ? { ...criteria, faultRatio: 1, srdMs: Number.POSITIVE_INFINITY } : criteria;
  }

  private takeBaseline(finding: Finding, figures: StepFigures): void {
    const isFault = finding.kind === 'failed' && !isTurnedAway(finding.ailment);
    // Fewer channels than that, or less than a call a second, are left to the search itself.
    if (finding.kind === 'strained' || isFault) {
      const alike = this.steps.filter((row) => row.finding.kind === finding.kind).length;
      if (alike < (isFault ? MOST_FAULTS : MOST_STRAINED)) return;
      this.phase = 'done';
      if (isFault) this.baselineAilment = finding.ailment;
      else this.concurrency = { ...NOTHING_KNOWN, cause: 'generator', turnedAway: null };
      return;
    }
    this.baselineSrdMs = figures.srdP95Ms;
    this.setupMs = figures.setupP95Ms ?? 0;
    const { maxCalls, startCalls } = this.options;
    this.enter('concurrency', finding.kind === 'held' ? (startCalls ?? START_CALLS) : BASELINE_CALLS, maxCalls);
  }

  /** Whether the trunk turned attempts away by their rate while calls at once were sought: then more slowly once more. */
  private slowDown(plan: StepPlan, finding: Finding, figures: StepFigures): boolean {
    if (this.dimension !== 'concurrency' || finding.kind !== 'failed' || !isTurnedAway(finding.ailment)) return false;
    const { refused, silent, refusedBelowPeak, admittedCps } = figures;
    if (refusedBelowPeak <= (refused + silent) * BELOW_PEAK_SHARE) return false;
    this.paceCps = Math.min(plan.cps / 2, (admittedCps || Number.POSITIVE_INFINITY) * 0.8);
    this.isPaceLowered = true;
    this.knee!.limitTo(this.reachCalls);
    if (!this.knee!.next) this.leave();
    return true;
  }

  /** Whether attempts were turned away for want of a channel while their rate was sought: then less can be tried. */
  private runOutOfCalls(plan: StepPlan, finding: Finding, { peakCalls }: StepFigures): boolean {
    if (this.dimension !== 'cps' || finding.kind !== 'failed' || !isTurnedAway(finding.ailment)) return false;
    const { value, turnedAway } = this.concurrency!;
    if (peakCalls < (turnedAway?.value ?? value) * FULL_SHARE) return false;
    this.fullAtCps = plan.level;
    this.knee!.limitTo(plan.level * 0.9);
    if (!this.knee!.next) this.leave();
    return true;
  }

  /** Whether it is open if what failed follows calls at once or their rate: then it is made once more, at half the pace. */
  private doubt(plan: StepPlan, finding: Finding): boolean {
    if (this.phase !== 'concurrency' || this.isByCalls) return false;
    if (this.slowerCps !== null) {
      if (finding.kind === 'strained') return false;
      if (finding.kind === 'held') {
        this.paceCps = this.slowerCps;
        this.isPaceLowered = true;
        this.knee!.limitTo(this.reachCalls);
      } else this.isByCalls = true;
      this.slowerCps = null;
      return false;
    }
    const slowerCps = plan.cps / 2;
    if (finding.kind !== 'failed' || isTurnedAway(finding.ailment)) return false;
    if ((plan.level / slowerCps) * 1000 > this.options.longestMs) return false;
    this.slowerCps = slowerCps;
    return true;
  }

  private takeTrial(finding: Finding, figures: StepFigures): void {
    const knee = this.knee!;
    if (finding.kind === 'failed') {
      const carried = this.dimension === 'cps' ? figures.admittedCps : figures.peakCalls;
      knee.take({
        kind: 'failed',
        ailment: finding.ailment,
        carried: isTurnedAway(finding.ailment) ? carried : null,
      });
    } else knee.take({ kind: finding.kind });
    if (!knee.next) this.leave();
  }

  private enter(phase: Exclude<Phase, 'baseline' | 'done'>, start: number, max: number): void {
    this.phase = phase;
    if (this.isByRfc7502) {
      this.knee = new Rfc7502Search(Math.floor(max));
      return;
    }
    const dimension = this.dimension;
    this.knee = new KneeSearch({
      start,
      max,
      isWhole: dimension === 'concurrency',
      isCarriedExact: dimension === 'concurrency',
      resolution: RESOLUTION[dimension],
      asked: this.isForRefusals ? [] : this.options.asked?.[dimension],
    });
  }

  /** The knee is found: what comes next. */
  private leave(): void {
    const knee = this.knee!.result;
    const limit = this.limitOf(knee);
    const isFault = knee.end === 'knee' && knee.held > 0 && !isTurnedAway(knee.ailment);
    const { maxCalls, maxCps } = this.options;
    switch (this.phase) {
      case 'concurrency':
        this.concurrency = { ...limit, turnedAway: null };
        if (isFault && knee.failed !== null && knee.failed < maxCalls) {
          this.enter('concurrency-turned-away', Math.min(maxCalls, Math.max(knee.failed, knee.held * 2)), maxCalls);
          return;
        }
        break;
      case 'concurrency-turned-away':
        this.concurrency!.turnedAway = limit;
        break;
      case 'cps':
        this.cps = { ...limit, turnedAway: null };
        if (isFault && knee.failed !== null && knee.failed < this.reachCps) {
          this.enter('cps-turned-away', Math.min(this.reachCps, Math.max(knee.failed, knee.held * 2)), this.reachCps);
          return;
        }
        break;
      case 'cps-turned-away':
        this.cps!.turnedAway = limit;
        break;
      default:
        break;
    }
    if (this.dimension === 'cps' || this.concurrency!.value === 0 || maxCps <= 0) {
      this.phase = 'done';
      return;
    }
    this.enter('cps', Math.min(this.reachCps, Math.max(1, this.heldCps() * 2)), this.reachCps);
  }

  /** Attempts a second that may be tried: with the shortest calls they take four fifths of what is carried. */
  private get reachCps(): number {
    return Math.min(this.options.maxCps, this.fullAtCps * 0.9, mostCps(this.concurrency!.value, this.setupMs));
  }

  /** Calls at once that may be tried: as many as the pace gathers while the longest call lasts. */
  private get reachCalls(): number {
    return Math.floor((this.paceCps * this.options.longestMs) / 1000);
  }

  /** The highest rate of a step that held. */
  private heldCps(): number {
    return Math.max(0, ...this.steps.map(({ plan, finding }) => (finding.kind === 'held' ? plan.cps : 0)));
  }

  private limitOf(knee: Knee): Limit {
    const isKnee = knee.end === 'knee';
    const peak = this.dimension === 'concurrency' ? this.peakAt(knee.held) : knee.held;
    return {
      // What was planned counts only as far as it was up.
      value: isKnee ? knee.held : Math.min(knee.held, peak),
      isAtLeast: !isKnee,
      failedAt: knee.failed,
      cause: this.causeOf(knee),
      isConfirmed: knee.isConfirmed,
    };
  }

  private causeOf({ end, ailment }: Knee): Cause {
    if (end === 'generator') return 'generator';
    if (end === 'max') {
      if (this.dimension === 'cps') return this.reachCps < this.options.maxCps ? 'calls' : 'max';
      return this.isPaceLowered && this.reachCalls < this.options.maxCalls ? 'pace' : 'max';
    }
    switch (ailment) {
      case 'refused':
        return this.dimension === 'cps' ? 'cps' : 'channels';
      case 'silent':
        return 'silent-drops';
      case 'failed':
        return 'failures';
      case null:
        return 'unfinished';
      default:
        return ailment;
    }
  }

  /** Calls at once that held at the lowest load, which the search itself does not try again; 0 where fewer failed since. */
  private get baselineCalls(): number {
    const { failed } = this.knee!.result;
    const held = this.steps.find(({ plan, finding }) => plan.purpose === 'baseline' && finding.kind === 'held');
    if (!held || (failed !== null && failed <= held.plan.level)) return 0;
    return Math.min(held.plan.level, held.figures.peakCalls);
  }

  private peakAt(level: number): number {
    const peaks = this.steps
      .filter(
        ({ plan, finding }) => plan.dimension === 'concurrency' && plan.level === level && finding.kind === 'held',
      )
      .map(({ figures }) => figures.peakCalls);
    return Math.max(0, ...peaks);
  }
}
