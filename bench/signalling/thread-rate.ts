import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, threadTimes } from './cpu.js';
import { InThread } from './in-thread.js';

export interface ThreadCost {
  callsPerS: number;
  /** CPU a call in µs of the whole process: this thread and V8's own for compiling and collecting. */
  all: number;
  thread: number;
  /** Calls that were up at the end of the measurement. */
  established: number;
  /** Over the whole run, warm-up included. */
  ended: number;
  failed: number;
  notStarted: number;
  retransmissionsSent: number;
  retransmissionsReceived: number;
}

export interface ThreadLoad {
  cps: number;
  warmUpS: number;
  seconds: number;
  holdMs: number;
}

/** The same in a closed loop: so many calls at once, each replaced when it has ended. */
export async function loopCost(target: string, count: number, seconds: number, warmUpS: number): Promise<ThreadCost> {
  const thread = new InThread(target, '[{ shape: constant, cps: 1, for: 1h }]', 0);
  await thread.begin();
  thread.keepUp(count);
  const cost = await costOver(thread, seconds, warmUpS);
  thread.stop();
  await thread.done;
  await thread.close();
  return cost;
}

/** CPU a call of a swarm with drachtio-srf and the embedded server in this thread, over `seconds` after the warm-up. */
export async function threadCost(target: string, load: ThreadLoad): Promise<ThreadCost> {
  const { cps, warmUpS, seconds, holdMs } = load;
  const thread = new InThread(target, `[{ shape: constant, cps: ${cps}, for: ${warmUpS + seconds + 1}s }]`, holdMs);
  await thread.begin();
  const cost = await costOver(thread, seconds, warmUpS);
  await thread.done;
  await thread.close();
  return { ...cost, ...books(thread) };
}

async function costOver(thread: InThread, seconds: number, warmUpS: number): Promise<ThreadCost> {
  const reading = () => ({ ended: thread.ended, atMs: performance.now(), threads: threadTimes() });
  await sleep(warmUpS * 1000);
  const from = reading();
  await sleep(seconds * 1000);
  const to = reading();
  const established = thread.pulse?.established ?? 0;
  const count = to.ended - from.ended;
  const us = (ids?: readonly number[]): number => (cpuBetween(from.threads, to.threads, ids) * 1000) / count;
  return {
    callsPerS: (count * 1000) / (to.atMs - from.atMs),
    all: us(),
    thread: us([process.pid]),
    established,
    ...books(thread),
  };
}

/** Of the whole run so far. */
function books({ ended, failed, pulse }: InThread): Omit<ThreadCost, 'callsPerS' | 'all' | 'thread' | 'established'> {
  const { notStarted, sip } = pulse!;
  return {
    ended,
    failed,
    notStarted,
    retransmissionsSent: sip!.retransmissionsSent,
    retransmissionsReceived: sip!.retransmissionsReceived,
  };
}
