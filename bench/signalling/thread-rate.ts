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

/** CPU a call of a swarm with drachtio-srf and the embedded server in this thread, over `seconds` after the warm-up. */
export async function threadCost(target: string, load: ThreadLoad): Promise<ThreadCost> {
  const { cps, warmUpS, seconds, holdMs } = load;
  const thread = new InThread(target, `[{ shape: constant, cps: ${cps}, for: ${warmUpS + seconds + 1}s }]`, holdMs);
  await thread.begin();
  const reading = () => ({ ended: thread.ended, atMs: performance.now(), threads: threadTimes() });
  await sleep(warmUpS * 1000);
  const from = reading();
  await sleep(seconds * 1000);
  const to = reading();
  const established = thread.pulse?.established ?? 0;
  const count = to.ended - from.ended;
  const us = (ids?: readonly number[]): number => (cpuBetween(from.threads, to.threads, ids) * 1000) / count;
  await thread.done;
  await thread.close();
  const { notStarted, sip } = thread.pulse!;
  return {
    callsPerS: (count * 1000) / (to.atMs - from.atMs),
    all: us(),
    thread: us([process.pid]),
    established,
    ended: thread.ended,
    failed: thread.failed,
    notStarted,
    retransmissionsSent: sip!.retransmissionsSent,
    retransmissionsReceived: sip!.retransmissionsReceived,
  };
}
