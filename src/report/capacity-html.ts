import type { DimensionResult, Limit } from '../load/capacity/capacity-result.js';
import type { Evidence } from '../load/capacity/evidence.js';
import { confidenceOf, failuresOf } from '../load/capacity/judge.js';
import type { Dimension } from '../load/capacity/step.js';
import { capacityCharts } from './capacity-charts.js';
import { type CapacityReport, capacityEvidence } from './capacity-report.js';
import {
  baselineText,
  CARRIED,
  callersText,
  carriedOf,
  causeText,
  confidenceText,
  confirmationText,
  DIMENSIONS,
  evidenceLines,
  findingText,
  headroomName,
  levelNumber,
  levelText,
  limitValue,
  reasonsOf,
} from './capacity-words.js';
import { count, decimal, msDigits, percent, sortedResponses } from './format.js';
import type { ChartData } from './html-charts.js';
import { htmlPage, pageHeader } from './html-page.js';
import { type Cell, figure, safe, table, text } from './html-sections.js';

/** capacity.html: what a search for capacity found, how it was found out, and how well each level was carried. */
export function capacityHtml(report: CapacityReport): string {
  const charts = capacityCharts(report);
  const outcome = outcomeOf(report);
  const body = `${pageHeader({ ...report, name: `Capacity · ${report.name}` }, outcome, [callersText(report.callers, report.search.maxCalls)])}
${tiles(report)}
<h2>Limits</h2>
${limitTable(report)}
${headroomTable(report)}
${gateTable(report)}
${(['concurrency', 'cps'] as const).map((dimension) => curve(dimension, charts.charts)).join('')}
<h2>Steps</h2>
${stepTable(report)}
${footer(report)}`;
  return htmlPage(`${outcome.word} · capacity of ${report.name}`, body, charts);
}

interface Outcome {
  style: string;
  word: string;
  reason: string;
}

function outcomeOf(report: CapacityReport): Outcome {
  const { verdict, isInterrupted, failure, headroom } = report;
  const fail = (reason: string): Outcome => ({ style: 'fail', word: 'FAIL', reason });
  if (isInterrupted)
    return {
      style: 'interrupted',
      word: 'INTERRUPTED',
      reason: 'stopped before its end: what held until then, at least',
    };
  if (failure !== null) return fail(`the search could not go on: ${failure.split('\n')[0]}`);
  const baseline = baselineText(report);
  if (baseline !== null) return fail(baseline);
  const required = headroom.filter(({ isRequired }) => isRequired);
  const levels = (rows: typeof required): string => rows.map(levelText).join(' and ');
  switch (verdict) {
    case 'pass': {
      const carried =
        required.length > 0 ? `${levels(required)} are carried, as required` : 'no headroom was asked for';
      return { style: 'pass', word: 'PASS', reason: carried };
    }
    case 'fail': {
      const missing = required.filter(({ carried }) => carried !== 'yes');
      const isKnown = missing.some(({ carried }) => carried === 'no');
      if (missing.length === 0) return fail('nothing was carried');
      return fail(`${levels(missing)}, as required: ${isKnown ? 'not carried' : 'not known, not reached'}`);
    }
    case 'invalid':
      return {
        style: 'invalid',
        word: 'INVALID',
        reason: 'this machine was the bottleneck: nothing is claimed beyond what held',
      };
    default:
      return verdict satisfies never;
  }
}

function tiles(report: CapacityReport): string {
  const evidence = capacityEvidence(report);
  const boxes = (['concurrency', 'cps'] as const).flatMap((dimension) => {
    const limit = report.result[dimension];
    const known = evidence[dimension];
    if (!limit || !known) return [];
    const value = `${limit.isAtLeast ? '≥ ' : ''}${levelNumber(dimension, limit.value)}`;
    return [tile(DIMENSIONS[dimension], value, causeText(limit, known), limit.isAtLeast ? 'warn' : '')];
  });
  const required = report.headroom.filter(({ isRequired }) => isRequired);
  for (const row of required) {
    const quality = row.carried === 'yes' ? 'good' : row.carried === 'no' ? 'bad' : 'warn';
    const name = `${DIMENSIONS[row.dimension]} ${headroomName(row)}, required`;
    boxes.push(tile(name, levelText(row), CARRIED[row.carried], quality));
  }
  return boxes.length === 0 ? '' : `<div class="tiles">${boxes.join('')}</div>`;
}

function tile(name: string, value: string, note: string, quality: string): string {
  return `<div class="tile"><div class="name">${safe(name)}</div><div class="value ${quality}">${safe(value)}</div><div class="note">${safe(note)}</div></div>`;
}

function limitTable(report: CapacityReport): string {
  const { concurrency, cps } = report.result;
  const baseline = baselineText(report);
  if (baseline !== null) return `<div class="card"><span class="bad">Nothing holds: ${safe(baseline)}.</span></div>`;
  const evidence = capacityEvidence(report);
  const rows = [
    ...limitRows('concurrency', concurrency, evidence.concurrency, evidence.concurrencyTurnedAway),
    ...limitRows('cps', cps, evidence.cps, evidence.cpsTurnedAway),
  ];
  if (rows.length === 0) return '<div class="card"><span class="soft">No limit was sought to its end.</span></div>';
  const head = ['', 'Found', 'Cause', 'Confidence', 'Evidence, with 95 % intervals'];
  return `<div class="card">${table(head, rows)}</div>`;
}

