import type { CapacityResult, Cause, DimensionResult, Limit, StepRow } from '../load/capacity/capacity-result.js';
import type { HeadroomRow } from '../load/capacity/headroom.js';
import { type Ailment, confidenceOf } from '../load/capacity/judge.js';
import type { Dimension, StepPlan } from '../load/capacity/step.js';
import { clock, count, decimal, msDigits, percent, printable } from './format.js';

/** All that is told of a search for capacity. */
export interface CapacityReport {
  target: string;
  version: string;
  durationMs: number;
  isInterrupted: boolean;
  result: CapacityResult;
  steps: readonly StepRow[];
  /** `null` without an expected peak. */
  headroom: HeadroomRow[] | null;
}

const NAMES: Record<Dimension, string> = { concurrency: 'calls at once', cps: 'attempts a second' };

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
  generator: 'this machine could not load more: nothing is claimed beyond',
  max: 'the highest that was to be tried',
  pace: 'attempts are admitted so slowly that no more calls gather',
  calls: 'more of them need more calls at once than are carried',
  unfinished: 'the search was ended',
};

const AILMENTS: Record<Ailment, string> = {
  refused: 'refused',
  silent: 'silent',
  failed: 'failed',
  'slow-setup': 'slow setup',
  audio: 'bad audio',
  dtmf: 'lost digits',
  dropped: 'dropped calls',
};

const BAR = 40;

/**
 * What a search found, as printed at its end, within 80 columns where numbers allow; ends in a newline.
 * @param withSteps the table of steps as well, where it was not shown while they were made
 */
