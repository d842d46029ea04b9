import type { RelayDirection, RelayTotals } from '../media/link/relay-messages.js';
import { clock, count, milliseconds, NONE, percent, printable } from '../report/format.js';
import { areaChart } from './bars.js';
import type { RelayHistory } from './relay-history.js';
import type { RelayShown, RelayTitle } from './relay-plain.js';
import { type Field, field, fields, fitLine, type Line, pad, rule, span, spread, type Tone } from './spans.js';

/** Width of the column of row names. */
const LABEL = 11;
/** Width of the scale on the left of a chart. */
const SCALE = 7;
/** Fewest lines of a chart: its title and two of its own. */
const CHART_MIN = 3;
/** Log lines kept before charts grow. */
const LOG_MIN = 3;
const LOG_BESIDE_CHARTS = 8;
const NAMES: Record<RelayDirection, string> = { aToB: 'A→B', bToA: 'B→A' };

/** A relay's whole screen: never more than `rows` lines, each exactly `columns` cells wide. */
export function relayFrame(
  title: RelayTitle,
  shown: RelayShown,
  history: RelayHistory,
  columns: number,
  rows: number,
): Line[] {
  const width = Math.max(1, columns);
  const top = [...header(title, shown, width), ...figures(shown, history, width)];
  const room = rows - top.length - 2;
  const forCharts = room - LOG_BESIDE_CHARTS;
  const charts = forCharts >= 2 * CHART_MIN ? chartLines(history, width, Math.min(forCharts, 2 * 14)) : [];
  const log = logLines(shown, width, Math.max(0, room - charts.length));
  const keys = fitLine(
    [
      span(' '),
      span('q', 'accent'),
      span(' quit', 'label'),
      span('   '),
      span('n', 'accent'),
      span(' next network', 'label'),
    ],
    width,
  );
  const body = [...top, ...charts, ...log];
  const kept = body.slice(0, Math.max(0, rows - 1));
  while (kept.length < rows - 1) kept.push(fitLine([], width));
  return [...kept, keys].slice(0, Math.max(0, rows)).map((line) => fitLine(line, width));
}

function header(title: RelayTitle, { door, forMs, stopping, change, isLate }: RelayShown, width: number): Line[] {
  const state = stopping ? span(' ◌ ENDING ', 'warn') : isLate ? span(' ● LATE ', 'bad') : span(' ● RELAYING ', 'good');
  return [
    spread([span(' trunkstorm', 'accent'), span('  '), span(printable(door.title), 'title')], [state], width),
    spread(
      [span(' network ', 'label'), span(printable(change ?? title.impairment), change === null ? 'plain' : 'warn')],
      [
        span('  seed ', 'label'),
        span(String(title.seed)),
        span('  version ', 'label'),
        span(printable(title.version)),
        span(`  ${clock(forMs)} `, 'plain'),
      ],
      width,
    ),
  ];
}

function labelled(name: string, rest: readonly Field[], width: number): Line {
  return [span(` ${pad(name, LABEL - 1)}`, 'label'), ...fields(rest, width - LABEL)];
}

/** Nothing of this kind is as it should be; something is a fault. */
function fault(value: number): Tone {
  return value > 0 ? 'bad' : 'plain';
}

function figures(shown: RelayShown, history: RelayHistory, width: number): Line[] {
  const { counts, door, media } = shown;
  const lines: Line[] = [
    rule('CALLS', width),
    labelled(
      'Relay',
      [
        field('up', count(counts.up), 0),
        field('peak', count(counts.peak), 2),
        field('opened', count(counts.opened), 1),
        field('refused', count(counts.refused), 1, fault(counts.refused)),
        field('without media', count(counts.timedOut), 3, counts.timedOut > 0 ? 'warn' : 'plain'),
      ],
      width,
    ),
    labelled(
      'Door',
      door.figures().map(({ label, value }, i) => field(printable(label), printable(value), i)),
      width,
    ),
  ];
  for (const direction of ['aToB', 'bToA'] as const)
    lines.push(...directionLines(NAMES[direction], media?.directions[direction] ?? null, width));
  return [...lines, rule('WIRE', width), ...wireLines(shown, history, width)];
}

