import type { Snapshot } from '../metrics/snapshot.js';
import { clock, count, decimal, percent } from '../report/format.js';
import { areaChart } from './bars.js';
import { chartSpanMs, type History, type Series } from './history.js';
import { fitLine, type Line, pad, rule, span, type Tone } from './spans.js';

interface Chart {
  title: string;
  series: Series;
  /** The value now, for the title. */
  now: string;
  /** The lowest full height, so that noise near nothing does not fill the chart. */
  least: number;
  axis: (max: number) => string;
  tone: (value: number) => Tone;
}

/** Width of the scale on the left. */
const SCALE = 7;

function charts(snapshot: Snapshot): Chart[] {
  const { calls, trunk, media } = snapshot;
  const limit = trunk.channels ?? trunk.exhaustedAtInProgress;
  return [
    {
      title: 'Calls in progress',
      series: 'inProgress',
      now: limit === null ? count(calls.inProgress) : `${count(calls.inProgress)} of ${count(limit)}`,
      least: limit ?? 1,
      axis: count,
      tone: (v) => (limit !== null && v >= limit ? 'bad' : 'good'),
    },
    {
      title: 'Attempts per second',
      series: 'achievedCps',
      now: `${decimal(snapshot.achievedCps, 1)} of ${decimal(snapshot.offeredCps, 1)}`,
      least: Math.max(1, snapshot.offeredCps),
      axis: (max) => decimal(max, 1),
      tone: () => 'accent',
    },
    {
      title: 'Failures per second',
      series: 'failuresPerS',
      now: `${count(calls.failed)} in all`,
      least: 1,
      axis: (max) => decimal(max, 1),
      tone: () => 'bad',
    },
    {
      title: 'Uplink loss so far',
      series: 'uplinkLoss',
      now: percent(media.uplink.lossRatio),
      least: 0.01,
      axis: percent,
      tone: (v) => (v >= 0.01 ? 'bad' : 'warn'),
    },
    {
      title: 'Downlink loss so far',
      series: 'downlinkLoss',
      now: percent(media.downlink.lossRatio),
      least: 0.01,
      axis: percent,
      tone: (v) => (v >= 0.01 ? 'bad' : 'warn'),
    },
  ];
}

/** Fewest lines that charts take: a title and two lines for two charts, and the time axis. */
export const CHARTS_MIN_HEIGHT = 7;

/**
 * Time series one above the other over the same time axis, as many as `height` lines hold at two lines each or more;
 * exactly `height` lines.
 */
export function chartLines(snapshot: Snapshot, history: History, width: number, height: number): Line[] {
  const all = charts(snapshot);
  const shown = all.slice(0, Math.max(1, Math.min(all.length, Math.floor((height - 1) / 3))));
  const spanMs = chartSpanMs(snapshot.atMs, snapshot.plannedMs);
  const columns = width - SCALE;
  const lines: Line[] = [];
  let room = height - 1 - shown.length;
  shown.forEach((chart, i) => {
    const tall = Math.max(1, Math.floor(room / (shown.length - i)));
    room -= tall;
    const values = history.columns(chart.series, columns, spanMs);
    const max = Math.max(chart.least, ...values.map((v) => v ?? 0));
    lines.push(rule(chart.title, width, [span(chart.now, 'plain')]));
    areaChart(values, max, tall, chart.tone).forEach((line, r) => {
      const scale = r === 0 ? chart.axis(max) : r === tall - 1 ? '0' : '';
      lines.push(fitLine([span(`${pad(scale, SCALE - 1, 'right')} `, 'dim'), ...line], width));
    });
  });
  const end = clock(spanMs);
  lines.push(fitLine([span(`${' '.repeat(SCALE)}${pad('00:00', columns - end.length)}${end}`, 'dim')], width));
  while (lines.length < height) lines.push(fitLine([], width));
  return lines.slice(0, height);
}
