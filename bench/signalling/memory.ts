import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { InThread } from './in-thread.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are alive after a full collection, and those that the system gave this process. */
export interface Memory {
  live: number;
  rss: number;
}

function memory(): Memory {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { live: heapUsed + external, rss };
}

/** What the first calls leave behind, code and caches, is no part of a dialog. */
async function warmUp(target: string): Promise<void> {
  const thread = new InThread(target, '[{ shape: constant, cps: 500, for: 4s }]', 0);
  await thread.begin();
  await thread.done;
  await thread.close();
}

export interface DialogMemory {
  dialogs: number;
  /** Bytes for each of them, while the transactions of their INVITEs are still kept (timer M). */
  atOnce: Memory;
  /** The same when those are over. */
  settled: Memory;
}

/** Establishes `count` dialogs and holds them. */
export async function dialogMemory(target: string, count: number): Promise<DialogMemory> {
  await warmUp(target);
  const before = memory();
  const thread = new InThread(target, `[{ shape: constant, cps: 500, for: ${count / 500}s }]`, 600_000);
  await thread.begin();
  while ((thread.pulse?.established ?? 0) < count) await sleep(100);
  const each = (now: Memory): Memory => ({
    live: (now.live - before.live) / count,
    rss: (now.rss - before.rss) / count,
  });
  const atOnce = each(memory());
  await sleep(35_000);
  const settled = each(memory());
  const dialogs = thread.pulse!.established;
  thread.stop();
  await thread.done;
  await thread.close();
  return { dialogs, atOnce, settled };
}

/** Longer than timer M, with which the last transactions end. */
const REST_S = 40;

/** Calls so far, and memory 40 s after the last BYE. */
export interface MemoryReading {
  calls: number;
  failed: number;
  memory: Memory;
}

/** Places `counts` calls in turn and looks at the memory after each rest. */
export async function memoryAfterCalls(
  target: string,
  cps: number,
  counts: readonly number[],
): Promise<MemoryReading[]> {
  const stages = counts.flatMap((count, i) => [
    `{ shape: constant, cps: ${cps}, for: ${(count - (counts[i - 1] ?? 0)) / cps}s }`,
    `{ shape: concurrent, calls: 0, for: ${REST_S + 10}s }`,
  ]);
  const thread = new InThread(target, `[${stages.join(', ')}, { shape: constant, cps: 1, for: 1s }]`, 0);
  const readings: MemoryReading[] = [];
  await thread.begin();
  for (const count of counts) {
    while (thread.ended + (thread.pulse?.notStarted ?? 0) < count) await sleep(100);
    await sleep(REST_S * 1000);
    readings.push({ calls: thread.ended, failed: thread.failed, memory: memory() });
  }
  await thread.done;
  await thread.close();
  return readings;
}
