import { type Ailment, type Criteria, type Finding, judgeStep, srdLimitMs } from './judge.js';
import { type Knee, KneeSearch, type LevelSearch, type Trial } from './knee-search.js';
import { Rfc7502Search } from './rfc7502-search.js';
import type { Dimension, StepFigures, StepPlan } from './step.js';

export interface CapacityOptions {
  /** Most calls at once, and most attempts a second, that may be tried. */
  maxCalls: number;
  maxCps: number;
  /** Where the climb begins; a few calls by default. */
  startCalls?: number;
  /** A full step has at least so many attempts at its level, and takes at least so long. */
  stepCalls: number;
  stepMs: number;
  criteria: Criteria;
  /** Attempts a second are sought as RFC 7502 says, by steps of so many attempts of which none may fail. */
  rfc7502Attempts?: number;
  /** Most attempts a second while calls at once are sought; lowered where the trunk turns them away by rate. */
  paceCps: number;
  /** Shortest and longest that a call lasts while calls at once are sought. */
  shortestMs: number;
  longestMs: number;
}

/** Why a search ended where it did. `calls`: more attempts a second would need more calls at once than are carried. */
export type Cause =
  | 'channels'
  | 'cps'
  | 'silent-drops'
  | 'failures'
  | 'slow-setup'
  | 'audio'
  | 'dtmf'
  | 'dropped'
  | 'generator'
  | 'max'
  | 'pace'
  | 'calls'
  | 'unfinished';

/** What is known of one dimension. */
export interface Limit {
  /** The highest level at which everything held. */
  value: number;
  /** The limit may lie higher: it was out of reach, or the search was ended. */
  isAtLeast: boolean;
  /** The lowest level that failed; `null` where none did. */
  failedAt: number | null;
  cause: Cause;
  isConfirmed: boolean;
}

export interface DimensionResult extends Limit {
  /** Where calls are turned away, if calls go wrong before that; `null` where it was not sought. */
  turnedAway: Limit | null;
}

/** A step that was made. */
export interface StepRow {
  plan: StepPlan;
  figures: StepFigures;
  finding: Finding;
}

export interface CapacityResult {
  concurrency: DimensionResult | null;
  cps: DimensionResult | null;
  /** What failed at the lowest load already; then nothing else was sought. */
  baselineAilment: Ailment | null;
  /** Most that SRD may be at the 95th percentile; `null` where it is not known. */
  srdLimitMs: number | null;
}

const BASELINE_CALLS = 4;
const START_CALLS = 8;
/** Steps on the way up have this share of a full one's attempts. */
const CLIMB_SHARE = 0.25;
/** A call lasts no longer where the pace allows; a level is filled in as long as a call lasts. */
const USUAL_MS = 30_000;
/** Of the shortest call the share that is talk, however long it rings. */
const TALK_SHARE = 0.6;
/** Attempts a second by which levels are filled that need no call of either length. */
const FILL_CPS = 5;
/** The next call of a line comes so much after the end of the one before, so that jitter takes no channel twice. */
const GAP_MS = 50;
/** Of calls that were turned away the share below the peak that tells a limit of the rate from one of channels. */
const BELOW_PEAK_SHARE = 0.1;
/** While attempts a second are sought: talk time in ms, and the share of what the trunk carries that may be in use. */
const TALK_MS = { least: 200, most: 1000 };
const CHANNEL_SHARE = 0.8;
/** A cap on a rate does not show in less. */
const CPS_STEP_MS = 3000;
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
  /** Steps at the lowest load that did not hold. */
  private baselineTries = 0;
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
    if (this.phase === 'done') return null;
    if (this.phase === 'baseline')
      return this.concurrencyStep({
        level: Math.min(BASELINE_CALLS, this.options.maxCalls),
        purpose: 'baseline',
        isFull: this.baselineTries > 0,
      });
    const trial = this.knee!.next!;
    return this.dimension === 'cps' ? this.cpsStep(trial) : this.concurrencyStep(trial);
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
      if (++this.baselineTries < 2) return;
      this.phase = 'done';
      if (isFault) this.baselineAilment = finding.ailment;
      else this.concurrency = { ...NOTHING, cause: 'generator', turnedAway: null };
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
    const calls = this.concurrency!.value * CHANNEL_SHARE;
    return Math.min(this.options.maxCps, this.fullAtCps * 0.9, calls / ((this.setupMs + TALK_MS.least) / 1000));
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

  private concurrencyStep({ level, purpose, isFull }: Trial): StepPlan {
    const { shortestMs } = this.options;
    const least = Math.max(shortestMs, this.setupMs * 2 + shortestMs * TALK_SHARE);
    const wanted = Math.max(least, Math.min(USUAL_MS, (level / FILL_CPS) * 1000));
    const cps = this.slowerCps ?? Math.min(this.paceCps, level / (wanted / 1000));
    return {
      dimension: 'concurrency',
      purpose,
      isForRefusals: this.isForRefusals,
      level,
      cps,
      attempts: level + this.measured(cps, isFull),
      filling: level,
      // How long calls ring is not known at first.
      length:
        purpose === 'baseline'
          ? { since: 'answer', ms: wanted }
          : { since: 'invite', ms: (level / cps) * 1000 - Math.min(GAP_MS, 500 / cps) },
    };
  }

  private cpsStep({ level, purpose, isFull }: Trial): StepPlan {
    const calls = this.concurrency!.value * CHANNEL_SHARE;
    const talkMs = (calls / level) * 1000 - this.setupMs;
    return {
      dimension: 'cps',
      purpose,
      isForRefusals: this.isForRefusals,
      level,
      cps: level,
      attempts:
        (this.isByRfc7502 ? this.options.rfc7502Attempts : undefined) ??
        Math.max(this.measured(level, isFull), Math.ceil((level * CPS_STEP_MS) / 1000)),
      filling: 0,
      length: { since: 'answer', ms: Math.max(TALK_MS.least, Math.min(TALK_MS.most, talkMs)) },
    };
  }

  /** Attempts at the level. */
  private measured(cps: number, isFull: boolean): number {
    const { stepCalls, stepMs } = this.options;
    return Math.ceil(Math.max(stepCalls, (stepMs / 1000) * cps) * (isFull ? 1 : CLIMB_SHARE));
  }
}

const NOTHING: Limit = { value: 0, isAtLeast: true, failedAt: null, cause: 'unfinished', isConfirmed: false };