export function capacityText(report: CapacityReport, { withSteps }: { withSteps: boolean }): string {
  const { result, steps } = report;
  const sections = [
    [
      `trunkstorm ${printable(report.version)}  capacity of ${printable(report.target)}`,
      `${steps.length} ${steps.length === 1 ? 'step' : 'steps'} in ${clock(report.durationMs)}${report.isInterrupted ? ', interrupted' : ''}`,
    ],
    withSteps ? stepTable(steps) : [],
    ...(['concurrency', 'cps'] as const).map((dimension) => curve(steps, dimension)),
    limits(result),
    report.headroom ? headroomLines(report.headroom) : [],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** A level as it is written. */
export function levelText({ dimension, level }: Pick<StepPlan, 'dimension' | 'level'>): string {
  return dimension === 'cps' ? `${decimal(level, 1)} cps` : `${count(level)} calls`;
}

/** What came of a step, in words. */
export function findingText({ plan, finding }: StepRow): string {
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

const COLUMNS: [string, number, (row: StepRow) => string][] = [
  ['tried', 10, ({ plan }) => levelText(plan)],
  ['cps', 6, ({ plan }) => decimal(plan.cps, 1)],
  ['up', 6, ({ figures }) => count(figures.peakCalls)],
  ['calls', 7, ({ figures }) => count(figures.attempts)],
  ['failed', 7, ({ figures }) => count(figures.refused + figures.silent + figures.failed)],
  ['srd95', 7, ({ figures }) => msDigits(figures.srdP95Ms)],
  ['mos5', 5, ({ figures }) => decimal(figures.mosP5, 2)],
];

/** The heading of the lines of `stepLine`. */
export const STEP_HEADING = `   ${'step'.padEnd(9)}${COLUMNS.map(([name, width]) => name.padStart(width)).join('')}`;

/** A step, and below it why it says nothing. @param number of the step, from 1 */
export function stepLine(row: StepRow, number: number): string {
  const cells = COLUMNS.map(([, width, cell]) => cell(row).padStart(width)).join('');
  const line = `${String(number).padStart(2)} ${row.plan.purpose.padEnd(9)}${cells}  ${findingText(row)}`;
  const reasons = row.finding.kind === 'strained' ? row.finding.reasons : [];
  return [line, ...reasons.map((reason) => `   # ${printable(reason)}`)].join('\n');
}

function stepTable(steps: readonly StepRow[]): string[] {
  return steps.length === 0 ? [] : [STEP_HEADING, ...steps.map((row, i) => stepLine(row, i + 1))];
}

/** What was carried of each level, as a bar, the levels ascending; of several steps at a level the last that judged all. */
function curve(steps: readonly StepRow[], dimension: Dimension): string[] {
  const ours = steps.filter(({ plan }) => plan.dimension === dimension);
  const judgedByAll = ours.filter(({ plan }) => !plan.isForRefusals);
  const byLevel = new Map([...ours, ...judgedByAll].map((row) => [row.plan.level, row]));
  const rows = [...byLevel.values()].sort((a, b) => a.plan.level - b.plan.level);
  if (rows.length === 0) return [];
  const most = rows.at(-1)!.plan.level;
  return [
    `${NAMES[dimension]}: tried ░, carried █`,
    ...rows.map((row) => {
      const tried = Math.max(1, Math.round((row.plan.level / most) * BAR));
      const carried = Math.min(tried, Math.round((carriedOf(row) / most) * BAR));
      const bar = `${'█'.repeat(carried)}${'░'.repeat(tried - carried)}`.padEnd(BAR);
      const level = dimension === 'cps' ? decimal(row.plan.level, 1) : count(row.plan.level);
      return `${level.padStart(9)} ${bar} ${findingText(row)}`;
    }),
  ];
}

/** Calls at once, or attempts a second, that were carried in a step. */
function carriedOf({ plan, figures }: StepRow): number {
  return plan.dimension === 'cps' ? (figures.admittedCps ?? plan.level) : figures.peakCalls;
}

function limits({ baselineAilment, concurrency, cps, srdLimitMs }: CapacityResult): string[] {
  if (baselineAilment !== null) return [`Nothing holds: ${AILMENTS[baselineAilment]} at the lowest load already.`];
  const lines = [
    ...(concurrency ? dimensionLines('concurrency', concurrency) : []),
    ...(cps ? dimensionLines('cps', cps) : []),
  ];
  if (srdLimitMs !== null && lines.length > 0)
    lines.push(`SRD may be ${msDigits(srdLimitMs)} ms at the 95th percentile.`);
  return lines;
}

function dimensionLines(dimension: Dimension, { turnedAway, ...limit }: DimensionResult): string[] {
  const lines = limitLines(NAMES[dimension], dimension, limit);
  return turnedAway ? [...lines, ...limitLines('  turned away', dimension, turnedAway)] : lines;
}

/** A limit in words, and below it why: `120 held, 121 did not (confirmed from both sides)`. */
function limitLines(name: string, dimension: Dimension, limit: Limit): string[] {
  const number = (n: number): string => (dimension === 'cps' ? decimal(n, 1) : count(n));
  const failed = limit.failedAt === null ? '' : `, ${number(limit.failedAt)} did not`;
  const confirmed = limit.isConfirmed ? 'confirmed from both sides' : 'not confirmed';
  const value = limit.isAtLeast
    ? `at least ${number(limit.value)}${failed}`
    : `${number(limit.value)} held${failed} (${confirmed})`;
  return [`${name.padEnd(18)} ${value}`, `${''.padEnd(18)} ${CAUSES[limit.cause]}`];
}

function headroomLines(rows: readonly HeadroomRow[]): string[] {
  const verdicts = { yes: 'carried', no: 'NOT carried', unknown: 'not known: out of reach' };
  return rows.map(({ headroom, calls, carried, isRequired }) => {
    const what = headroom === 0 ? 'expected peak' : `with ${percent(headroom)} headroom`;
    return `${what.padEnd(24)} ${count(calls).padStart(7)} calls  ${verdicts[carried]}${isRequired ? '  (required)' : ''}`;
  });
}

/** The search as JSON: the figures of each step beside what was found. */
export function capacityJson(report: CapacityReport): unknown {
  const { steps, ...rest } = report;
  return {
    schema: 1,
    ...rest,
    steps: steps.map(({ plan, figures, finding }) => ({
      ...plan,
      figures,
      failureConfidence: confidenceOf({
        of: figures.attempts - figures.cancelled,
        bad: figures.refused + figures.silent + figures.failed,
      }),
      finding,
    })),
  };
}
