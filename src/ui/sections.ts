import type { Snapshot, TargetSnapshot } from '../metrics/snapshot.js';
import {
  clock,
  count,
  decimal,
  isSuccess,
  milliseconds,
  msDigits,
  percent,
  printable,
  sortedCauses,
  sortedResponses,
} from '../report/format.js';
import { bar } from './bars.js';
import {
  beside,
  type Field,
  field,
  fields,
  fitLine,
  type Line,
  lineWidth,
  pad,
  rule,
  type Span,
  span,
  spread,
  type Tone,
} from './spans.js';

/** What the run is, constant over its life. */
export interface Title {
  name: string;
  target: string;
  seed: number;
  version: string;
}

/** A line of the screen; where there is no room for all, those with the highest `rank` go first. */
export interface Row {
  line: Line;
  rank: number;
}

/** Width of the column of row names. */
const LABEL = 13;

export const row = (line: Line, rank: number): Row => ({ line, rank });

/** A line of figures behind its name. */
export function labelled(name: string, rest: readonly Field[], width: number, tone: Tone = 'label'): Line {
  const label = width < 70 ? Math.min(LABEL, name.length + 3) : LABEL;
  return [span(` ${pad(name, label - 1)}`, tone), ...fields(rest, width - label)];
}

const PHASES: Record<Snapshot['phase'], { text: string; tone: Tone }> = {
  starting: { text: '○ STARTING', tone: 'accent' },
  registering: { text: '◔ REGISTERING', tone: 'accent' },
  running: { text: '● RUNNING', tone: 'good' },
  draining: { text: '◐ DRAINING', tone: 'accent' },
  stopping: { text: '◌ HANGING UP', tone: 'warn' },
  done: { text: '■ DONE', tone: 'accent' },
};

/** Name, target, seed; progress with time left; and, before all else, why the run is invalid. */
export function headerRows(title: Title, snapshot: Snapshot, width: number): Row[] {
  const phase =
    snapshot.paused && snapshot.phase === 'running'
      ? { text: '‖ PAUSED', tone: 'warn' as Tone }
      : PHASES[snapshot.phase];
  const rows = [
    row(
      spread(
        [span(' trunkstorm', 'accent'), span('  '), span(printable(title.name), 'title')],
        [span(` ${phase.text} `, phase.tone)],
        width,
      ),
      1,
    ),
    row(
      spread(
        [span(' → ', 'dim'), span(printable(title.target))],
        [
          span('  seed ', 'label'),
          span(String(title.seed)),
          span('  version ', 'label'),
          span(`${printable(title.version)} `),
        ],
        width,
      ),
      9,
    ),
  ];
  const { atMs, plannedMs } = snapshot;
  const known = plannedMs > 0;
  // By whole seconds, so that what is over and what is left add up to what was planned.
  const leftS = Math.floor(plannedMs / 1000) - Math.floor(atMs / 1000);
  const left = known ? `${clock(Math.max(0, leftS * 1000))} left` : '';
  const share = known ? Math.min(1, atMs / plannedMs) : 0;
  const text = known
    ? `  ${Math.floor(share * 100)}%  ${clock(atMs)} / ${clock(plannedMs)}  ${left} `
    : `  ${clock(atMs)} `;
  const barWidth = Math.max(0, width - text.length - 1);
  rows.push(row(fitLine([span(' '), ...bar(share, barWidth, 'accent'), span(text)], width), 2));
  const { problems } = snapshot.health;
  if (problems.length > 0) {
    rows.push(
      row(
        fitLine([span(` RUN INVALID: ${problems.map((p) => printable(p.observed)).join('; ')} `, 'alarm')], width),
        0,
      ),
    );
  }
  return rows;
}

