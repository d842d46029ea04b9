import { type Ailment, type GateBreach, LATE_MS, type Share, type StepFigures } from './step.js';

/** What must hold at a level. */
export interface Criteria {
  /** Most of the attempts that may fail, 0–1. */
  failureRatio: number;
  /** Most of the answered calls that may be without audio, with poor audio, with lost digits, or dropped. */
  faultRatio: number;
  /** Least MOS-LQ of a call. */
  leastMos: number;
  /** Most that the 95th percentile of SRD may be; `null`: by the lowest load, see `srdLimitMs`. */
  srdMs: number | null;
}

export const CRITERIA: Criteria = { failureRatio: 0.01, faultRatio: 0.02, leastMos: 3.6, srdMs: null };

export type Finding =
  | { kind: 'held' }
  /** By a share, by a gate, or by SRD where neither is given. */
  | { kind: 'failed'; ailment: Ailment; share: Share | null; gate?: GateBreach }
  /** The generator was the bottleneck. */
  | { kind: 'strained'; reasons: string[] };

/** Setup is slow beyond twice what it was at the lowest load and 100 ms more: jitter of the network is not the trunk's. */
export function srdLimitMs(criteria: Criteria, baselineMs: number | null): number | null {
  if (criteria.srdMs !== null) return criteria.srdMs;
  return baselineMs === null ? null : baselineMs * 2 + 100;
}

/**
 * Whether a step held. A share of failures counts where it lies above its limit with 95 % confidence: of 200 calls two may
 * fail by chance where one of a hundred does. Attempts that we sent late may be why others were turned away: as many as those do not
 * count against the trunk.
 */
export function judgeStep(figures: StepFigures, criteria: Criteria, srdLimit: number | null): Finding {
  if (figures.strain.length > 0) return { kind: 'strained', reasons: figures.strain };
  const { unheard, poor, dropped, digits, breaches } = figures;
  const failures = failuresOf(figures);
  if (exceeds(failures, criteria.failureRatio)) {
    const ailment = mostFailures(figures);
    if (ailment !== 'failed' && !exceeds({ ...failures, bad: failures.bad - figures.late }, criteria.failureRatio))
      return { kind: 'strained', reasons: [lateText(figures.late)] };
    return { kind: 'failed', ailment, share: failures };
  }
  // Given up when their time was over, and still ringing: calls take longer to set up than they did at the lowest load.
  const unanswered = { of: figures.attempts, bad: figures.cancelled };
  if (exceeds(unanswered, criteria.failureRatio)) return { kind: 'failed', ailment: 'slow-setup', share: unanswered };
  if (figures.srdP95Ms !== null && srdLimit !== null && figures.srdP95Ms > srdLimit)
    return { kind: 'failed', ailment: 'slow-setup', share: null };
  const faults: [Ailment, Share][] = [
    ['audio', unheard],
    ['audio', poor],
    ['dropped', dropped],
    ['dtmf', digits],
  ];
  for (const [ailment, share] of faults)
    if (exceeds(share, criteria.faultRatio)) return { kind: 'failed', ailment, share };
  const [gate] = breaches;
  return gate ? { kind: 'failed', ailment: gate.ailment, share: null, gate } : { kind: 'held' };
}

/** What most of the failed attempts were. */
export function mostFailures({
  refused,
  silent,
  failed,
}: Pick<StepFigures, 'refused' | 'silent' | 'failed'>): 'refused' | 'silent' | 'failed' {
  const most = Math.max(refused, silent, failed);
  if (most === 0) return 'failed';
  return most === refused ? 'refused' : most === silent ? 'silent' : 'failed';
}

function lateText(late: number): string {
  return `${late} attempts left over ${LATE_MS} ms late: in bunches, which may be why as many were turned away`;
}

/** Attempts that failed, of those that were not given up. */
export function failuresOf({ attempts, cancelled, refused, silent, failed }: StepFigures): Share {
  return { of: attempts - cancelled, bad: refused + silent + failed };
}

/** Two-sided 95 %. */
const Z = 1.96;

function exceeds(share: Share, limit: number): boolean {
  return share.bad > 0 && confidenceOf(share).low > limit;
}

/** Wilson's interval of a share, at 95 % confidence. */
export function confidenceOf({ of, bad }: Share): { low: number; high: number } {
  if (of === 0) return { low: 0, high: 1 };
  const p = bad / of;
  const centre = p + (Z * Z) / (2 * of);
  const half = Z * Math.sqrt((p * (1 - p)) / of + (Z * Z) / (4 * of * of));
  const whole = 1 + (Z * Z) / of;
  return { low: bad === 0 ? 0 : (centre - half) / whole, high: Math.min(1, (centre + half) / whole) };
}
