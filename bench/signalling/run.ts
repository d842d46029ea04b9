/**
 * Signalling: INVITE/180/200/ACK/BYE/200 over UDP on loopback against SIPp's callee.
 *
 * Usage: npm run bench:signalling [-- <mode> …]
 *   [calls] <calls per second> <seconds>   CPU a call at a rate: the signalling thread, a whole run, SIPp's caller
 *   shards <n> <calls per second> <seconds>   CPU a call at a rate that n signalling threads share, a process each
 *   loop <calls at once> <seconds>         CPU a call as fast as it goes: the signalling thread, each call replaced when it has ended
 *   dialogs <count>                        memory of that many established dialogs
 *   memory <calls per second> <n> <m>      memory after n calls and after m; 20,000 and 200,000 unless said
 *   growth <calls per second>              CPU a call at 100, 1,000 and 10,000 calls at once
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type DialogMemory, dialogMemory, type Memory, type MemoryReading, memoryAfterCalls } from './memory.js';
import { runSippUac, startSippUas, type UasBooks } from './sipp.js';
import { loopCost, type ThreadCost, type ThreadLoad, threadCost } from './thread-rate.js';
import { type WholeRun, wholeRun } from './whole-run.js';

const WARM_UP_S = 5;
/** How src/shard/thread.ts has V8 keep the memory of a signalling thread: here it is the main one. */
const SIGNALLING_THREAD = ['--max-semi-space-size=16', '--no-allocation-site-pretenuring'];
const KB = 1000;
const MB = 1_000_000;

/** What a child process is asked to measure. */
type Task =
  | { kind: 'thread'; target: string; load: ThreadLoad }
  | { kind: 'loop'; target: string; count: number; seconds: number }
  | { kind: 'run'; target: string; cps: number; seconds: number }
  | { kind: 'dialogs'; target: string; count: number }
  | { kind: 'memory'; target: string; cps: number; counts: number[] };

/** Measures in a process of its own, so that nothing inherits the heap or the compiled code of another. */
async function inChild<T>(task: (target: string) => Task): Promise<{ result: T; books: UasBooks }> {
  const { results, books } = await inChildren<T>(1, task);
  return { result: results[0], books };
}

/** Several such processes at the same time, all calling one SIPp. */
async function inChildren<T>(
  count: number,
  task: (target: string) => Task,
): Promise<{ results: T[]; books: UasBooks }> {
  const uas = await startSippUas();
  const args = ['child', JSON.stringify(task(`sip:127.0.0.1:${uas.port}`))];
  const results = await Promise.all(
    Array.from({ length: count }, () => {
      const child = fork(fileURLToPath(import.meta.url), args, {
        execArgv: [...process.execArgv, ...SIGNALLING_THREAD],
      });
      return new Promise<T>((resolve, reject) => {
        child.once('message', (message) => resolve(message as T));
        child.once('exit', (code) => reject(new Error(`the measuring process ended with ${code}`)));
      });
    }),
  );
  return { results, books: await uas.stop() };
}

function measure(task: Task): Promise<unknown> {
  switch (task.kind) {
    case 'thread':
      return threadCost(task.target, task.load);
    case 'loop':
      return loopCost(task.target, task.count, task.seconds, WARM_UP_S);
    case 'run':
      return wholeRun(task.target, task.cps, task.seconds, WARM_UP_S);
    case 'dialogs':
      return dialogMemory(task.target, task.count);
    case 'memory':
      return memoryAfterCalls(task.target, task.cps, task.counts);
    default:
      return task satisfies never;
  }
}

/** No call ended within the window: the run was overwhelmed, and nothing was measured. */
const us = (value: number | null): string => (value === null ? 'not measured' : `${value.toFixed(1)} µs`);

function printBooks(books: UasBooks): void {
  const { failed, retransmissionsSent, retransmissionsReceived, unexpected } = books;
  console.log(
    `    SIPp's callee: ${failed} failed, ${unexpected} unexpected, retransmitted ${retransmissionsSent} sent, ${retransmissionsReceived} received`,
  );
}