/** Calls in progress against the trunk's limit, when it was exhausted, and the rate. */
export function trunkRows(snapshot: Snapshot, width: number): Row[] {
  const { calls, trunk } = snapshot;
  const limit = trunk.channels ?? trunk.exhaustedAtInProgress;
  const use =
    limit === null ? `${count(calls.inProgress)}  no limit known ` : `${count(calls.inProgress)} / ${count(limit)} `;
  const ratio = calls.inProgress / Math.max(1, limit ?? calls.peakInProgress);
  const useTone: Tone = limit === null ? 'accent' : ratio >= 0.999 ? 'bad' : ratio >= 0.85 ? 'warn' : 'good';
  const label = span(` ${pad('In progress', LABEL - 1)}`, 'label');
  const usePart = span(`  ${use}`, limit === null ? 'plain' : useTone);
  const barLine = [label, ...bar(ratio, Math.max(0, width - LABEL - lineWidth([usePart])), useTone), usePart];

  const exhausted: Field[] = [];
  const at = trunk.exhaustedAtInProgress;
  if (trunk.cause === 'cps') {
    exhausted.push(field('', 'CPS limited, channels not exhausted', 0, 'bad'));
  } else if (at !== null) {
    exhausted.push(field('', `exhausted at ${count(at)} calls, ${clock(trunk.exhaustedAtMs)}`, 0, 'bad'));
  } else if (snapshot.inbound) {
    exhausted.push(field('', 'not measured', 0, 'dim'));
  } else {
    exhausted.push(field('', 'not exhausted', 0, 'good'));
  }
  exhausted.push(field('refusals', count(trunk.refusals), 1, trunk.refusals > 0 ? 'bad' : 'plain'));
  exhausted.push(field('peak', count(calls.peakInProgress), 2), field('established', count(calls.established), 3));

  return [
    row(rule('TRUNK', width), 11.1),
    row(fitLine(barLine, width), 1),
    ...targetRows(snapshot, width),
    row(labelled('Limit', exhausted, width), 2),
    row(
      labelled(
        'Calls',
        [
          snapshot.inbound
            ? field('taken', count(calls.attempted), 1)
            : field('attempted', `${count(calls.attempted)} / ${count(calls.planned)}`, 1),
          field('answered', count(calls.answered), 2),
          field('completed', count(calls.completed), 5),
          field('dropped', count(calls.dropped), 3, calls.dropped > 0 ? 'bad' : 'plain'),
          field('cancelled', count(calls.cancelled), 6),
          field('not started', count(calls.notStarted), 4, calls.notStarted > 0 ? 'bad' : 'plain'),
        ],
        width,
      ),
      4,
    ),
    row(
      labelled(
        'CPS',
        snapshot.inbound
          ? [field('received', decimal(snapshot.achievedCps, 1), 1)]
          : [
              field('offered', decimal(snapshot.offeredCps, 1), 1),
              field('achieved', decimal(snapshot.achievedCps, 1), 1, behind(snapshot) ? 'warn' : 'plain'),
              field('rate', `×${snapshot.rateFactor.toFixed(2)}`, 2, snapshot.rateFactor === 1 ? 'dim' : 'accent'),
            ],
        width,
      ),
      3,
    ),
  ];
}

const TARGET_MARKS: Record<TargetSnapshot['state'], Span> = {
  up: span('▲ ', 'good'),
  down: span('▼ ', 'bad'),
  'left alone': span('◌ ', 'bad'),
  gone: span('· ', 'dim'),
};

/** How many targets of a group are up, and each of them: where there is no room for all, those in trouble first. */
function targetRows({ targets }: Snapshot, width: number): Row[] {
  if (targets.length === 0) return [];
  const there = targets.filter(({ state }) => state !== 'gone');
  const up = there.filter(({ state }) => state === 'up').length;
  const list = targets.map(({ target, state, answered, failed }, i): Field => {
    const spans = [TARGET_MARKS[state], span(`${printable(target)} `, 'label'), span(count(answered))];
    if (state !== 'up') spans.push(span(` ${state}`, state === 'gone' ? 'dim' : 'bad'));
    if (failed > 0) spans.push(span(` failed ${count(failed)}`, 'bad'));
    return { spans, rank: state === 'up' ? 1 + i : state === 'gone' ? 1 + targets.length + i : 0 };
  });
  const sum = field('up', `${up} of ${there.length}`, 0, up < there.length ? 'bad' : 'plain');
  return [row(labelled('Targets', [sum, ...list], width), 2.5)];
}

function behind(snapshot: Snapshot): boolean {
  return !snapshot.paused && snapshot.offeredCps > 0 && snapshot.achievedCps < snapshot.offeredCps * 0.9;
}

/** Setup failures with the final results by code, and the delays of RFC 6076. */
export function setupRows(snapshot: Snapshot, width: number): Row[] {
  const ratio = snapshot.setupFailureRatio;
  const tone: Tone = ratio === null ? 'dim' : ratio === 0 ? 'good' : ratio < 0.01 ? 'warn' : 'bad';
  const failed: Field[] = [
    { spans: [span(percent(ratio), tone), span(' of setups', 'label')], rank: 0 },
    field('calls', count(snapshot.calls.failed), 1),
  ];
  sortedResponses(snapshot.responses).forEach(([code, calls], i) => {
    const spans = [span(`${printable(code)} `, isSuccess(code) ? 'good' : 'bad'), span(count(calls))];
    failed.push({ spans: i === 0 ? [span('│ ', 'dim'), ...spans] : spans, rank: 2 + i });
  });
  const srd = delays('SRD ms', snapshot.srdMs);
  const setup = delays('Setup ms', snapshot.setupMs);
  const rows = [row(rule('SETUP', width), 11.2), row(labelled('Failed', failed, width), 2)];
  if (width >= 76) rows.push(row(beside(srd, setup, width), 6));
  else rows.push(row(fitLine(srd, width), 6), row(fitLine(setup, width), 7));
  return rows;
}

