import type { Summary } from '../metrics/summary.js';
import { failureRates, type TimelinePoint, thinTimeline } from './timeline-points.js';

/** One chart: what the script in the page draws. `unit` says how values are written. */
export interface ChartData {
  id: string;
  title: string;
  unit: 'count' | 'rate' | 'percent' | 'ms' | 'mos';
  /** Fixed scale; otherwise from 0 to the highest value. */
  range?: [number, number];
  /** Full height shows at least this much. */
  least?: number;
  /** What the chart is drawn over in place of time, ascending, and where its mark is. */
  over?: { label: string; unit: 'count' | 'rate'; values: number[]; mark: number | null };
  series: {
    label: string;
    colour: string;
    fill?: boolean;
    dash?: boolean;
    steps?: boolean;
    values: (number | null)[];
  }[];
}

export interface ChartsData {
  /** Seconds from the start of the run. */
  seconds: number[];
  /** When the trunk was exhausted. */
  markSeconds: number | null;
  charts: ChartData[];
}

/** More points than a chart has pixels only make the file larger. */
const MAX_POINTS = 1500;

function setupRatioChart(values: (number | null)[]): ChartData {
  const series = [{ label: 'answered', colour: '--good', steps: true, values }];
  return { id: 'setup-ratio', title: 'Setup ratio, second by second', unit: 'percent', range: [0, 1], series };
}

/** The time series of the report. Series without a single value are left out. */
export function chartsData(summary: Summary, timeline: readonly TimelinePoint[]): ChartsData {
  const points = thinTimeline(timeline, MAX_POINTS);
  const of = (key: Exclude<keyof TimelinePoint, 'atMs'>): (number | null)[] => points.map((p) => p[key]);
  const limit = summary.trunk.exhaustedAtInProgress;
  const limits = summary.trunk.cause === 'channels' && limit !== null ? points.map(() => limit) : [];
  const charts: ChartData[] = [
    {
      id: 'progress',
      title: 'Calls in progress',
      unit: 'count',
      least: 1,
      series: [
        { label: 'in progress', colour: '--accent', fill: true, values: of('inProgress') },
        { label: 'established', colour: '--good', values: of('established') },
        { label: 'limit seen', colour: '--bad', dash: true, values: limits },
      ],
    },
    {
      id: 'cps',
      title: 'Attempts per second',
      unit: 'rate',
      least: 1,
      series: [
        { label: 'offered', colour: '--soft', dash: true, values: of('offeredCps') },
        { label: 'achieved', colour: '--accent', values: of('achievedCps') },
      ],
    },
    {
      id: 'failures',
      title: 'Failures per second',
      unit: 'rate',
      least: 1,
      series: [{ label: 'failures', colour: '--bad', fill: true, steps: true, values: failureRates(points) }],
    },
    ...(summary.failover ? [setupRatioChart(of('setupRatio'))] : []),
    {
      id: 'srd',
      title: 'Session request delay, so far',
      unit: 'ms',
      least: 1,
      series: [
        { label: 'p50', colour: '--good', values: of('srdP50Ms') },
        { label: 'p95', colour: '--warn', values: of('srdP95Ms') },
        { label: 'p99', colour: '--bad', values: of('srdP99Ms') },
      ],
    },
    {
      id: 'loss',
      title: 'Loss, injected and observed, so far',
      unit: 'percent',
      least: 0.01,
      series: [
        { label: 'uplink observed', colour: '--up', values: of('uplinkLoss') },
        { label: 'uplink injected', colour: '--up', dash: true, values: of('uplinkInjected') },
        { label: 'downlink observed', colour: '--down', values: of('downlinkLoss') },
        { label: 'downlink injected', colour: '--down', dash: true, values: of('downlinkInjected') },
      ],
    },
    {
      id: 'mos',
      title: 'MOS-LQ of ended calls, so far',
      unit: 'mos',
      range: [1, 5],
      series: [
        { label: 'uplink p50', colour: '--up', values: of('uplinkMosP50') },
        { label: 'uplink p5', colour: '--up', dash: true, values: of('uplinkMosP5') },
        { label: 'downlink p50', colour: '--down', values: of('downlinkMosP50') },
        { label: 'downlink p5', colour: '--down', dash: true, values: of('downlinkMosP5') },
      ],
    },
  ];
  for (const chart of charts) chart.series = chart.series.filter((s) => s.values.some((v) => v !== null));
  return {
    seconds: points.map((p) => Math.round(p.atMs) / 1000),
    markSeconds: summary.trunk.exhaustedAtMs === null ? null : summary.trunk.exhaustedAtMs / 1000,
    charts: charts.filter((c) => c.series.length > 0),
  };
}

