import type { Summary } from '../metrics/summary.js';
import { clock, printable } from './format.js';
import { callTables } from './html-calls.js';
import { type ChartsData, chartsData } from './html-charts.js';
import { failoverSection } from './html-failover.js';
import { flowSection } from './html-flow.js';
import { inboundSection } from './html-inbound.js';
import { htmlPage, pageHeader } from './html-page.js';
import { readinessHtml } from './html-readiness.js';
import { registrationSection } from './html-registrations.js';
import {
  escapeHtml,
  gateTable,
  impairmentTable,
  keyTiles,
  mediaTables,
  mosDistribution,
  oneWayTable,
  responseBars,
  sipTable,
  trunkTable,
} from './html-sections.js';
import { trendSection } from './html-trend.js';
import { voiceSection } from './html-voice.js';
import { missingRecords } from './missing-records.js';
import type { TimelinePoint } from './timeline-points.js';
import { verdictReason } from './verdict.js';
import type { WorstCalls } from './worst-calls.js';

export interface HtmlInput {
  summary: Summary;
  timeline: readonly TimelinePoint[];
  worst: WorstCalls;
  /** Records in calls.ndjson (left out: one a call), and lines of the run's files that could not be read. */
  calls?: number;
  unreadableLines?: number;
}

/** report.html: one file that needs nothing else. */
export function reportHtml(input: HtmlInput): string {
  const { summary } = input;
  const { run, verdict } = summary;
  const charts = chartsData(summary, input.timeline);
  const outcome = { style: verdict, word: verdict.toUpperCase(), reason: verdictReason(summary) };
  const body = `${pageHeader(run, outcome, [`node ${run.node}`])}
${keyTiles(summary)}
${readinessHtml(summary)}
<h2>Gates</h2>
${gateTable(summary)}
${chartSection(charts)}
${registrationSection(summary)}
${inboundSection(summary)}
<h2>Signalling</h2>
<div class="grid"><div class="card"><h3>Final results of the attempts</h3>${responseBars(summary)}</div><div class="card"><h3>Delays, ms</h3>${sipTable(summary)}</div></div>
${trunkTable(summary)}
${failoverSection(summary)}
<h2>Media</h2>
<div class="grid">${mosDistribution('MOS-LQ, uplink (us → far end)', summary.media.uplink)}${mosDistribution('MOS-LQ, downlink (far end → us)', summary.media.downlink)}</div>
${mediaTables(summary)}
<div class="grid"><div class="card"><h3>One-way and impaired audio by cause</h3>${oneWayTable(summary)}</div><div class="card"><h3>Injected by the path (ground truth)</h3>${impairmentTable(summary)}</div></div>
${voiceSection(summary)}
${flowSection(summary)}
${trendSection(summary)}
<h2>Calls to look at</h2>
${missingRecords(input)
  .map((note) => `<p class="note"><b class="warn">${escapeHtml(note)}</b></p>`)
  .join('')}${callTables(input.worst)}
${footer(summary)}`;
  return htmlPage(`${verdict.toUpperCase()} · ${printable(run.name)}`, body, charts);
}

function chartSection(charts: ChartsData): string {
  if (charts.seconds.length < 2 || charts.charts.length === 0)
    return '<h2>Over time</h2><p class="note">No timeline was recorded.</p>';
  const boxes = charts.charts.map(
    (c) =>
      `<div class="card"><h3>${escapeHtml(c.title)}</h3><div class="chart-box" id="chart-${escapeHtml(c.id)}"></div></div>`,
  );
  const mark =
    charts.markSeconds === null
      ? ''
      : `<p class="note">The dotted red line marks the first refusal of the trunk, ${clock(charts.markSeconds * 1000)} into the run.</p>`;
  return `<h2>Over time</h2>
<div class="grid">${boxes.join('')}</div>${mark}
<noscript><p class="note">The charts need JavaScript.</p></noscript>`;
}

function footer(summary: Summary): string {
  const notes = [
    'A dash or “not measured” means that nothing told, never zero. Uplink is from us to the far end, downlink from the far end to us.',
  ];
  if (summary.run.timestampSource === 'user')
    notes.push('Packet arrival is user time, not the kernel’s: jitter reads higher than it was.');
  if (summary.media.label === 'loop') notes.push('The far end echoes: media figures are of both directions together.');
  return `<footer>${notes.map(escapeHtml).join(' ')}</footer>`;
}
