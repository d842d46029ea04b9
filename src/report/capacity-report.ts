import type { CapacityResult, GateUse, StepRow } from '../load/capacity/capacity-result.js';
import type { CapacityOptions } from '../load/capacity/capacity-search.js';
import { type Evidence, evidenceOf } from '../load/capacity/evidence.js';
import type { HeadroomRow } from '../load/capacity/headroom.js';
import { confidenceOf, failuresOf } from '../load/capacity/judge.js';
import type { CapacityVerdict } from '../load/capacity/verdict.js';

/** All that is told of a search for capacity. */
export interface CapacityReport {
  /** Of the profile. */
  name: string;
  target: string;
  version: string;
  seed: number;
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  isInterrupted: boolean;
  /** What broke the search off; `null` where nothing did. */
  failure: string | null;
  verdict: CapacityVerdict;
  /** Different caller numbers among as many calls as may be tried at once. */
  callers: number;
  search: CapacityOptions;
  result: CapacityResult;
  steps: readonly StepRow[];
  gates: GateUse;
  /** Empty without an expected peak. */
  headroom: HeadroomRow[];
}

/** What speaks for each limit; `null` for one that was not sought. */
export interface CapacityEvidence {
  concurrency: Evidence | null;
  concurrencyTurnedAway: Evidence | null;
  cps: Evidence | null;
  cpsTurnedAway: Evidence | null;
}

export function capacityEvidence({ result: { concurrency, cps }, steps }: CapacityReport): CapacityEvidence {
  return {
    concurrency: concurrency && evidenceOf(concurrency, 'concurrency', steps, false),
    concurrencyTurnedAway: concurrency?.turnedAway
      ? evidenceOf(concurrency.turnedAway, 'concurrency', steps, true)
      : null,
    cps: cps && evidenceOf(cps, 'cps', steps, false),
    cpsTurnedAway: cps?.turnedAway ? evidenceOf(cps.turnedAway, 'cps', steps, true) : null,
  };
}

/** The search as JSON: the figures of each step beside what was found. */
export function capacityJson(report: CapacityReport): unknown {
  const { steps, ...rest } = report;
  return {
    schema: 1,
    ...rest,
    evidence: capacityEvidence(report),
    steps: steps.map(({ plan, figures, finding }) => ({
      ...plan,
      figures,
      failureConfidence: confidenceOf(failuresOf(figures)),
      finding,
    })),
  };
}
