import type { Cause, Limit, StepRow } from '../load/capacity/capacity-result.js';
import type { Evidence, LevelEvidence } from '../load/capacity/evidence.js';
import type { HeadroomRow } from '../load/capacity/headroom.js';
import type { Finding } from '../load/capacity/judge.js';
import type { Ailment, Dimension, GateBreach, StepPlan } from '../load/capacity/step.js';
import type { CapacityReport } from './capacity-report.js';
import { count, decimal, percent, sortedResponses } from './format.js';

/** How a search for capacity is told, in text and in HTML alike. */

export const DIMENSIONS: Record<Dimension, string> = { concurrency: 'calls at once', cps: 'attempts a second' };

/** Why a search ended there, after the value. */
const CAUSES: Record<Cause, string> = {
  channels: 'channels: more are refused',
  cps: 'CPS cap: attempts are refused above that rate',
  'silent-drops': 'silent drops: more are not answered at all',
  failures: 'more fail, otherwise than by a refusal',
  'slow-setup': 'slow setup: SRD beyond its limit',
  audio: 'audio: calls that hear nothing, or sound poor',
  dtmf: 'DTMF: digits are lost',
  dropped: 'calls are dropped',
  gate: 'a gate of the profile does not hold',
  generator: 'this machine could not load more: nothing is claimed beyond',
  max: 'the highest that was to be tried (--max, --max-cps)',
  pace: 'out of reach: no more gather by CPS × the longest call (--longest)',
  calls: 'out of reach: more of them need more calls at once than are carried',
  unfinished: 'the search was ended',
};

export const AILMENTS: Record<Ailment, string> = {
  refused: 'refused',
  silent: 'silent',
  failed: 'failed',
  'slow-setup': 'slow setup',
  audio: 'bad audio',
  dtmf: 'lost digits',
  dropped: 'dropped calls',
  gate: 'gate',
};

export const CARRIED: Record<HeadroomRow['carried'], string> = {
  yes: 'carried',
  no: 'NOT carried',
  unknown: 'not known: not reached',
};

/** A number of calls, or a rate. */
export function levelNumber(dimension: Dimension, level: number): string {
  return dimension === 'cps' ? decimal(level, 1) : count(level);
}

/** A level as it is written. */
export function levelText({ dimension, level }: Pick<StepPlan, 'dimension' | 'level'>): string {
  return `${levelNumber(dimension, level)} ${dimension === 'cps' ? 'cps' : 'calls'}`;
}

/** Why a search ended at the lowest load; `null` where it did not. */
export function baselineText({
  result: { baselineAilment },
  steps,
}: Pick<CapacityReport, 'result' | 'steps'>): string | null {
  if (baselineAilment === null) return null;
  const [gate] = steps.length > 0 ? reasonsOf(steps.at(-1)!.finding) : [];
  return `${AILMENTS[baselineAilment]} at the lowest load already${gate === undefined ? '' : ` (${gate})`}`;
}

/** What came of a step, in words. */
export function findingText({ plan, finding }: Pick<StepRow, 'plan' | 'finding'>): string {
  switch (finding.kind) {
    case 'held':
      return plan.isForRefusals ? 'not refused' : 'held';
    case 'strained':
      return 'generator strained';
    case 'failed':
      return finding.share
        ? `${AILMENTS[finding.ailment]} ${percent(finding.share.bad / finding.share.of)}`
        : AILMENTS[finding.ailment];
    default:
      return finding satisfies never;
  }
}

/** `120 held, 121 did not`, `at least 120`; where what failed was not that level itself, what was tried. */
export function limitValue(dimension: Dimension, limit: Limit, { failed }: Evidence): string {
  const number = (n: number): string => levelNumber(dimension, n);
  const { value, isAtLeast, failedAt } = limit;
  if (isAtLeast) return `at least ${number(value)}${failedAt === null ? '' : `, ${number(failedAt)} did not hold`}`;
  if (failedAt === null) return `${number(value)} held`;
  const isTried = failed === null || number(failed.level) === number(failedAt);
  return `${number(value)} held, ${isTried ? `${number(failedAt)} did not` : `and no more of ${number(failed.level)}`}`;
}