function delays(name: string, p: { p50: number; p95: number; p99: number } | null): Line {
  const cell = (ms: number | undefined): string => pad(msDigits(ms), 5, 'right');
  const list = [field('p50', cell(p?.p50), 1), field('p95', cell(p?.p95), 0), field('p99', cell(p?.p99), 2)];
  return [span(` ${name} `, 'label'), ...fields(list, 29, 1)];
}

/** One-way calls by cause, calls without media, impaired ones by cause, and whether the generator itself keeps up. */
export function faultRows(snapshot: Snapshot, width: number): Row[] {
  const { oneWay, noMedia, impaired, health } = snapshot;
  const list: Field[] = [
    field('', `${count(oneWay.calls)} ${oneWay.calls === 1 ? 'call' : 'calls'}`, 0, oneWay.calls > 0 ? 'bad' : 'good'),
  ];
  sortedCauses(oneWay.byCause).forEach(([cause, calls], i) => {
    const spans = [span(`${printable(cause)} `, 'label'), span(count(calls), 'bad')];
    list.push({ spans, rank: 2 + i });
  });
  list.push({
    spans: [span('│ ', 'dim'), span('no media ', 'label'), span(count(noMedia), noMedia > 0 ? 'bad' : 'plain')],
    rank: 1,
  });
  list.push({
    spans: [
      span('│ ', 'dim'),
      span('impaired ', 'label'),
      span(count(impaired.calls), impaired.calls > 0 ? 'bad' : 'plain'),
    ],
    rank: 1,
  });
  sortedCauses(impaired.byCause).forEach(([cause, calls], i) => {
    list.push({ spans: [span(`${printable(cause)} `, 'label'), span(count(calls), 'bad')], rank: 2 + i });
  });
  return [
    row(rule('ONE-WAY AND HEALTH', width), 11.3),
    row(labelled('One-way', list, width), 4),
    row(healthLine(health, width), 8),
  ];
}

function healthLine(health: Snapshot['health'], width: number): Line {
  const threads = health.threads.map((t, i): Field => {
    const tone: Tone = t.cpuRatio >= 0.95 ? 'bad' : t.cpuRatio >= 0.8 ? 'warn' : 'plain';
    return field(printable(t.name), `${Math.round(t.cpuRatio * 100)}%`, t.cpuRatio >= 0.8 ? 0 : 3 + i, tone);
  });
  if (threads[0]) threads[0] = { ...threads[0], spans: [span('CPU ', 'label'), ...threads[0].spans] };
  const pacing: Tone = health.pacingErrorP99Ms === null ? 'dim' : health.pacingErrorP99Ms > 10 ? 'bad' : 'plain';
  const drops = health.receiveDrops;
  return labelled(
    'Health',
    [
      ...threads,
      field('pacing p99', milliseconds(health.pacingErrorP99Ms), 1, pacing),
      field('drops', count(drops), drops !== null && drops > 0 ? 0 : 2, drops !== null && drops > 0 ? 'bad' : 'plain'),
      field(
        'loop p99',
        milliseconds(health.eventLoopDelayP99Ms),
        99,
        (health.eventLoopDelayP99Ms ?? 0) > 20 ? 'bad' : 'plain',
      ),
    ],
    width,
  );
}

/** The last events, the newest below. Always `height` lines with the rule above them. */
export function logRows(snapshot: Snapshot, width: number, height: number): Row[] {
  const lines = height > 0 ? snapshot.log.slice(-height) : [];
  const rows = lines.map((entry, i) => {
    const tone: Tone = entry.level === 'error' ? 'bad' : entry.level === 'warn' ? 'warn' : 'plain';
    const mark = entry.level === 'error' ? '✗' : entry.level === 'warn' ? '!' : ' ';
    return row(
      fitLine(
        [span(` ${clock(entry.atMs)} `, 'dim'), span(`${mark} `, tone), span(printable(entry.text), tone)],
        width,
      ),
      9 + (lines.length - i) * 0.01,
    );
  });
  return [row(rule('LOG', width), 10), ...rows];
}

/** What the keys do. */
export function keyRow({ paused, inbound }: Snapshot, width: number): Row {
  const key = (name: string, does: string, rank: number): Field => ({
    spans: [span(name, 'accent'), span(` ${does}`, 'label')],
    rank,
  });
  const list = [
    key('q', 'quit & hang up', 0),
    key('p', paused ? 'resume' : 'pause', 1),
    // The rate of calls that come in is the caller's.
    ...(inbound ? [] : [key('+/-', 'rate', 2)]),
    key('n', 'next network', 3),
  ];
  return row([span(' '), ...fields(list, width - 1, 3)], 5);
}
