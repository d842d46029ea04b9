import { type AdmittedPerSecond, AdmittedSeconds } from './admitted-seconds.js';
import type { Summary } from './summary.js';

export type TrunkVerdict = Omit<Summary['trunk'], 'own'>;

/** One final result, as the search for a limit sees it. */
export interface AttemptResult {
  startedMs: number;
  finalMs: number;
  /** Calls in progress besides this one, when its INVITE left and when its final response came. */
  inProgressAtInvite: number;
  inProgressAtFinal: number;
  answered: boolean;
  refused: boolean;
}

/** Statuses with which a trunk says that it is full, beside a Q.850 cause of 34, 41 or 42. */
const REFUSAL_STATUSES = new Set([403, 480, 486, 500, 503, 600, 603]);
const REFUSAL_Q850 = new Set([34, 41, 42]);
/** Q.850 causes by which the called user, not the trunk, ended the attempt: busy, no answer, absent, rejected. */
const USER_Q850 = new Set([17, 18, 19, 20, 21]);

/** Whether a final result is a refusal for want of capacity: by status, by Q.850 cause, or by silence. */
export function isRefusal(
  status: number | null,
  q850: number | null,
  cause: string | null,
  list?: ReadonlySet<number>,
): boolean {
  if (q850 !== null && REFUSAL_Q850.has(q850)) return true;
  if (q850 !== null && USER_Q850.has(q850)) return false;
  if (cause === 'timeout') return true;
  if (cause === 'transport' || status === null) return false;
  return (list ?? REFUSAL_STATUSES).has(status);
}

/**
 * Tells channel exhaustion from a rate limit.
 *
 * What a trunk carries is the plateau: we count a call from its first ringing to our BYE, the trunk from the INVITE to
 * the BYE's arrival, so that the count at a single refusal may lie a little below.
 *
 * - channels: refusals come while calls in progress stand at their plateau, the most that there ever were. At least nine
 *   of ten refusals must have met it (within 2 % or one call).
 * - cps: refusals come at all levels of use, the number admitted in the seconds with refusals hardly varies, and no
 *   second without refusals admits more.
 *
 * Attempts are counted by second and by calls in progress, none is kept: a run may last for days.
 */
export class ExhaustionDetector {
  private results = 0;
  private refusals = 0;
  /** Refusals by the calls in progress that they met. */
  private readonly levels = new Map<number, Refusals>();
  private readonly seconds = new AdmittedSeconds();

  add(result: AttemptResult): void {
    this.results++;
    const level = met(result);
    this.seconds.add(
      Math.floor(result.startedMs / 1000),
      level,
      result.refused ? 'refused' : result.answered ? 'admitted' : null,
    );
    if (!result.refused) return;
    this.refusals++;
    const refusals = this.levels.get(level);
    if (!refusals) this.levels.set(level, { count: 1, first: result });
    else {
      refusals.count++;
      if (result.finalMs < refusals.first.finalMs) refusals.first = result;
    }
  }

  /** @param peakInProgress the most calls that were in progress at once: the plateau, if there is one. */
  verdict(peakInProgress: number): TrunkVerdict {
    const none = {
      exhausted: false,
      exhaustedAtInProgress: null,
      exhaustedAtMs: null,
      cause: null,
      refusals: this.refusals,
    };
    if (this.results === 0) return { ...none, exhausted: null, evidence: null };
    if (this.refusals === 0) return { ...none, evidence: 'no attempt was refused' };

    const plateau = peakInProgress;
    const rate = this.seconds.figures(plateau);
    // A cap on the rate makes a plateau too (rate × duration of a call). Before it is reached calls are refused already.
    if (rate.steady && rate.refusingBelowPlateau > 0)
      return { ...none, cause: 'cps', evidence: this.rateEvidence(rate) };

    const tolerance = Math.max(1, plateau * 0.02);
    const atPlateau = together([...this.levels].filter(([level]) => level >= plateau - tolerance));
    if (atPlateau && plateau > 0 && this.refusals >= 2 && atPlateau.count >= this.refusals * 0.9) {
      return {
        exhausted: true,
        exhaustedAtInProgress: plateau,
        exhaustedAtMs: Math.round(atPlateau.first.startedMs),
        cause: 'channels',
        refusals: this.refusals,
        evidence: `${atPlateau.count} of ${this.refusals} refusals met ${Math.ceil(plateau - tolerance)} or more calls in progress, the first ${met(atPlateau.first)}; never were more than ${plateau} in progress`,
      };
    }
    if (rate.steady) return { ...none, cause: 'cps', evidence: this.rateEvidence(rate) };
    return { ...none, evidence: 'refusals follow neither the calls in progress nor the rate' };
  }

  private rateEvidence(rate: AdmittedPerSecond): string {
    const { first } = together([...this.levels])!;
    const levels = [...this.levels.keys()];
    const low = levels.reduce((a, b) => Math.min(a, b));
    const high = levels.reduce((a, b) => Math.max(a, b));
    const firstS = (first.startedMs / 1000).toFixed(1);
    return `the first refusal, at ${firstS} s, met ${met(first)} calls in progress; refusals at ${low} to ${high} calls in progress; ${rate.mean.toFixed(1)} calls a second were admitted in the seconds with refusals`;
  }
}

interface Refusals {
  count: number;
  /** The one whose response came first. */
  first: AttemptResult;
}

const met = (r: AttemptResult): number => Math.max(r.inProgressAtInvite, r.inProgressAtFinal);

/** Refusals of several levels taken together; `null` of none. */
function together(levels: readonly (readonly [number, Refusals])[]): Refusals | null {
  return levels.reduce<Refusals | null>((all, [, one]) => {
    if (!all) return one;
    const first = all.first.finalMs <= one.first.finalMs ? all.first : one.first;
    return { count: all.count + one.count, first };
  }, null);
}
