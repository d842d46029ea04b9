import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../test/support/temporary-folder.js';

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

const CLOCK_TICKS_PER_S = 100;

/** CPU time that a process used so far, in ms (Linux). */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_S;
}

/** What SIPp's callee says of itself. */
export interface UasBooks {
  successful: number;
  failed: number;
  /** What it sent again, and what came again. */
  retransmissionsSent: number;
  retransmissionsReceived: number;
  unexpected: number;
}

export interface SippUas {
  port: number;
  pid: number;
  /** Ends it once its calls are over, and reads its books. */
  stop: () => Promise<UasBooks>;
}

/** SIPp's own names: UDP, TCP on one connection, TCP on a connection for each call. */
export type SippTransport = 'u1' | 't1' | 'tn';

/** SIPp's built-in callee on a free port; resolves once it listens. */
export async function startSippUas(transport: SippTransport = 'u1'): Promise<SippUas> {
  const directory = temporaryFolder();
  const port = await freePort();
  const args = ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(port), '-t', transport];
  args.push('-nostdin', '-buff_size', '8388608', '-trace_stat', '-trace_counts', '-fd', '1');
  const child = spawn('sipp', args, { stdio: 'ignore', cwd: directory });
  await listens(port, child, transport === 'u1' ? 'udp' : 'tcp');
  return {
    port,
    pid: child.pid!,
    stop: async () => {
      await stop(child);
      const books = uasBooks(directory);
      return books;
    },
  };
}

/** The last line of one of SIPp's CSV files, by column. */
function lastLine(directory: string, suffix: string): Record<string, number> {
  const file = readdirSync(directory).find((name) => name.endsWith(suffix))!;
  const [header, ...rows] = readFileSync(join(directory, file), 'utf8').trim().split('\n');
  const last = rows[rows.length - 1]?.split(';') ?? [];
  return Object.fromEntries(header.split(';').map((name, i) => [name, Number(last[i])]));
}

function uasBooks(directory: string): UasBooks {
  const totals = lastLine(directory, '_.csv');
  const counts = Object.entries(lastLine(directory, '_counts.csv'));
  const sum = (pattern: RegExp): number =>
    counts.filter(([name]) => pattern.test(name)).reduce((all, [, count]) => all + count, 0);
  return {
    successful: totals['SuccessfulCall(C)'],
    failed: totals['FailedCall(C)'],
    retransmissionsSent: totals['Retransmissions(C)'],
    retransmissionsReceived: sum(/^\d+_(INVITE|ACK|BYE)_Retrans$/),
    unexpected: sum(/_Unexp$/),
  };
}

export interface SippResult {
  successful: number;
  failed: number;
  retransmissions: number;
  /** CPU ms of the SIPp process. */
  cpuMs: number;
  elapsedMs: number;
}

/** Runs SIPp's built-in caller against a port until all calls are done. */
export async function runSippUac(
  port: number,
  calls: number,
  rate: number,
  transport: SippTransport = 'u1',
): Promise<SippResult> {
  const directory = temporaryFolder();
  const local = await freePort();
  const args = ['-sn', 'uac', `127.0.0.1:${port}`, '-i', '127.0.0.1', '-p', String(local), '-t', transport];
  args.push('-m', String(calls), '-r', String(rate), '-l', '20000', '-nostdin', '-buff_size', '8388608');
  if (transport === 'tn') args.push('-max_socket', '10000');
  args.push('-trace_stat', '-fd', '1', '-timeout', '60');
  const started = performance.now();
  const child = spawn('sipp', args, { stdio: 'ignore', cwd: directory });
  let cpu = 0;
  const poll = setInterval(() => {
    try {
      cpu = Math.max(cpu, cpuMs(child.pid!));
    } catch {
      // It has just ended.
    }
  }, 50);
  await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(poll);
  const elapsedMs = performance.now() - started;
  const totals = lastLine(directory, '_.csv');
  return {
    successful: totals['SuccessfulCall(C)'],
    failed: totals['FailedCall(C)'],
    retransmissions: totals['Retransmissions(C)'],
    cpuMs: cpu,
    elapsedMs,
  };
}

/** A soft end, and a hard one when that takes too long. */
function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    const patience = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.once('exit', () => {
      clearTimeout(patience);
      resolve();
    });
    child.kill('SIGUSR1');
  });
}

/** Waits until the kernel lists the port as bound. */
async function listens(port: number, child: ChildProcess, protocol: 'udp' | 'tcp'): Promise<void> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  while (child.exitCode === null && !readFileSync(`/proc/net/${protocol}`, 'utf8').includes(wanted)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (child.exitCode !== null) throw new Error(`sipp ended with ${child.exitCode}`);
}