/** Past this the thread no longer keeps its times. */
function busy(cpuRatio: number | null): Tone {
  return (cpuRatio ?? 0) >= 0.8 ? 'warn' : 'plain';
}

function directionLines(name: string, totals: RelayTotals | null, width: number): Line[] {
  const loss = totals === null || totals.packets === 0 ? null : totals.dropped / totals.packets;
  return [
    rule(name, width, [span(`${percent(loss)} dropped`, loss ? 'warn' : 'plain')]),
    labelled(
      'Packets',
      [
        field('in', count(totals?.received), 0),
        field('out', count(totals?.sent), 0),
        field('blocked', count(totals?.blocked), 4, totals?.blocked ? 'warn' : 'plain'),
        field('silenced', count(totals?.silenced), 5, totals?.silenced ? 'warn' : 'plain'),
      ],
      width,
    ),
    labelled(
      'Done',
      [
        field('dropped', count(totals?.dropped), 0),
        field('duplicated', count(totals?.duplicated), 2),
        field('reordered', count(totals?.reordered), 1),
        field('corrupted', count(totals?.corrupted), 3),
        field('recoded', count(totals?.recoded), 4),
      ],
      width,
    ),
    labelled(
      'Delay',
      [field('mean', milliseconds(totals?.delayMeanMs), 0), field('max', milliseconds(totals?.delayMaxMs), 1)],
      width,
    ),
  ];
}

function wireLines({ media, unwritten, lateP99Ms, isLate }: RelayShown, history: RelayHistory, width: number): Line[] {
  const health = media?.health;
  const lost = (health?.receiveDrops ?? 0) + (health?.sendErrors ?? 0);
  const unlogged = (media?.unlogged ?? 0) + unwritten;
  return [
    labelled(
      'Aside',
      [
        field('RTCP', count(media?.rtcp), 2),
        field('from elsewhere', count(media?.wrongSource), 0, media?.wrongSource ? 'warn' : 'plain'),
        field('no RTP', count(media?.malformed), 1, media?.malformed ? 'warn' : 'plain'),
        field('not opened', count(media?.unopened), 1, media?.unopened ? 'bad' : 'plain'),
      ],
      width,
    ),
    labelled(
      'Health',
      [
        field(
          'CPU',
          history.cpuRatio === null ? NONE : `${Math.round(history.cpuRatio * 100)}%`,
          2,
          busy(history.cpuRatio),
        ),
        field('late p99', milliseconds(lateP99Ms), 3, isLate ? 'bad' : 'plain'),
        field('lost by this machine', health ? count(lost) : NONE, 0, fault(lost)),
        field('not logged', count(unlogged), 1, fault(unlogged)),
      ],
      width,
    ),
  ];
}

/** Packets a second of each direction over time: what came, and above it what was dropped of it. */
function chartLines(history: RelayHistory, width: number, height: number): Line[] {
  const each = Math.floor(height / 2);
  const spanMs = history.spanMs;
  const lines: Line[] = [];
  for (const direction of ['aToB', 'bToA'] as const) {
    const values = history.columns(direction, width - SCALE);
    const max = Math.max(1, ...values.map((value) => value ?? 0));
    const now = history.latest(direction);
    lines.push(rule(`${NAMES[direction]} packets a second, over ${clock(spanMs)}`, width, [span(count(now))]));
    areaChart(values, max, each - 1, () => 'good').forEach((line, i) => {
      const scale = i === 0 ? count(max) : i === each - 2 ? '0' : '';
      lines.push([span(`${pad(scale, SCALE - 1, 'right')} `, 'dim'), ...line]);
    });
  }
  return lines;
}

function logLines({ log }: RelayShown, width: number, height: number): Line[] {
  if (height <= 0) return [];
  const lines = log.last(Math.max(LOG_MIN, height - 1)).map((text) => [span(` ${printable(text)}`)]);
  return [rule('LOG', width), ...lines].slice(0, height);
}