async function calls(cps: number, seconds: number): Promise<void> {
  console.log(`${cps} calls/s for ${seconds} s after ${WARM_UP_S} s of warm-up, callee: SIPp`);
  const load = { cps, seconds, warmUpS: WARM_UP_S, holdMs: 0 };
  const alone = await inChild<ThreadCost>((target) => ({ kind: 'thread', target, load }));
  const thread = alone.result;
  console.log(`swarm + drachtio-srf + embedded server in one thread, no media thread`);
  console.log(`    ${us(thread.all)} CPU a call, ${us(thread.thread)} of it in the thread, the rest in V8's own`);
  console.log(
    `    ${thread.callsPerS.toFixed(0)} calls/s; of ${thread.ended} calls ${thread.failed} failed, ${thread.notStarted} not started; retransmitted ${thread.retransmissionsSent} sent, ${thread.retransmissionsReceived} received`,
  );
  printBooks(alone.books);

  const whole = await inChild<WholeRun>((target) => ({ kind: 'run', target, cps, seconds }));
  const run = whole.result;
  const { all, signalling, departures, media, main, v8 } = run.cpuUsPerCall;
  console.log('a whole run, with a port pair and a media session for each call, without RTP, files and screen');
  console.log(
    `    ${us(all)} CPU a call: signalling ${us(signalling)}, departures ${us(departures)}, media ${us(media)}, main ${us(main)}, V8 ${us(v8)}`,
  );
  console.log(
    `    ${run.callsPerS.toFixed(0)} calls/s; of ${run.attempted} calls ${run.failed} failed, ${run.notStarted} not started; retransmitted ${run.retransmissionsSent} sent, ${run.retransmissionsReceived} received`,
  );
  if (run.invalid.length > 0) console.log(`    strained: ${run.invalid.join('; ')}`);
  printBooks(whole.books);

  const uas = await startSippUas();
  const sipp = await runSippUac(uas.port, cps * (seconds + WARM_UP_S), cps);
  const books = await uas.stop();
  const count = sipp.successful + sipp.failed;
  const sippUs = (sipp.cpuMs * 1000) / count;
  console.log("SIPp's caller");
  console.log(
    `    ${us(sippUs)} CPU a call; ${((count * 1000) / sipp.elapsedMs).toFixed(0)} calls/s; of ${count} calls ${sipp.failed} failed; retransmitted ${sipp.retransmissions} sent`,
  );
  printBooks(books);
  console.log(
    `ratio of CPU a call to SIPp: ${(thread.all / sippUs).toFixed(2)} (whole run ${(all / sippUs).toFixed(2)})`,
  );
}

async function shards(count: number, cps: number, seconds: number): Promise<void> {
  console.log(`${cps} calls/s by ${count} threads for ${seconds} s after ${WARM_UP_S} s of warm-up, callee: SIPp`);
  const load = { cps: cps / count, seconds, warmUpS: WARM_UP_S, holdMs: 0 };
  const { results, books } = await inChildren<ThreadCost>(count, (target) => ({ kind: 'thread', target, load }));
  const sum = (of: (cost: ThreadCost) => number): number => results.reduce((total, cost) => total + of(cost), 0);
  const rate = sum(({ callsPerS }) => callsPerS);
  const mean = rate === 0 ? null : sum(({ all, callsPerS }) => all * callsPerS) / rate;
  console.log(
    `    ${us(mean)} CPU a call; ${rate.toFixed(0)} calls/s; of ${sum(({ ended }) => ended)} calls ${sum(({ failed }) => failed)} failed, ${sum(({ notStarted }) => notStarted)} not started; retransmitted ${sum(({ retransmissionsSent }) => retransmissionsSent)} sent, ${sum(({ retransmissionsReceived }) => retransmissionsReceived)} received`,
  );
  printBooks(books);
}