/** The script of the page. It reads the data block and draws with uPlot; it writes no HTML from data. */
export const CHART_SCRIPT = `
(() => {
  const data = JSON.parse(document.getElementById('run-data').textContent);
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const two = (n) => String(n).padStart(2, '0');
  const time = (s) => { s = Math.round(s); const h = Math.floor(s / 3600); return (h ? h + ':' : '') + two(Math.floor(s / 60) % 60) + ':' + two(s % 60); };
  const formats = {
    count: (v) => Math.round(v).toLocaleString('en'),
    rate: (v) => v.toFixed(1),
    percent: (v) => (v * 100).toFixed(v > 0 && v < 0.001 ? 3 : 2) + '%',
    ms: (v) => (v < 10 ? v.toFixed(2) : v < 100 ? v.toFixed(1) : Math.round(v).toLocaleString('en')) + ' ms',
    mos: (v) => v.toFixed(2),
  };
  const axisFormats = { ...formats, count: (v) => (Number.isInteger(v) ? v.toLocaleString('en') : ''), percent: (v) => +(v * 100).toFixed(3) + '%', ms: (v) => v.toLocaleString('en'), rate: (v) => String(+v.toFixed(2)), mos: (v) => v.toFixed(1) };
  const plots = [];
  const sync = uPlot.sync('run');
  const mark = (u, at) => {
    if (at === null) return;
    const x = Math.round(u.valToPos(at, 'x', true));
    const c = u.ctx;
    c.save();
    c.strokeStyle = colour('--bad');
    c.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    c.lineWidth = devicePixelRatio;
    c.beginPath();
    c.moveTo(x, u.bbox.top);
    c.lineTo(x, u.bbox.top + u.bbox.height);
    c.stroke();
    c.restore();
  };
  for (const chart of data.charts) {
    const box = document.getElementById('chart-' + chart.id);
    if (!box) continue;
    const show = (v) => (v === null || v === undefined ? '–' : formats[chart.unit](v));
    const over = chart.over || { label: 'time', values: data.seconds, mark: data.markSeconds };
    const showX = chart.over ? formats[over.unit] : time;
    const series = [{ label: over.label, value: (u, v) => (v === null || v === undefined ? '–' : showX(v)) }];
    const values = [over.values];
    for (const s of chart.series) {
      series.push({
        label: s.label,
        stroke: () => colour(s.colour),
        width: 1.75,
        dash: s.dash ? [5, 4] : undefined,
        fill: s.fill ? () => colour(s.colour) + '26' : undefined,
        paths: s.steps ? uPlot.paths.stepped({ align: -1 }) : undefined,
        points: { show: chart.over ? !s.dash : data.seconds.length < 3 },
        spanGaps: false,
        value: (u, v) => show(v),
      });
      values.push(s.values);
    }
    const axis = { stroke: () => colour('--soft'), font: '11px system-ui, sans-serif', grid: { stroke: () => colour('--grid'), width: 1 }, ticks: { stroke: () => colour('--line'), width: 1, size: 4 } };
    plots.push(new uPlot({
      width: box.clientWidth || 560,
      height: 200,
      cursor: { sync: { key: chart.over ? over.label : sync.key }, y: false, points: { size: 6 } },
      scales: { x: { time: false, range: chart.over ? (u, min, max) => [0, max * 1.04] : undefined }, y: { range: (u, min, max) => chart.range || [0, Math.max(chart.least || 0, max || 0) * 1.08] } },
      axes: [
        chart.over ? { ...axis, size: 28, values: (u, ticks) => ticks.map((v) => axisFormats[over.unit](v)) }
          : { ...axis, size: 28, values: (u, ticks) => ticks.map(time), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400] },
        { ...axis, size: 56, values: (u, ticks) => ticks.map((v) => axisFormats[chart.unit](v)) },
      ],
      series,
      hooks: { drawAxes: [(u) => mark(u, over.mark)] },
    }, values, box));
  }
  const redraw = () => plots.forEach((p) => p.redraw(false, true));
  const fit = () => plots.forEach((p) => p.setSize({ width: p.root.parentElement.clientWidth, height: 200 }));
  addEventListener('resize', fit);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('beforeprint', () => { root.setAttribute('data-print', ''); redraw(); });
  addEventListener('afterprint', () => { root.removeAttribute('data-print'); redraw(); });
})();
`;