/** Why a search ended there, and by which responses: `channels: more are refused (503)`. */
export function causeText({ cause }: Limit, { failed }: Evidence): string {
  const isByResponse = cause === 'channels' || cause === 'cps' || cause === 'failures';
  const responses = isByResponse && failed ? sortedResponses(failed.responses).map(([code]) => code) : [];
  return `${CAUSES[cause]}${responses.length === 0 ? '' : ` (${responses.join(', ')})`}`;
}

export function confirmationText({ isAtLeast, isConfirmed }: Limit): string {
  if (isAtLeast) return 'more was not found out';
  return isConfirmed ? 'confirmed from both sides' : 'not confirmed';
}

/** What speaks for a limit: a line for what held, one for what failed, and one where less was judged than elsewhere. */
export function evidenceLines(dimension: Dimension, { held, failed, heardUpTo }: Evidence): string[] {
  const lines: string[] = [];
  if (held) lines.push(`held ${stepsAt(dimension, held)}: ${shareText(held, 'failed')}`);
  if (failed) {
    const carried = failed.carried === null ? '' : `; ${levelNumber(dimension, failed.carried)} carried`;
    lines.push(
      `failed ${stepsAt(dimension, failed)}: ${failed.gate ? gateText(failed.gate) : shareText(failed, AILMENTS[failed.ailment])}${carried}`,
    );
  }
  if (heardUpTo !== null) {
    const judged = heardUpTo === 0 ? 'not judged' : `judged up to ${levelNumber(dimension, heardUpTo)} alone`;
    lines.push(`audio and digits ${judged}: calls too short`);
  }
  return lines;
}

/** Why a step says nothing, or which gate it did not hold. */
export function reasonsOf(finding: Finding): string[] {
  if (finding.kind === 'strained') return finding.reasons;
  return finding.kind === 'failed' && finding.gate ? [gateText(finding.gate)] : [];
}

/** `gate sip.pddMs.p95 < 2s: 2310 ms`. */
function gateText({ expression, observed }: GateBreach): string {
  return `gate ${expression}: ${observed}`;
}

function stepsAt(dimension: Dimension, { level, steps }: LevelEvidence): string {
  return `${steps === 1 ? '' : `${steps}× `}at ${levelNumber(dimension, level)}`;
}

function shareText({ share, confidence }: LevelEvidence, what: string): string {
  if (!share || !confidence) return what;
  return `${count(share.bad)} of ${count(share.of)} ${what} (${confidenceText(confidence)})`;
}

/** `0–1.8%`: Wilson's interval at 95 %. */
export function confidenceText({ low, high }: { low: number; high: number }): string {
  const tenths = (ratio: number): string => (ratio === 0 ? '0' : (ratio * 100).toFixed(1));
  return `${tenths(low)}–${tenths(high)}%`;
}

/** Calls at once, or attempts a second, that were carried in a step. */
export function carriedOf({ plan, figures }: StepRow): number {
  return plan.dimension === 'cps' ? (figures.admittedCps ?? plan.level) : figures.peakCalls;
}

/** Of several steps at a level the last that judged all and was not the generator's; the levels ascending. */
export function stepsByLevel(steps: readonly StepRow[], dimension: Dimension): StepRow[] {
  const ours = steps.filter(({ plan }) => plan.dimension === dimension);
  const judgedByAll = ours.filter(({ plan }) => !plan.isForRefusals);
  const byLevel = new Map([...ours, ...judgedByAll].map((row) => [row.plan.level, row]));
  return [...byLevel.values()].sort((a, b) => a.plan.level - b.plan.level);
}

/** `expected peak`, `with 20% headroom`, `twice the peak`. */
export function headroomName({ headroom }: HeadroomRow): string {
  if (headroom === 0) return 'expected peak';
  return headroom === 1 ? 'twice the peak' : `with ${percent(headroom).replace(/\.0+%/, '%')} headroom`;
}

/** How many numbers the calls come from, with what that means. @param calls most calls at once that are tried */
export function callersText(callers: number, calls: number): string {
  if (callers === 1) return 'one caller number: a limit per caller would be taken for one of the trunk';
  if (callers >= calls) return 'a caller number for each call';
  return `${count(callers)} caller numbers: up to ${count(Math.ceil(calls / callers))} calls at once from each`;
}