function limitRows(
  dimension: Dimension,
  limit: DimensionResult | null,
  evidence: Evidence | null,
  turnedAway: Evidence | null,
): Cell[][] {
  if (!limit || !evidence) return [];
  const name = DIMENSIONS[dimension];
  const row = (what: string, one: Limit, known: Evidence): Cell[] => [
    text(what),
    { html: `<b>${safe(limitValue(dimension, one, known))}</b>` },
    text(causeText(one, known)),
    text(confirmationText(one)),
    { html: evidenceLines(dimension, known).map(safe).join('<br>') },
  ];
  const rows = [row(name, limit, evidence)];
  if (limit.turnedAway && turnedAway) rows.push(row(`${name}, turned away`, limit.turnedAway, turnedAway));
  return rows;
}

function headroomTable({ headroom }: CapacityReport): string {
  if (headroom.length === 0) return '';
  const styles = { yes: 'good', no: 'bad', unknown: 'warn' };
  const rows = headroom.map((row) => [
    text(DIMENSIONS[row.dimension]),
    text(headroomName(row)),
    figure(levelText(row)),
    { html: `<b class="${styles[row.carried]}">${safe(CARRIED[row.carried])}</b>` },
    text(row.isRequired ? 'required' : ''),
  ]);
  return `<h2>Headroom</h2><div class="card">${table(['', 'Busiest minute', { right: 'Level' }, 'Found', ''], rows)}</div>`;
}

function gateTable({ gates: { judged, notJudged } }: CapacityReport): string {
  if (judged.length + notJudged.length === 0) return '';
  const rows = [
    ...judged.map((expression) => [{ html: safe(expression), mono: true }, text('held to at each step')]),
    ...notJudged.map(({ expression, why }) => [{ html: safe(expression), mono: true }, text(`not judged: ${why}`)]),
  ];
  return `<h2>Gates of the profile</h2><div class="card">${table(['Gate', ''], rows)}</div>`;
}

function curve(dimension: Dimension, charts: readonly ChartData[]): string {
  const label = dimension === 'cps' ? 'cps' : 'calls';
  const ours = charts.filter(({ over }) => over?.label === label);
  if (ours.length === 0) return '';
  const boxes = ours.map(
    ({ id, title }) => `<div class="card"><h3>${safe(title)}</h3><div class="chart-box" id="chart-${id}"></div></div>`,
  );
  const mark = ours[0].over!.mark === null ? '' : ' The dotted red line is the limit.';
  return `<h2>Over ${DIMENSIONS[dimension]}</h2><div class="grid">${boxes.join('')}</div><p class="note">Each point is a step: the last one made at its level.${mark}</p><noscript><p class="note">The charts need JavaScript.</p></noscript>`;
}

function stepTable({ steps }: CapacityReport): string {
  if (steps.length === 0) return '<div class="card"><span class="soft">No step was made to its end.</span></div>';
  const head = [
    { right: '#' },
    'Step',
    { right: 'Tried' },
    { right: 'cps' },
    { right: 'Carried' },
    { right: 'Attempts' },
    { right: 'Failed' },
    { right: '95 % interval' },
    { right: 'SRD p95, ms' },
    { right: 'MOS p5' },
    { right: 'One-way' },
    { right: 'Dropped' },
    { right: 'Digits lost' },
    'Finding',
  ];
  const rows = steps.map((row, i) => {
    const { plan, figures, finding } = row;
    const failures = failuresOf(figures);
    const style = finding.kind === 'held' ? 'good' : finding.kind === 'failed' ? 'bad' : 'warn';
    const responses = sortedResponses(figures.responses).map(([code, n]) => `${count(n)} × ${code}`);
    const reasons = [...(responses.length > 0 ? [responses.join(', ')] : []), ...reasonsOf(finding)];
    return [
      figure(String(i + 1)),
      text(plan.purpose),
      figure(levelText(plan)),
      figure(decimal(plan.cps, 1)),
      figure(levelNumber(plan.dimension, carriedOf(row))),
      figure(count(figures.attempts)),
      figure(`${count(failures.bad)} (${percent(failures.of > 0 ? failures.bad / failures.of : null)})`),
      figure(confidenceText(confidenceOf(failures))),
      figure(msDigits(figures.srdP95Ms)),
      figure(decimal(figures.mosP5, 2)),
      figure(badOf(figures.unheard)),
      figure(badOf(figures.dropped)),
      figure(badOf(figures.digits)),
      {
        html: `<b class="${style}">${safe(findingText(row))}</b>${reasons.map((why) => `<small>${safe(why)}</small>`).join('')}`,
      },
    ];
  });
  return `<div class="card">${table(head, rows, true)}</div>`;
}

/** Of how many calls how many were bad; a dash where nothing told. */
function badOf({ of, bad }: { of: number; bad: number }): string {
  return of === 0 ? '–' : count(bad);
}

function footer({ search, result }: CapacityReport): string {
  const { failureRatio, faultRatio, leastMos } = search.criteria;
  const notes = [
    `A step holds while at most ${percent(failureRatio)} of its attempts fail, at most ${percent(faultRatio)} of its calls hear nothing, have a MOS-LQ below ${decimal(leastMos, 1)}, lose digits or are dropped, each with 95 % confidence (Wilson’s interval)${result.srdLimitMs === null ? '' : `, and SRD stays within ${msDigits(result.srdLimitMs)} ms at the 95th percentile`}.`,
    `A full step has ${count(search.stepCalls)} attempts or more at its level and lasts ${decimal(search.stepMs / 1000, 0)} s or longer.`,
    'A dash means that nothing told, never zero. docs/capacity.md has the definitions.',
  ];
  return `<footer>${notes.map(safe).join(' ')}</footer>`;
}
