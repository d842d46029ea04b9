/**
 * How well a load keeps to its plan: a whole run, all but its files and its screen, against SIPp's callee on loopback. What
 * left is judged by a capture with the kernel's times, beside what the run says of itself.
 *
 * Usage: npm run build && npx tsx bench/load/run.ts [<calls per second> <seconds> [even | poisson]]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.js';
import { KernelTime } from '../../src/core/kernel-time.js';
import { loadLibc } from '../../src/core/libc.js';
import type { Summary } from '../../src/metrics/summary.js';
import { readCapture } from '../../src/pcap/reader.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { benchRun } from '../signalling/bench-run.js';
import { startSippUas } from '../signalling/sipp.js';

/** The first seconds, in which code is compiled, are reported apart. */
const WARM_UP_S = 5;

/** How often the capture's clock is related to the run's: the system's is slewed by ms within a run. */
const RELATE_MS = 200;

/** Brings times of a capture onto the run's clock. */
class CaptureClock {
  private readonly relations: { realMs: number; time: KernelTime }[] = [];
  private readonly timer = setInterval(() => this.relate(), RELATE_MS);

  constructor() {
    this.relate();
  }

  private relate(): void {
    this.relations.push({ realMs: Date.now(), time: new KernelTime(loadLibc()!, systemClock) });
  }

  stop(): void {
    clearInterval(this.timer);
  }

  toRunMs(seconds: number, nanoseconds: number): number {
    const realMs = seconds * 1000 + nanoseconds / 1e6;
    const { time } = this.relations.findLast((relation) => relation.realMs <= realMs) ?? this.relations[0];
    return time.toRunMs(seconds, nanoseconds);
  }
}

interface Attempt {
  callId: string;
  dueMs: number;
  startedMs: number;
}

async function run(target: string, cps: number, seconds: number, arrivals: string) {
  const attempts: Attempt[] = [];
  const load = `{ shape: constant, cps: ${cps}, for: ${seconds}s, arrivals: ${arrivals} }`;
  const summary = await benchRun(target, load, {
    onRecord: ({ sipCallIds, dueMs, startedMs }) => {
      attempts.push({ callId: sipCallIds[0], dueMs, startedMs });
    },
  });
  attempts.sort((a, b) => a.dueMs - b.dueMs);
  return { summary, attempts };
}

/** When the first INVITE of each call left, by Call-ID, in ms of the run's clock. */
async function invitesOf(file: string, clock: CaptureClock): Promise<Map<string, number>> {
  const invites = new Map<string, number>();
  await readCapture(file, ({ bytes, start, end, seconds, nanoseconds }) => {
    const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
    if (!text.includes('INVITE sip:')) return;
    const callId = /\r\nCall-ID: *([^\r]+)/i.exec(text)?.[1];
    if (callId !== undefined && !invites.has(callId)) invites.set(callId, clock.toRunMs(seconds!, nanoseconds));
  });
  return invites;
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [p50, p99, max] = [quantile(sorted, 0.5), quantile(sorted, 0.99), sorted.at(-1)!];
  return `p50 ${p50.toFixed(2)}   p99 ${p99.toFixed(2)}   max ${max.toFixed(2)} ms   (${values.length} attempts)`;
}

/** The rates of so many events from the first to the last. */
const rate = (times: readonly number[]): number => ((times.length - 1) * 1000) / (times.at(-1)! - times[0]);

function report({ load, calls, run: own }: Summary, attempts: readonly Attempt[], invites: Map<string, number>): void {
  const late = load.scheduleErrorMs!;
  console.log(
    `the run itself:  planned ${load.plannedCps} cps, started ${load.startedCps} (${(load.startedRatio! * 100).toFixed(3)} %)   not started ${calls.notStarted}   valid ${own.valid}`,
  );
  console.log(`    due → started: p50 ${late.p50}   p99 ${late.p99}   max ${late.max} ms, the first seconds included`);
  const warm = attempts.filter(({ dueMs }) => dueMs - attempts[0].dueMs >= WARM_UP_S * 1000);
  console.log(`    due → started after ${WARM_UP_S} s: ${spread(warm.map((a) => a.startedMs - a.dueMs))}`);
  const sent = warm.flatMap(({ callId, dueMs }) => {
    const wireMs = invites.get(callId);
    return wireMs === undefined ? [] : [{ dueMs, wireMs }];
  });
  // Times of records count from the run's start.
  const fastest = Math.min(...sent.map(({ dueMs, wireMs }) => wireMs - dueMs));
  const wire = sent.map(({ wireMs }) => wireMs).sort((a, b) => a - b);
  const due = sent.map(({ dueMs }) => dueMs);
  console.log(
    `the capture, after ${WARM_UP_S} s:  planned ${rate(due).toFixed(2)} cps, on the wire ${rate(wire).toFixed(2)} (${((rate(wire) / rate(due)) * 100).toFixed(3)} %)`,
  );
  console.log(`    due → wire, over the fastest: ${spread(sent.map((s) => s.wireMs - s.dueMs - fastest))}`);
  const perSecond = (times: readonly number[]): number[] => {
    const counts: number[] = [];
    for (const t of times)
      counts[Math.floor((t - times[0]) / 1000)] = (counts[Math.floor((t - times[0]) / 1000)] ?? 0) + 1;
    return counts.slice(0, -1);
  };
  const planned = perSecond(due);
  const offered = perSecond(wire);
  const off = planned.map((n, second) => Math.abs((offered[second] ?? 0) / n - 1));
  console.log(`    worst second: ${(Math.max(...off) * 100).toFixed(2)} % off its plan, of ${off.length}`);
}

const [cps, seconds, arrivals = 'even'] = process.argv.slice(2);
const uas = await startSippUas();
const directory = temporaryFolder();
const file = join(directory, 'invites.pcap');
const capture = spawn('dumpcap', ['-q', '-i', 'lo', '-f', `udp dst port ${uas.port}`, '-B', '64', '-w', file], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
// It says so when it captures.
await once(capture.stderr, 'data');
capture.stderr.resume();
const count = Number(cps ?? 1000);
console.log(`${count} calls/s, ${arrivals}, for ${seconds ?? 20} s, callee: SIPp`);
const clock = new CaptureClock();
const { summary, attempts } = await run(`sip:127.0.0.1:${uas.port}`, count, Number(seconds ?? 20), arrivals);
clock.stop();
await uas.stop();
const ended = once(capture, 'exit');
capture.kill('SIGINT');
await ended;
report(summary, attempts, await invitesOf(file, clock));
