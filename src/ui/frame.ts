import type { Snapshot } from '../metrics/snapshot.js';
import { CHARTS_MIN_HEIGHT, chartLines } from './charts.js';
import { gateRows } from './gate-rows.js';
import { heardRows } from './heard-rows.js';
import type { History } from './history.js';
import { inboundRows } from './inbound-rows.js';
import { mediaRows } from './media-rows.js';
import { registrationRows } from './registration-rows.js';
import { faultRows, headerRows, keyRow, logRows, type Row, setupRows, type Title, trunkRows } from './sections.js';
import { fitLine, type Line, span } from './spans.js';

/** Lines of this rank and above only part the sections. */
const RULE_RANK = 11;
/** From this width on the charts stand beside the figures. */
const WIDE_COLUMNS = 120;
/** Log lines kept before anything else grows. */
const LOG_MIN = 3;
/** How much more the MOS histogram takes with a line a band. */
const HISTOGRAM_EXTRA = 7;
/** Log lines that come before charts when figures and charts stand in one column. */
const LOG_BESIDE_CHARTS = 6;

/**
 * The whole screen as lines, never more than `rows` and each exactly `columns` cells wide. 80×24 holds every figure; a
 * larger terminal adds charts, a histogram with a line a MOS band and a longer log; a smaller one loses the least
 * important lines first.
 */
export function composeFrame(
  title: Title,
  snapshot: Snapshot,
  history: History,
  columns: number,
  rows: number,
): Line[] {
  const width = Math.max(1, columns);
  if (width < 24 || rows < 4) return tiny(title, snapshot, width, rows);
  const header = headerRows(title, snapshot, width);
  const keys = keyRow(snapshot, width);
  return width >= WIDE_COLUMNS && rows >= 24
    ? wideFrame(header, keys, snapshot, history, width, rows)
    : narrowFrame(header, keys, snapshot, history, width, rows);
}

function figures(snapshot: Snapshot, width: number, tall: boolean): Row[] {
  return [
    ...registrationRows(snapshot, width),
    ...trunkRows(snapshot, width),
    ...(snapshot.inbound ? inboundRows(snapshot.inbound, snapshot, width) : setupRows(snapshot, width)),
    ...mediaRows(snapshot, width, tall),
    ...faultRows(snapshot, width),
    ...gateRows(snapshot, width),
    ...heardRows(snapshot, width),
  ];
}

function narrowFrame(
  header: Row[],
  keys: Row,
  snapshot: Snapshot,
  history: History,
  width: number,
  rows: number,
): Line[] {
  let body = figures(snapshot, width, false);
  const fixed = header.length + 2;
  let spare = rows - fixed - body.length - LOG_MIN;
  if (spare >= HISTOGRAM_EXTRA + 2) {
    body = figures(snapshot, width, true);
    spare -= HISTOGRAM_EXTRA;
  }
  const forCharts = spare - (LOG_BESIDE_CHARTS - LOG_MIN);
  const chartHeight = forCharts >= CHARTS_MIN_HEIGHT ? Math.min(forCharts, 21) : 0;
  const charts =
    chartHeight > 0 ? chartLines(snapshot, history, width, chartHeight).map((line) => ({ line, rank: 12 })) : [];
  // Rules between sections make room for the log.
  if (spare < 0) {
    const rules = body.filter((r) => r.rank >= RULE_RANK).length;
    body = keepImportant(body, Math.max(body.length - rules, body.length + spare));
  }
  const log = logRows(snapshot, width, Math.max(LOG_MIN, rows - fixed - body.length - charts.length));
  return fill([...header, ...body, ...charts], log, keys, width, rows);
}

function wideFrame(
  header: Row[],
  keys: Row,
  snapshot: Snapshot,
  history: History,
  width: number,
  rows: number,
): Line[] {
  const leftWidth = Math.max(80, Math.min(100, Math.floor(width * 0.56)));
  const rightWidth = width - leftWidth - 2;
  const room = rows - header.length - 2 - LOG_MIN;
  const short = figures(snapshot, leftWidth, false);
  const body = room >= short.length + HISTOGRAM_EXTRA ? figures(snapshot, leftWidth, true) : short;
  const left = keepImportant(body, room);
  // Half of what is left over goes to the charts, the other half to the log.
  const height = Math.min(room, left.length + Math.floor(Math.max(0, room - left.length) / 2));
  const right = chartLines(snapshot, history, rightWidth, height);
  const middle = right.map(
    (chart, i): Row => ({ line: [...fitLine(left[i]?.line ?? [], leftWidth), span('  '), ...chart], rank: 0 }),
  );
  const log = logRows(snapshot, width, rows - header.length - 2 - middle.length);
  return fill([...header, ...middle], log, keys, width, rows);
}

/** Puts the log below the figures and the keys on the last line; drops the least important lines when there are too many. */
function fill(top: Row[], log: Row[], keys: Row, width: number, rows: number): Line[] {
  const kept = keepImportant([...top, ...log, keys], rows);
  const blank = Math.max(0, rows - kept.length);
  const lines = kept.map((r) => fitLine(r.line, width));
  if (blank > 0) lines.splice(lines.length - 1, 0, ...Array.from({ length: blank }, () => fitLine([], width)));
  return lines;
}

function keepImportant(rows: readonly Row[], room: number): Row[] {
  const kept = [...rows];
  while (kept.length > Math.max(0, room)) {
    let worst = 0;
    for (let i = 1; i < kept.length; i++) if (kept[i].rank >= kept[worst].rank) worst = i;
    kept.splice(worst, 1);
  }
  return kept;
}

/** Too small for labels: the calls in progress and the failures, or as much of them as there is room for. */
function tiny(title: Title, snapshot: Snapshot, width: number, rows: number): Line[] {
  const lines = [
    `${snapshot.calls.inProgress} in progress`,
    `${snapshot.calls.failed} failed`,
    ...(snapshot.health.problems.length > 0 ? ['RUN INVALID'] : []),
    title.name,
  ];
  return lines.slice(0, Math.max(0, rows)).map((text) => fitLine([span(text)], width));
}
