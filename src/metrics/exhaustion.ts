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
 */
export class ExhaustionDetector {
  private readonly results: AttemptResult[] = [];
  private refusals = 0;

  add(result: AttemptResult): void {
    this.results.push(result);
    if (result.refused) this.refusals++;
  }

  get refusalCount(): number {
    return this.refusals;
  }

  /** @param peakInProgress the most calls that were in progress at once: the plateau, if there is one. */
  verdict(peakInProgress: number): TrunkVerdict {
    const refused = this.results.filter((r) => r.refused);
    const none = {
      exhausted: false,
      exhaustedAtInProgress: null,
      exhaustedAtMs: null,
      cause: null,
      refusals: refused.length,
    };
    if (this.results.length === 0) return { ...none, exhausted: null, evidence: null };
    if (refused.length === 0) return { ...none, evidence: 'no attempt was refused' };

    const plateau = peakInProgress;
    const rate = admittedPerSecond(this.results, plateau);
    // A cap on the rate makes a plateau too (rate × duration of a call). Before it is reached calls are refused already.
    if (rate.steady && rate.refusingBelowPlateau > 0)
      return { ...none, cause: 'cps', evidence: rateEvidence(refused, rate) };

    const tolerance = Math.max(1, plateau * 0.02);
    const atPlateau = refused.filter((r) => met(r) >= plateau - tolerance);
    if (plateau > 0 && refused.length >= 2 && atPlateau.length >= refused.length * 0.9) {
      const first = atPlateau.reduce((a, b) => (b.finalMs < a.finalMs ? b : a));
      return {
        exhausted: true,
        exhaustedAtInProgress: plateau,
        exhaustedAtMs: Math.round(first.startedMs),
        cause: 'channels',
        refusals: refused.length,
        evidence: `${atPlateau.length} of ${refused.length} refusals met ${Math.ceil(plateau - tolerance)} or more calls in progress, the first ${met(first)}; never were more than ${plateau} in progress`,
      };
    }
    if (rate.steady) return { ...none, cause: 'cps', evidence: rateEvidence(refused, rate) };
    return { ...none, evidence: 'refusals follow neither the calls in progress nor the rate' };
  }
}

const met = (r: AttemptResult): number => Math.max(r.inProgressAtInvite, r.inProgressAtFinal);

interface AdmittedPerSecond {
  /** Mean over the seconds in which calls were refused too. */
  mean: number;
  /** It hardly varies there, and no second without refusals admits more. */
  steady: boolean;
  /** Seconds with at least two refusals and no more than four fifths of the plateau in progress. */
  refusingBelowPlateau: number;
}

function rateEvidence(refused: readonly AttemptResult[], rate: AdmittedPerSecond): string {
  let first = refused[0];
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const r of refused) {
    if (r.finalMs < first.finalMs) first = r;
    low = Math.min(low, met(r));
    high = Math.max(high, met(r));
  }
  const firstS = (first.startedMs / 1000).toFixed(1);
  return `the first refusal, at ${firstS} s, met ${met(first)} calls in progress; refusals at ${low} to ${high} calls in progress; ${rate.mean.toFixed(1)} calls a second were admitted in the seconds with refusals`;
}

/** How many calls were admitted in each second. The first and last second with refusals are partial and left out. */
function admittedPerSecond(results: readonly AttemptResult[], plateau: number): AdmittedPerSecond {
  const seconds = new Map<number, { admitted: number; refused: number; level: number }>();
  for (const r of results) {
    const key = Math.floor(r.startedMs / 1000);
    const entry = seconds.get(key) ?? { admitted: 0, refused: 0, level: 0 };
    if (r.refused) entry.refused++;
    else if (r.answered) entry.admitted++;
    entry.level = Math.max(entry.level, met(r));
    seconds.set(key, entry);
  }
  const refusing = [...seconds]
    .filter(([, s]) => s.refused > 0)
    .sort(([a], [b]) => a - b)
    .map(([, s]) => s);
  const inner = refusing.length > 3 ? refusing.slice(1, -1) : refusing;
  const counts = inner.map((s) => s.admitted);
  const mean = counts.reduce((a, b) => a + b, 0) / Math.max(1, counts.length);
  const most = Math.max(0, ...counts);
  const spread = most - Math.min(most, ...counts);
  let clean = 0;
  for (const s of seconds.values()) if (s.refused === 0) clean = Math.max(clean, s.admitted);
  return {
    mean,
    steady: counts.length >= 2 && mean > 0 && spread <= Math.max(2, mean * 0.3) && clean <= most,
    refusingBelowPlateau: refusing.filter((s) => s.refused >= 2 && s.level <= plateau * 0.8).length,
  };
}
