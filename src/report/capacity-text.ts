import type { DimensionResult, GateUse, Limit, StepRow } from '../load/capacity/capacity-result.js';
import type { Evidence } from '../load/capacity/evidence.js';
import type { HeadroomRow } from '../load/capacity/headroom.js';
import type { Dimension } from '../load/capacity/step.js';
import { type CapacityReport, capacityEvidence } from './capacity-report.js';
import {
  baselineText,
  CARRIED,
  callersText,
  carriedOf,
  causeText,
  confirmationText,
  DIMENSIONS,
  evidenceLines,
  findingText,
  headroomName,
  levelNumber,
  levelText,
  limitValue,
  reasonsOf,
  stepsByLevel,
} from './capacity-words.js';
import { clock, count, decimal, msDigits, printable } from './format.js';

const BAR = 40;
const INDENT = ''.padEnd(19);

/**
 * What a search found, as printed at its end, within 80 columns where numbers allow; ends in a newline.
 * @param withSteps the table of steps as well, where it was not shown while they were made
 */
export function capacityText(report: CapacityReport, { withSteps }: { withSteps: boolean }): string {
  const { steps } = report;
  const sections = [
    [
      `trunkstorm ${printable(report.version)}  capacity of ${printable(report.target)}`,
      `${steps.length} ${steps.length === 1 ? 'step' : 'steps'} in ${clock(report.durationMs)}${report.isInterrupted ? ', interrupted' : ''}, ${callersText(report.callers, report.search.maxCalls)}`,
    ],
    withSteps ? stepTable(steps) : [],
    ...(['concurrency', 'cps'] as const).map((dimension) => curve(steps, dimension)),
    limits(report),
    gateLines(report.gates),
    report.headroom.map(headroomLine),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
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

/** A step, and below it why it says nothing, or which gate it did not hold. @param number of the step, from 1 */
export function stepLine(row: StepRow, number: number): string {
  const cells = COLUMNS.map(([, width, cell]) => cell(row).padStart(width)).join('');
  const line = `${String(number).padStart(2)} ${row.plan.purpose.padEnd(9)}${cells}  ${findingText(row)}`;
  return [line, ...reasonsOf(row.finding).map((reason) => `   # ${printable(reason)}`)].join('\n');
}

function stepTable(steps: readonly StepRow[]): string[] {
  return steps.length === 0 ? [] : [STEP_HEADING, ...steps.map((row, i) => stepLine(row, i + 1))];
}

/** What was carried of each level, as a bar. */
function curve(steps: readonly StepRow[], dimension: Dimension): string[] {
  const rows = stepsByLevel(steps, dimension);
  if (rows.length === 0) return [];
  const most = rows.at(-1)!.plan.level;
  return [
    `${DIMENSIONS[dimension]}: tried ░, carried █`,
    ...rows.map((row) => {
      const tried = Math.max(1, Math.round((row.plan.level / most) * BAR));
      const carried = Math.min(tried, Math.round((carriedOf(row) / most) * BAR));
      const bar = `${'█'.repeat(carried)}${'░'.repeat(tried - carried)}`.padEnd(BAR);
      return `${levelNumber(dimension, row.plan.level).padStart(9)} ${bar} ${findingText(row)}`;
    }),
  ];
}

function limits(report: CapacityReport): string[] {
  const { concurrency, cps, srdLimitMs } = report.result;
  const baseline = baselineText(report);
  if (baseline !== null) return [`Nothing holds: ${printable(baseline)}.`];
  const evidence = capacityEvidence(report);
  const lines = [
    ...dimensionLines('concurrency', concurrency, evidence.concurrency, evidence.concurrencyTurnedAway),
    ...dimensionLines('cps', cps, evidence.cps, evidence.cpsTurnedAway),
  ];
  if (srdLimitMs !== null && lines.length > 0)
    lines.push(`SRD may be ${msDigits(srdLimitMs)} ms at the 95th percentile. In brackets: 95 % intervals.`);
  return lines;
}

function dimensionLines(
  dimension: Dimension,
  limit: DimensionResult | null,
  evidence: Evidence | null,
  turnedAway: Evidence | null,
): string[] {
  if (!limit || !evidence) return [];
  const lines = limitLines(DIMENSIONS[dimension], dimension, limit, evidence);
  return limit.turnedAway && turnedAway
    ? [...lines, ...limitLines('  turned away', dimension, limit.turnedAway, turnedAway)]
    : lines;
}

/** A limit in words, and below it why, and what speaks for it. */
function limitLines(name: string, dimension: Dimension, limit: Limit, evidence: Evidence): string[] {
  const confirmed = limit.isAtLeast ? '' : ` (${confirmationText(limit)})`;
  return [
    `${name.padEnd(18)} ${limitValue(dimension, limit, evidence)}${confirmed}`,
    ...[causeText(limit, evidence), ...evidenceLines(dimension, evidence)].map((line) => `${INDENT}${line}`),
  ];
}

function gateLines({ judged, notJudged }: GateUse): string[] {
  return [
    ...judged.map((expression) => `gate, each step    ${printable(expression)}`),
    ...notJudged.map(({ expression, why }) => `gate, not judged   ${printable(expression)} (${why})`),
  ];
}

function headroomLine(row: HeadroomRow): string {
  const level = levelNumber(row.dimension, row.level).padStart(7);
  const unit = row.dimension === 'cps' ? 'cps  ' : 'calls';
  return `${headroomName(row).padEnd(24)} ${level} ${unit}  ${CARRIED[row.carried]}${row.isRequired ? '  (required)' : ''}`;
}
