import type { Summary } from './summary.js';

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
 * - channels: refusals come while calls in progress stand at a plateau, the most that any admitted call met, and no
 *   call is admitted at that level. At least nine of ten refusals must have met the plateau (within 2 % or one call).
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

  verdict(): Summary['trunk'] {
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

    const admitted = this.results.filter((r) => r.answered);
    const plateau = admitted.reduce((most, r) => Math.max(most, r.inProgressAtInvite + 1), 0);
    const tolerance = Math.max(1, plateau * 0.02);
    const met = (r: AttemptResult): number => Math.max(r.inProgressAtInvite, r.inProgressAtFinal);
    const atPlateau = refused.filter((r) => met(r) >= plateau - tolerance);
    if (plateau > 0 && refused.length >= 2 && atPlateau.length >= refused.length * 0.9) {
      const first = atPlateau.reduce((a, b) => (b.finalMs < a.finalMs ? b : a));
      return {
        exhausted: true,
        exhaustedAtInProgress: plateau,
        exhaustedAtMs: Math.round(first.startedMs),
        cause: 'channels',
        refusals: refused.length,
        evidence: `${atPlateau.length} of ${refused.length} refusals met ${Math.ceil(plateau - tolerance)} or more calls in progress, the first ${met(first)}; no call was admitted beyond ${plateau}`,
      };
    }

    const { refusing: perSecond, clean } = admittedPerSecond(this.results);
    const mean = perSecond.reduce((a, b) => a + b, 0) / perSecond.length;
    const spread = Math.max(...perSecond) - Math.min(...perSecond);
    if (perSecond.length >= 2 && mean > 0 && spread <= Math.max(2, mean * 0.3) && clean <= Math.max(...perSecond)) {
      return {
        ...none,
        cause: 'cps',
        evidence: `refusals at ${Math.min(...refused.map(met))} to ${Math.max(...refused.map(met))} calls in progress; ${mean.toFixed(1)} calls a second were admitted in the seconds with refusals`,
      };
    }
    return { ...none, evidence: 'refusals follow neither the calls in progress nor the rate' };
  }
}

/**
 * Calls admitted in each second in which calls were refused too (the first and last of such seconds are partial and
 * left out), and the most that a second without refusals admitted.
 */
function admittedPerSecond(results: readonly AttemptResult[]): { refusing: number[]; clean: number } {
  const seconds = new Map<number, { admitted: number; refused: number }>();
  for (const r of results) {
    const key = Math.floor(r.startedMs / 1000);
    const entry = seconds.get(key) ?? { admitted: 0, refused: 0 };
    if (r.refused) entry.refused++;
    else if (r.answered) entry.admitted++;
    seconds.set(key, entry);
  }
  let clean = 0;
  for (const s of seconds.values()) if (s.refused === 0) clean = Math.max(clean, s.admitted);
  const keys = [...seconds.keys()].filter((k) => seconds.get(k)!.refused > 0).sort((a, b) => a - b);
  const inner = keys.length > 3 ? keys.slice(1, -1) : keys;
  return { refusing: inner.map((k) => seconds.get(k)!.admitted), clean };
}