async function loop(count: number, seconds: number): Promise<void> {
  console.log(`${count} calls at once for ${seconds} s after ${WARM_UP_S} s of warm-up, callee: SIPp`);
  const { result, books } = await inChild<ThreadCost>((target) => ({ kind: 'loop', target, count, seconds }));
  const { all, thread, callsPerS, failed, ended, retransmissionsSent, retransmissionsReceived } = result;
  console.log(
    `    ${us(all)} CPU a call, ${us(thread)} of it in the thread; ${callsPerS.toFixed(0)} calls/s; of ${ended} calls ${failed} failed; retransmitted ${retransmissionsSent} sent, ${retransmissionsReceived} received`,
  );
  printBooks(books);
}

async function dialogs(count: number): Promise<void> {
  const { result } = await inChild<DialogMemory>((target) => ({ kind: 'dialogs', target, count }));
  const show = (when: string, { live, rss }: Memory): void =>
    console.log(`  ${when}: ${(live / KB).toFixed(1)} KB alive, ${(rss / KB).toFixed(1)} KB resident`);
  console.log(`${result.dialogs} dialogs established, memory each`);
  show('at once, transactions included', result.atOnce);
  show('35 s later', result.settled);
}

async function memory(cps: number, counts: number[]): Promise<void> {
  const { result, books } = await inChild<MemoryReading[]>((target) => ({ kind: 'memory', target, cps, counts }));
  for (const { calls: count, failed, memory: found } of result)
    console.log(
      `${count} calls (${failed} failed), 40 s after the last BYE: ${(found.live / MB).toFixed(2)} MB alive, ${(found.rss / MB).toFixed(1)} MB resident`,
    );
  printBooks(books);
  const [first, last] = result;
  console.log(`growth: ${((last.memory.live / first.memory.live - 1) * 100).toFixed(1)} %`);
}

/** All cases at the same time, each in its process: whatever else the machine does is the same for all of them. */
async function growth(cps: number, counts: readonly number[]): Promise<void> {
  const results = await Promise.all(
    counts.map((count) => {
      // Each case warms up for as long as the longest fills.
      const load = { cps, seconds: 15, warmUpS: (Math.max(...counts) / cps) * 1.25, holdMs: (count * 1000) / cps };
      return inChild<ThreadCost>((target) => ({ kind: 'thread', target, load }));
    }),
  );
  for (const [i, { result }] of results.entries())
    console.log(
      `${String(counts[i]).padStart(6)} calls at once (${result.established} seen): ${us(result.all)} CPU a call at ${result.callsPerS.toFixed(0)} calls/s, ${result.failed} failed`,
    );
  const costs = results.map(({ result }) => result.all);
  console.log(`highest ÷ lowest: ${(Math.max(...costs) / Math.min(...costs)).toFixed(2)}`);
}

const [mode = 'calls', ...rest] = process.argv.slice(2);
switch (mode) {
  case 'shards':
    await shards(Number(rest[0] ?? 2), Number(rest[1] ?? 4500), Number(rest[2] ?? 10));
    break;
  case 'loop':
    await loop(Number(rest[0] ?? 32), Number(rest[1] ?? 10));
    break;
  case 'dialogs':
    await dialogs(Number(rest[0] ?? 10_000));
    break;
  case 'memory':
    await memory(Number(rest[0] ?? 2000), [Number(rest[1] ?? 20_000), Number(rest[2] ?? 200_000)]);
    break;
  case 'growth':
    await growth(Number(rest[0] ?? 1000), [100, 1000, 10_000]);
    break;
  case 'child':
    process.send!(await measure(JSON.parse(rest[0]) as Task));
    process.disconnect();
    break;
  default: {
    const [cps, seconds] = mode === 'calls' ? rest : [mode, ...rest];
    await calls(Number(cps ?? 4500), Number(seconds ?? 10));
  }
}
