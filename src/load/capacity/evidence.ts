import type { Limit, StepRow } from './capacity-result.js';
import { confidenceOf, failuresOf } from './judge.js';
import type { Ailment, Dimension, GateBreach, Share } from './step.js';

/** What the steps at one level say. */
export interface LevelEvidence {
  level: number;
  /** Steps made there that came out so. */
  steps: number;
  /** Of how many attempts or calls how many were bad; `null` where it was no share that failed. */
  share: Share | null;
  /** Wilson's interval of the share, at 95 %. */
  confidence: { low: number; high: number } | null;
}

export interface FailedEvidence extends LevelEvidence {
  ailment: Ailment;
  /** What decided, where it was no share. */
  gate: GateBreach | null;
  /** What refused and failed attempts ended by. */
  responses: Record<string, number>;
  /** Of the level, where the rest was turned away. */
  carried: number | null;
}

/** What speaks for a limit, on either side. */
export interface Evidence {
  /** All steps at the highest level that held; the share is that of failed attempts. `null` where none held. */
  held: LevelEvidence | null;
  /** The lowest level that was tried and failed, by its last step; `null` where none did. */
  failed: FailedEvidence | null;
  /**
   * The highest level at which audio and digits held as well, where calls at the one that held were too short for them; 0 of none, `null`
   * where they were judged at that level or are judged nowhere.
   */
  heardUpTo: number | null;
}

/** @param isForRefusals the limit beyond which attempts are turned away, where calls go wrong before */
export function evidenceOf(
  limit: Limit,
  dimension: Dimension,
  steps: readonly StepRow[],
  isForRefusals: boolean,
): Evidence {
  const below = limit.failedAt ?? Number.POSITIVE_INFINITY;
  const ours = steps.filter(({ plan }) => plan.dimension === dimension && plan.isForRefusals === isForRefusals);
  const held = ours.filter(({ plan, finding }) => finding.kind === 'held' && plan.level < below);
  const failed = ours.filter(({ plan, finding }) => finding.kind === 'failed' && plan.level >= below);
  const highest = Math.max(...held.map(({ plan }) => plan.level));
  return {
    held: heldAt(highest, held),
    failed: failedAt(Math.min(...failed.map(({ plan }) => plan.level)), failed),
    heardUpTo: isForRefusals || !steps.some(wasHeard) ? null : heardUpTo(highest, held),
  };
}

function wasHeard({ figures: { unheard, digits, mosP5 } }: StepRow): boolean {
  return unheard.of > 0 || digits.of > 0 || mosP5 !== null;
}

function heardUpTo(highest: number, held: readonly StepRow[]): number | null {
  const heard = Math.max(0, ...held.filter(({ plan }) => plan.isHeard).map(({ plan }) => plan.level));
  return held.length === 0 || heard === highest ? null : heard;
}

function heldAt(level: number, rows: readonly StepRow[]): Evidence['held'] {
  const ours = rows.filter(({ plan }) => plan.level === level);
  if (ours.length === 0) return null;
  const shares = ours.map(({ figures }) => failuresOf(figures));
  const share = { of: shares.reduce((sum, { of }) => sum + of, 0), bad: shares.reduce((sum, { bad }) => sum + bad, 0) };
  return { level, steps: ours.length, share, confidence: confidenceOf(share) };
}

function failedAt(level: number, rows: readonly StepRow[]): Evidence['failed'] {
  const ours = rows.filter(({ plan }) => plan.level === level);
  const last = ours.at(-1);
  if (last?.finding.kind !== 'failed') return null;
  const { ailment, share, gate = null } = last.finding;
  const isTurnedAway = ailment === 'refused' || ailment === 'silent';
  const { peakCalls, admittedCps, responses } = last.figures;
  return {
    level,
    steps: ours.length,
    share,
    confidence: share && confidenceOf(share),
    ailment,
    gate,
    responses,
    carried: !isTurnedAway ? null : last.plan.dimension === 'cps' ? admittedCps : peakCalls,
  };
}
