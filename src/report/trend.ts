import type { Slope, StretchSummary, Summary, TrendSummary } from '../metrics/summary.js';
import { clock, count, milliseconds, percent } from './format.js';
import type { Paint } from './text-layout.js';

/** The first calls of a run and the others, as rows of figures; none where no call was late enough to compare with. */
export function stretchRows({ cold, warm }: TrendSummary): [name: string, cold: string, warm: string][] {
  if (cold.calls === 0 || warm.calls === 0) return [];
  const row = (name: string, of: (part: StretchSummary) => string): [string, string, string] => [
    name,
    of(cold),
    of(warm),
  ];
  const rows = [
    row('calls', (part) => count(part.calls)),
    row('setup failures', (part) => percent(part.setupFailureRatio)),
    row('SRD p50 / p95', ({ srdMs }) => pair(srdMs)),
  ];
  if (cold.ttfwMs || warm.ttfwMs) rows.push(row('first word p50 / p95', ({ ttfwMs }) => pair(ttfwMs)));
  return rows;
}

/** What grows or shrinks with time; none where too few points tell. */
export function slopeRows({ srdMs, setupFailureRatio, memory }: TrendSummary): [name: string, slope: string][] {
  const rows: [string, string][] = [];
  const ms = (value: number): string => `${value.toPrecision(3)} ms`;
  const share = (value: number): string => `${(value * 100).toPrecision(3)} %`;
  if (srdMs) rows.push(['SRD', slopeText(srdMs, ms)]);
  if (setupFailureRatio) rows.push(['setup failures', slopeText(setupFailureRatio, share)]);
  if (memory) rows.push(['our own memory', slopeText(memory, share)]);
  return rows;
}

/** Both, for the text summary. */
export function trendText({ trend }: Summary, paint: Paint): string[] {
  const stretches = stretchRows(trend);
  const slopes = slopeRows(trend);
  if (stretches.length === 0 && slopes.length === 0) return [];
  const lines = [paint('OVER TIME', 'bold')];
  if (stretches.length > 0)
    lines.push(
      paint(`  ${''.padEnd(24)}${`until ${clock(trend.warmUpMs)}`.padStart(18)}${'after'.padStart(18)}`, 'dim'),
    );
  for (const [name, cold, warm] of stretches)
    lines.push(`  ${name.padEnd(24)}${cold.padStart(18)}${warm.padStart(18)}`);
  if (slopes.length > 0)
    lines.push(paint(`  per hour, with its 95 % confidence interval, after ${clock(trend.warmUpMs)}`, 'dim'));
  for (const [name, slope] of slopes) lines.push(`  ${name.padEnd(24)}${slope}`);
  return lines;
}

function pair(times: { p50: number; p95: number } | null): string {
  return times ? `${milliseconds(times.p50)} / ${milliseconds(times.p95)}` : 'not measured';
}

function slopeText({ perHour, low, high, points }: Slope, text: (value: number) => string): string {
  return `${text(perHour)} (${text(low)} to ${text(high)}), ${count(points)} points`;
}
