import type { Percentiles } from '../metrics/percentiles.js';
import type { FlowSummary, Summary, VoiceSummary } from '../metrics/summary.js';
import { failoverNotes, OUTAGE_HEAD, outageRows } from './failover.js';
import { FLOW_COLUMNS, flowCells, flowNote, flowSides } from './flow.js';
import {
  clock,
  count,
  decimal,
  isSuccess,
  milliseconds,
  msDigits,
  NONE,
  percent,
  printable,
  responseName,
  sortedResponses,
} from './format.js';
import { inboundFigures, inboundTimes } from './inbound.js';
import { loadNotes } from './load.js';
import { dtmfLines, faultLines, impairmentLines, mediaLines, probeLines } from './media-text.js';
import { ownTrunkLines } from './own-trunk.js';
import { readinessText } from './readiness.js';
import { registrationDelays, registrationFailures, registrationFigures } from './registrations.js';
import { sipServerNotes } from './sip-server.js';
import { CELL, left, NAME, type Paint, right, SGR, title, wrapped } from './text-layout.js';
import { trendText } from './trend.js';
import { gateName, gateObserved, gateReason, trunkFinding, verdictReason } from './verdict.js';
import { voiceNotes, voiceTimes } from './voice.js';

export interface SummaryTextOptions {
  /** Colours by SGR sequences; what the text says does not depend on them. */
  colour: boolean;
}

/** Columns of outages, but for the first. */
const OUTAGE_WIDTHS = [6, 9, 10, 9, 10, 6, 7, 7];
const FLOW_CELL = 9;

