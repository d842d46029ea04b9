import type { Summary } from '../../src/metrics/summary.js';
import { benchRun } from './bench-run.js';
import { cpuBetween, threadTimes } from './cpu.js';

export interface WholeRun {
  /** Calls that ended within the window, per second. */
  callsPerS: number;
  /** CPU a call in µs, of the whole process and of its threads. */
  cpuUsPerCall: { all: number; signalling: number; departures: number; media: number; main: number; v8: number };
  /** Over the whole run, warm-up included. */
  attempted: number;
  failed: number;
  notStarted: number;
  retransmissionsSent: number;
  retransmissionsReceived: number;
  parseErrors: number;
  /** What the run itself says of its own strain. */
  invalid: string[];
}

/** One `benchRun` with its CPU, taken over `seconds` after `warmUpS`, which the compiler needs. */
export async function wholeRun(target: string, cps: number, seconds: number, warmUpS: number): Promise<WholeRun> {
  const threadsBefore = new Set(threadTimes().keys());
  let ended = 0;
  const reading = (): Reading => ({ ended, atMs: performance.now(), threads: threadTimes() });
  let from: Reading | null = null;
  let to: Reading | null = null;
  const summary = await benchRun(target, `{ shape: constant, cps: ${cps}, for: ${warmUpS + seconds + 1}s }`, {
    onTimeline: ({ atMs }) => {
      if (from === null && atMs >= warmUpS * 1000) from = reading();
      else if (from !== null && to === null && performance.now() - from.atMs >= seconds * 1000 - 500) to = reading();
    },
    onRecord: () => {
      ended++;
    },
  });
  if (!from || !to) throw new Error('the run was too short to be measured');
  return measured(from, to, threadsBefore, summary);
}

type Reading = { ended: number; atMs: number; threads: Map<number, number> };

function measured(
  from: Reading,
  to: Reading,
  threadsBefore: ReadonlySet<number>,
  { calls, sip, run }: Summary,
): WholeRun {
  const count = to.ended - from.ended;
  const us = (ids?: readonly number[]): number => (cpuBetween(from.threads, to.threads, ids) * 1000) / count;
  // The order in which a shard starts them.
  const [media, signalling, departures] = [...to.threads.keys()]
    .filter((id) => !threadsBefore.has(id))
    .sort((a, b) => a - b);
  const parts = {
    signalling: us([signalling]),
    departures: us([departures]),
    media: us([media]),
    main: us([process.pid]),
  };
  const all = us();
  return {
    callsPerS: (count * 1000) / (to.atMs - from.atMs),
    cpuUsPerCall: { all, ...parts, v8: all - Object.values(parts).reduce((sum, part) => sum + part) },
    attempted: calls.attempted,
    failed: calls.attempted - calls.completed,
    notStarted: calls.notStarted,
    retransmissionsSent: sip.retransmissionsSent ?? 0,
    retransmissionsReceived: sip.retransmissionsReceived ?? 0,
    parseErrors: sip.parseErrors ?? 0,
    invalid: run.invalidReasons.map(({ reason, observed }) => `${reason} ${observed}`),
  };
}
