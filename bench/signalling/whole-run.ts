import type { Run as RunType } from '../../src/run/run.js';
import { built } from './built.js';

const { parseProfile } = await built<typeof import('../../src/profile/read.js')>('profile/read.js');
const { planOf } = await built<typeof import('../../src/run/plan.js')>('run/plan.js');
const { Run } = await built<typeof import('../../src/run/run.js')>('run/run.js');

import { cpuBetween, threadTimes } from './cpu.js';

export interface WholeRun {
  /** Calls that ended within the window, per second. */
  callsPerS: number;
  /** CPU a call in µs, of the whole process and of its threads. */
  cpuUsPerCall: { all: number; signalling: number; media: number; main: number; v8: number };
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

/**
 * One run of the product, all but its files and its screen: `Run` in this thread, the swarm with drachtio-srf and the
 * embedded server in its signalling thread, the media plane in its media thread. Each call has its port pair and its
 * session there, but sends no RTP. CPU is taken over `seconds` after `warmUpS`, which the compiler needs.
 */
export async function wholeRun(target: string, cps: number, seconds: number, warmUpS: number): Promise<WholeRun> {
  const profile = parseProfile(
    `name: bench
target: ${target}
load: [{ shape: constant, cps: ${cps}, for: ${warmUpS + seconds + 1}s }]
calls: { to: service, hold: 0, audio: none, expectAudio: false }
`,
    'bench',
  );
  const threadsBefore = new Set(threadTimes().keys());
  let ended = 0;
  const reading = () => ({ ended, atMs: performance.now(), threads: threadTimes() });
  let from: ReturnType<typeof reading> | null = null;
  let to: ReturnType<typeof reading> | null = null;
  const run = new Run({
    profile,
    id: 'bench',
    version: '0',
    startedAt: new Date(),
    plan: planOf(profile),
    shards: 1,
    rows: [],
    onSnapshot: () => {},
    onTimeline: ({ atMs }) => {
      if (from === null && atMs >= warmUpS * 1000) from = reading();
      else if (from !== null && to === null && performance.now() - from.atMs >= seconds * 1000 - 500) to = reading();
    },
    onRecord: () => {
      ended++;
    },
  });
  const { summary, failure } = await run.execute();
  if (failure) throw failure;
  if (!from || !to) throw new Error('the run was too short to be measured');
  return measured(from, to, threadsBefore, summary);
}

type Reading = { ended: number; atMs: number; threads: Map<number, number> };

function measured(
  from: Reading,
  to: Reading,
  threadsBefore: ReadonlySet<number>,
  { calls, sip, run }: Awaited<ReturnType<RunType['execute']>>['summary'],
): WholeRun {
  const count = to.ended - from.ended;
  const us = (ids?: readonly number[]): number => (cpuBetween(from.threads, to.threads, ids) * 1000) / count;
  // A shard starts its media thread first.
  const [media, signalling] = [...to.threads.keys()].filter((id) => !threadsBefore.has(id)).sort((a, b) => a - b);
  const parts = { signalling: us([signalling]), media: us([media]), main: us([process.pid]) };
  const all = us();
  return {
    callsPerS: (count * 1000) / (to.atMs - from.atMs),
    cpuUsPerCall: { all, ...parts, v8: all - parts.signalling - parts.media - parts.main },
    attempted: calls.attempted,
    failed: calls.attempted - calls.completed,
    notStarted: calls.notStarted,
    retransmissionsSent: sip.retransmissionsSent ?? 0,
    retransmissionsReceived: sip.retransmissionsReceived ?? 0,
    parseErrors: sip.parseErrors ?? 0,
    invalid: run.invalidReasons.map(({ reason, observed }) => `${reason} ${observed}`),
  };
}
