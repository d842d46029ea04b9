import type { Snapshot } from '../metrics/snapshot.js';
import type { InvalidReason } from '../metrics/summary.js';
import { clock, count, decimal, NONE, percent, printable } from '../report/format.js';
import type { LiveView } from './live-view.js';
import type { Title } from './sections.js';
import { pad } from './spans.js';

interface Column {
  head: string;
  width: number;
  value(snapshot: Snapshot): string;
}

/** A pair of figures of both directions: `1.99%/0%`. */
function pair(up: string, down: string): string {
  return up === NONE && down === NONE ? NONE : `${up}/${down}`;
}

const COLUMNS: readonly Column[] = [
  { head: 'time', width: 7, value: (s) => clock(s.atMs) },
  { head: 'phase', width: 8, value: (s) => phaseName(s) },
  { head: 'inprog', width: 7, value: (s) => count(s.calls.inProgress) },
  { head: 'cps', width: 7, value: (s) => decimal(s.achievedCps, 1) },
  { head: 'attempts', width: 9, value: (s) => count(s.calls.attempted) },
  { head: 'answered', width: 9, value: (s) => count(s.calls.answered) },
  { head: 'failed', width: 8, value: (s) => count(s.calls.failed) },
  { head: 'fail%', width: 7, value: (s) => percent(s.setupFailureRatio) },
  { head: 'srd95ms', width: 8, value: (s) => (s.srdMs ? decimal(s.srdMs.p95, 1) : NONE) },
  {
    head: 'loss up/down',
    width: 14,
    value: (s) => pair(percent(s.media.uplink.lossRatio), percent(s.media.downlink.lossRatio)),
  },
  {
    head: 'mos5 up/down',
    width: 13,
    value: (s) => pair(decimal(s.media.uplink.mosLqP5, 2), decimal(s.media.downlink.mosLqP5, 2)),
  },
  { head: 'oneway', width: 6, value: (s) => count(s.oneWay.calls) },
  { head: 'dtmflost', width: 8, value: (s) => pair(count(s.dtmf.uplink.lost), count(s.dtmf.downlink.lost)) },
];

/** Where accounts register. */
const REGISTRATION_COLUMNS: readonly Column[] = [
  { head: 'registered', width: 10, value: (s) => count(s.registrations?.now ?? null) },
  { head: 'regfail', width: 7, value: (s) => count(s.registrations?.failed ?? null) },
  { head: 'lost', width: 6, value: (s) => count(s.registrations?.lost ?? null) },
];

function phaseName({ paused, phase }: Snapshot): string {
  if (paused && phase === 'running') return 'paused';
  return phase === 'registering' ? 'register' : phase;
}

function headerOf(columns: readonly Column[]): string {
  return `# ${columns.map((c, i) => pad(c.head, i === 0 ? c.width - 2 : c.width, 'right')).join(' ')}`;
}

const LINES_PER_HEADER = 20;

export interface PlainOptions {
  title: Title;
  write(line: string): void;
}

/**
 * The live view without a terminal: a line a second in fixed columns, no escape sequences. Lines that start with `#` are
 * no data: the header (every 20 lines), warnings and errors of the log, and why the run is invalid.
 */
export function openPlain({ title, write }: PlainOptions): LiveView {
  let lastSecond = -1;
  let lines = 0;
  let logAtMs = Number.NEGATIVE_INFINITY;
  let logAtLast = new Set<string>();
  const problemsSaid = new Set<InvalidReason>();
  let unsaid: Snapshot | null = null;
  let finished = false;

  const data = (snapshot: Snapshot): void => {
    const columns = snapshot.registrations === null ? COLUMNS : [...COLUMNS, ...REGISTRATION_COLUMNS];
    if (lines % LINES_PER_HEADER === 0) write(headerOf(columns));
    write(columns.map((c) => pad(c.value(snapshot), c.width, 'right')).join(' '));
    lines++;
    unsaid = null;
  };

  const notes = (snapshot: Snapshot): void => {
    for (const entry of snapshot.log) {
      // The log holds the last events again and again; only later ones, or others of the same moment, are new.
      if (entry.atMs < logAtMs || (entry.atMs === logAtMs && logAtLast.has(entry.text))) continue;
      if (entry.atMs > logAtMs) logAtLast = new Set();
      logAtMs = entry.atMs;
      logAtLast.add(entry.text);
      if (entry.level !== 'info') write(`# ${clock(entry.atMs)} ${entry.level}: ${printable(entry.text)}`);
    }
    for (const problem of snapshot.health.problems) {
      if (problemsSaid.has(problem.reason)) continue;
      problemsSaid.add(problem.reason);
      write(`# ${clock(snapshot.atMs)} RUN INVALID: ${printable(problem.observed)}`);
    }
  };

  write(
    `# trunkstorm ${printable(title.version)}  ${printable(title.name)} -> ${printable(title.target)}  seed ${title.seed}`,
  );
  return {
    update(snapshot) {
      if (finished) return;
      notes(snapshot);
      unsaid = snapshot;
      const second = Math.floor(snapshot.atMs / 1000);
      if (second <= lastSecond) return;
      lastSecond = second;
      data(snapshot);
    },
    finish() {
      if (finished) return;
      finished = true;
      if (unsaid) data(unsaid);
    },
  };
}