/** The summary as printed at the end of a run, within 80 columns where names and numbers allow; ends in a newline. */
export function summaryText(summary: Summary, options: SummaryTextOptions): string {
  const paint: Paint = (text, ...styles) =>
    options.colour && text !== '' ? `\u001b[${styles.map((s) => SGR[s]).join(';')}m${text}\u001b[0m` : text;
  const sections = [
    head(summary, paint),
    registrations(summary, paint),
    inbound(summary, paint),
    calls(summary, paint),
    summary.inbound ? [] : [title('LOAD', paint), ...loadNotes(summary.load).map((note) => `  ${note}`)],
    sip(summary, paint),
    trunk(summary, paint),
    failover(summary, paint),
    mediaLines(summary, paint),
    faultLines(summary, paint),
    dtmfLines(summary, paint),
    ...(summary.voice ? [voice(summary.voice, paint)] : []),
    ...flowSides(summary).map(([side, figures]) => flow(side, figures, paint)),
    probeLines(summary, paint),
    impairmentLines(summary, paint),
    generator(summary, paint),
    trendText(summary, paint),
    readinessText(summary, paint),
    gates(summary, paint),
    verdict(summary, paint),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function head({ run }: Summary, paint: Paint): string[] {
  const started = run.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return [
    `${paint('trunkstorm', 'cyan', 'bold')} ${printable(run.version)}  ${paint(printable(run.name), 'bold')} → ${printable(run.target)}`,
    paint(`seed ${run.seed}  started ${printable(started)}  took ${clock(run.durationMs)}`, 'dim'),
  ];
}

/** Figures with their names, side by side. */
function figures(list: [name: string, value: string][]): string {
  return `  ${list.map(([name, value]) => `${name} ${value}`).join('   ')}`;
}

function calls({ calls: c, responses }: Summary, paint: Paint): string[] {
  const lines = [
    title('CALLS', paint),
    figures([
      ['attempted', count(c.attempted)],
      ['answered', count(c.answered)],
      ['failed', count(c.failed)],
      ['cancelled', count(c.cancelled)],
      ['not started', count(c.notStarted)],
    ]),
    figures([
      ['completed', count(c.completed)],
      ['dropped', count(c.dropped)],
      ['still up', count(c.stillUp)],
    ]),
    figures([
      ['peak in progress', count(c.peakInProgress)],
      ['peak established', count(c.peakEstablished)],
    ]),
  ];
  for (const [code, calls] of sortedResponses(responses)) {
    const name = `${printable(code)} ${responseName(code)}`.trim();
    lines.push(
      `  ${paint(left(name, NAME + 8), isSuccess(code) ? 'green' : 'red')}${right(count(calls), 8)}  ${right(share(calls, c.attempted), 7)}`,
    );
  }
  return lines;
}

function share(part: number, of: number): string {
  return of > 0 ? percent(part / of) : NONE;
}

function sip(summary: Summary, paint: Paint): string[] {
  const { sip: s } = summary;
  const failing = s.setupFailureRatio !== null && s.setupFailureRatio > 0;
  const ratios: [string, string][] = [
    ['NER', percent(s.ner)],
    ['ASR', percent(s.asr)],
    ['SER', percent(s.ser)],
    ['SEER', percent(s.seer)],
    ['ISA', percent(s.isa)],
    ['SCR', percent(s.scr)],
  ];
  const duration: [string, string] = ['ACD', s.acdMs === null ? 'not measured' : `${decimal(s.acdMs / 1000, 1)} s`];
  const columns = ['p50', 'p95', 'p99', 'max'];
  const lines = [
    title('SIP', paint),
    `  setup failure ratio ${paint(percent(s.setupFailureRatio), failing ? 'red' : 'green')}   CPS offered ${decimal(s.offeredCps, 1)}   achieved ${decimal(s.achievedCps, 2)}`,
    figures(ratios),
    figures([duration]),
    figures([
      ['retransmissions sent', count(s.retransmissionsSent)],
      ['received', count(s.retransmissionsReceived)],
      ['unparsable', count(s.parseErrors)],
    ]),
    ...sipServerNotes(summary).map((note) => paint(`  ${note}`, 'dim')),
    paint(`  ${left('ms', NAME)}${columns.map((c) => right(c, CELL)).join('')}`, 'dim'),
  ];
  const delays: [string, Percentiles | null][] = [
    ['SRD, success', s.srdMs.success],
    ['SRD, failure', s.srdMs.failure],
    ['SDD, success', s.sddMs.success],
    ['SDD, failure', s.sddMs.failure],
    ['setup (INVITE → 2xx)', s.setupMs],
    ['PDD (INVITE → 180/183)', s.pddMs],
    ['SDT (session duration)', s.sdtMs],
    ...(s.sdtFailureMs ? [['SDT, BYE unanswered', s.sdtFailureMs] as [string, Percentiles]] : []),
  ];
  for (const delay of delays) lines.push(delayLine(...delay));
  return lines;
}

function delayLine(name: string, p: Percentiles | null): string {
  return `  ${left(name, NAME)}${p ? [p.p50, p.p95, p.p99, p.max].map((v) => right(msDigits(v), CELL)).join('') : right('not measured', CELL * 4)}`;
}

/** Nothing of a run that calls. */
function inbound({ inbound: i }: Summary, paint: Paint): string[] {
  if (!i) return [];
  return [
    title('CALLS THAT CAME IN', paint),
    ...inboundFigures(i).map(figures),
    paint(`  ${left('ms', NAME)}${['p50', 'p95', 'p99', 'max'].map((c) => right(c, CELL)).join('')}`, 'dim'),
    ...inboundTimes(i).map((times) => delayLine(...times)),
  ];
}

/** Nothing where no account registers. */
function registrations(summary: Summary, paint: Paint): string[] {
  if (summary.registrations === null) return [];
  return [
    title('REGISTRATIONS', paint),
    ...registrationFigures(summary).map(figures),
    ...registrationFailures(summary).map(
      ([name, n]) => `  ${paint(left(printable(name), NAME + 8), 'red')}${right(count(n), 8)}`,
    ),
    paint(`  ${left('ms', NAME)}${['p50', 'p95', 'p99', 'max'].map((c) => right(c, CELL)).join('')}`, 'dim'),
    ...registrationDelays(summary).map((delay) => delayLine(...delay)),
  ];
}

function trunk({ trunk: t, trunks }: Summary, paint: Paint): string[] {
  const bad = t.exhausted === true || t.cause === 'cps';
  const lines = [
    title('TRUNK', paint),
    `  ${paint(trunkFinding(t, clock), bad ? 'red' : t.exhausted === null ? 'dim' : 'green')}   refusals ${count(t.refusals)}`,
  ];
  if (t.evidence) for (const part of printable(t.evidence).split('; ')) lines.push(`  ${paint(part, 'dim')}`);
  if (t.own) lines.push(...ownTrunkLines(t.own).map((line) => `  ${line}`));
  if (trunks.length > 1) {
    lines.push(
      paint(
        `  ${left('target', NAME + 4)}${['attempted', 'answered', 'refused', 'failed', 'dropped'].map((c) => right(c, 10)).join('')}`,
        'dim',
      ),
    );
    for (const one of trunks) {
      const figures = [one.attempted, one.answered, one.refused, one.failed, one.dropped];
      lines.push(`  ${left(printable(one.target), NAME + 4)}${figures.map((v) => right(count(v), 10)).join('')}`);
    }
  }
  return lines;
}

function failover({ failover: f }: Summary, paint: Paint): string[] {
  if (!f) return [];
  const row = ([name, ...cells]: readonly string[]): string =>
    `  ${left(name, 13)}${cells.map((cell, i) => right(cell, OUTAGE_WIDTHS[i])).join('')}`;
  const rows = outageRows(f).map(row);
  const head = rows.length > 0 ? [paint(row(OUTAGE_HEAD), 'dim')] : [];
  return [title('FAILOVER', paint), ...failoverNotes(f).map((note) => `  ${note}`), ...head, ...rows];
}

function voice(figures: VoiceSummary, paint: Paint): string[] {
  const columns = ['p50', 'p95', 'p99', 'max'];
  return [
    title('VOICE TURNS', paint),
    paint(`  ${left('ms', NAME)}${columns.map((c) => right(c, CELL)).join('')}`, 'dim'),
    ...voiceTimes(figures).map(([name, p]) => {
      const cells = p ? [p.p50, p.p95, p.p99, p.max].map(msDigits) : ['not measured', '', '', ''];
      return `  ${left(name, NAME)}${cells.map((cell) => right(cell, CELL)).join('')}`.trimEnd();
    }),
    ...voiceNotes(figures).map((note) => paint(`  ${note}`, 'dim')),
  ];
}

function flow(side: string, figures: FlowSummary, paint: Paint): string[] {
  const cells = (list: readonly string[]): string => list.map((cell) => right(cell, FLOW_CELL)).join('');
  return [
    title(`FLOW OF THE ${side.toUpperCase()}`, paint),
    paint(`  ${left('', NAME + 4)}${cells(FLOW_COLUMNS)}`, 'dim'),
    ...figures.steps.map((step) => `  ${left(printable(step.name), NAME + 4)}${cells(flowCells(step))}`.trimEnd()),
    paint(`  ${flowNote(figures)}`, 'dim'),
  ];
}

function generator({ run, media: m }: Summary, paint: Paint): string[] {
  const cpu = run.threads.map(
    (t) =>
      `${left(printable(t.name), 16)} ${right(percent(t.cpuMeanRatio), 5)}  most ${right(percent(t.cpuMaxRatio), 5)}`,
  );
  const lines = [
    title('GENERATOR', paint),
    `  pacing error p50 ${milliseconds(m.pacingErrorMs?.p50)}   p99 ${milliseconds(m.pacingErrorMs?.p99)}   event-loop delay p99 ${milliseconds(run.eventLoopDelayMs?.p99)}`,
    `  receive drops ${count(m.receiveDrops)}   malformed datagrams ${count(m.malformed)}   timestamps: ${run.timestampSource ?? 'not measured'}`,
  ];
  if (m.unattributed) lines.push(`  packets on shared ports that were nobody’s: ${count(m.unattributed)}`);
  for (let i = 0; i < cpu.length; i += 2) lines.push(`  CPU ${cpu.slice(i, i + 2).join('   ')}`);
  return lines;
}

function gates({ gates: list }: Summary, paint: Paint): string[] {
  const lines = [title('GATES', paint)];
  if (list.length === 0) return [...lines, `  ${paint('none set', 'dim')}`];
  const width = Math.min(60, Math.max(...list.map((g) => gateName(g).length)));
  for (const gate of list) {
    const mark = gate.pass ? paint('✓ pass', 'green') : paint('✗ FAIL', 'red', 'bold');
    const reason = gateReason(gate);
    lines.push(
      `  ${mark}  ${left(printable(gateName(gate)), width)}  ${gateObserved(gate)}${reason === '' ? '' : `  (${reason})`}`,
    );
  }
  return lines;
}

function verdict(summary: Summary, paint: Paint): string[] {
  const colour = summary.verdict === 'pass' ? 'green' : summary.verdict === 'fail' ? 'red' : 'yellow';
  const word = `VERDICT ${summary.verdict.toUpperCase()}`;
  const [first, ...rest] = wrapped(verdictReason(summary), '  ', `${word}  `);
  const lines = [`${paint(word, colour, 'bold')}${first.slice(word.length)}`, ...rest];
  if (summary.run.interrupted && summary.verdict !== 'interrupted')
    lines.push(paint('The run was interrupted.', 'yellow'));
  return lines;
}
