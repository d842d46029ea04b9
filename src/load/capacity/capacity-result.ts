import type { Finding } from './judge.js';
import type { Ailment, StepFigures, StepPlan } from './step.js';

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
  | 'gate'
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

/** How gates were used beside what is always judged. */
export interface GateUse {
  /** Expressions of those that steps were held to. */
  judged: string[];
  /** The others, and why. */
  notJudged: { expression: string; why: string }[];
}

/** Nothing was learned of a dimension. */
export const NOTHING_KNOWN: Limit = {
  value: 0,
  isAtLeast: true,
  failedAt: null,
  cause: 'unfinished',
  isConfirmed: false,
};
