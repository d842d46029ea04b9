import { clock, count, decimal, percent } from './format.js';
import { type Cell, escapeHtml, figure, mosQuality, safe, table, text } from './html-sections.js';
import { ladderLines } from './ladder.js';
import type { WorstCall, WorstCalls } from './worst-calls.js';

/** Calls worth opening in the call records, with the Call-ID to find them by in a trace. */
export function callTables(worst: WorstCalls): string {
  const turns = 'Up to 20, one of each cause before a second of any.';
  return [
    callTable('Failed and dropped', turns, worst.failed, [['In progress', (c) => figure(count(c.inProgress))]]),
    callTable('One-way and silent', turns, worst.silent, QUALITY_COLUMNS),
    callTable(
      'Worst audio',
      'The 20 calls with the lowest rating R of any 10 s in either direction, which compares across bandwidths.',
      worst.audio,
      QUALITY_COLUMNS,
    ),
  ].join('');
}

type CallColumn = [head: string, value: (call: WorstCall) => Cell];

const QUALITY_COLUMNS: CallColumn[] = [
  ['MOS up', (c) => figure(decimal(c.uplinkMos, 2))],
  ['Worst 10 s', (c) => figure(decimal(c.uplinkWorstMos, 2))],
  ['MOS down', (c) => figure(decimal(c.downlinkMos, 2))],
  ['Worst 10 s', (c) => figure(decimal(c.downlinkWorstMos, 2))],
  ['MOS over time', (c) => ({ html: mosCourse(c), number: true })],
  ['Loss up', (c) => figure(percent(c.uplinkLoss))],
  ['Loss down', (c) => figure(percent(c.downlinkLoss))],
];

/** Size of a course in px, and the MOS at its foot and top. */
const COURSE = { width: 120, height: 16, foot: 1, top: 4.5 };

/** MOS of each 10 s, uplink above downlink; a gap where nothing was rated. */
function mosCourse({ uplinkMosOverTime, downlinkMosOverTime }: WorstCall): string {
  const course = (name: string, values: readonly (number | null)[]): string => {
    if (!values.some((mos) => mos !== null)) return '';
    const { width, height, foot, top } = COURSE;
    const step = width / values.length;
    const bars = values.flatMap((mos, i) => {
      if (mos === null) return [];
      const high = Math.max(1, (height * (Math.min(top, mos) - foot)) / (top - foot));
      const box = `x="${(i * step).toFixed(1)}" y="${(height - high).toFixed(1)}" width="${Math.max(0.5, step - 0.5).toFixed(1)}" height="${high.toFixed(1)}"`;
      return `<rect ${box} fill="var(--${mosQuality(mos)})"/>`;
    });
    const text = values.map((mos) => decimal(mos, 2)).join(' ');
    return `<svg class="course" width="${width}" height="${height}" role="img"><title>${name}: ${text}</title>${bars.join('')}</svg>`;
  };
  return course('uplink', uplinkMosOverTime) + course('downlink', downlinkMosOverTime);
}

function callTable(title: string, note: string, calls: readonly WorstCall[], columns: readonly CallColumn[]): string {
  if (calls.length === 0) return `<div class="card stacked"><h3>${title}</h3><span class="good">none</span></div>`;
  const head = [
    { right: '#' },
    { right: 'At' },
    'Problem',
    ...columns.map(([right]) => ({ right })),
    'From',
    'To',
    'Call-ID',
  ];
  const address = (uri: string): Cell => text(uri.replace(/^sips?:/, ''));
  const rows = calls.map((c) => [
    figure(String(c.id)),
    figure(clock(c.startedMs)),
    text(c.problem),
    ...columns.map(([, value]) => value(c)),
    address(c.from),
    address(c.to),
    { html: safe(c.callId), mono: true },
  ]);
  const ladders = calls.map(ladderBlock).join('');
  return `<div class="card stacked"><h3>${title} <span class="soft">${note}</span></h3>${table(head, rows, true)}${ladders}</div>`;
}

/** The SIP messages of a call, to be unfolded. */
function ladderBlock({ id, problem, ladder }: WorstCall): string {
  if (ladder === null) return '';
  const side = ladder.side === 'trunk' ? ' at the trunk' : '';
  const name = `#${id} ${problem}: SIP${side}, ${ladder.towards}`;
  return `<details class="ladder"><summary>${safe(name)}</summary><pre>${escapeHtml(ladderLines(ladder).join('\n'))}</pre></details>`;
}
