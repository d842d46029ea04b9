import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compile, startEcho } from './far-end.js';
import { FIRST_RTP_PORT, runMediaThread } from './media-thread.js';

/** How many of the streams are captured. */
const CAPTURED = 50;
const SIPP_CALLER_PORT = 5671;
const SIPP_CALLEE_PORT = 5670;
const SIPP_MEDIA_PORT = 30_600;
const SIPP_ECHO_PORT = 30_700;
const SIPP_CALLS_A_SECOND = 250;
/** SIPp numbers its streams from here on. */
const SIPP_FIRST_SSRC = 0xca110000;
/** Between the last call and the capture. */
const SETTLE_S = 2;
/** SSRC of an RTP packet over UDP, as a capture filter reads it. */
const SSRC = 'udp[16:4]';

export interface JitterOptions {
  calls: number;
  seconds: number;
  rounds: number;
  tickMs: number;
  /** Port of the far end on 127.0.0.1. */
  port: number;
}

interface Seen {
  streams: number;
  packets: number;
  lost: number;
  /** Over the streams: the mean of their means, the worst of their means, and the largest values of any packet. */
  meanJitterMs: number;
  worstMeanJitterMs: number;
  maxJitterMs: number;
  maxDeltaMs: number;
}

/** What tshark says of the streams that are captured within so many seconds. Throws when the capture missed a packet. */
async function capture(folder: string, filter: string, port: number, seconds: number): Promise<Seen> {
  const file = join(folder, 'jitter.pcapng');
  const dumpcap = spawn(
    'dumpcap',
    ['-i', 'lo', '-s', '96', '-B', '64', '-a', `duration:${seconds}`, '-f', filter, '-w', file],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let told = '';
  dumpcap.stderr!.on('data', (text: Buffer) => (told += text.toString()));
  await once(dumpcap, 'close');
  const dropped = /received\/dropped on interface .*?: \d+\/(\d+)/.exec(told)?.[1];
  if (dropped !== '0') throw new Error(`the capture is not complete: ${told.trim().split('\n').at(-1)}`);
  const text = execFileSync('tshark', ['-r', file, '-q', '-d', `udp.port==${port},rtp`, '-z', 'rtp,streams'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return read(text);
}

/** Reads the table of `-z rtp,streams`. */
function read(text: string): Seen {
  const row =
    /0x[0-9A-F]{8}\s+\S+\s+(\d+)\s+(-?\d+) \(.*?%\)\s+[\d.]+\s+[\d.]+\s+([\d.]+)\s+[\d.]+\s+([\d.]+)\s+([\d.]+)/;
  const rows = text.split('\n').flatMap((line) => {
    const match = row.exec(line);
    return match ? [match.slice(1).map(Number)] : [];
  });
  const means = rows.map(([, , , mean]) => mean);
  return {
    streams: rows.length,
    packets: rows.reduce((sum, [packets]) => sum + packets, 0),
    lost: rows.reduce((sum, [, lost]) => sum + lost, 0),
    meanJitterMs: means.reduce((sum, mean) => sum + mean, 0) / rows.length,
    worstMeanJitterMs: Math.max(...means),
    maxJitterMs: Math.max(...rows.map(([, , , , max]) => max)),
    maxDeltaMs: Math.max(...rows.map(([, , delta]) => delta)),
  };
}

async function ours(folder: string, { calls, seconds, tickMs, port }: JitterOptions): Promise<Seen> {
  const step = Math.max(1, Math.floor(calls / CAPTURED));
  const sources = Array.from(
    { length: Math.min(CAPTURED, calls) },
    (_, i) => `src port ${FIRST_RTP_PORT + 2 * i * step}`,
  );
  const filter = `udp and dst port ${port} and (${sources.join(' or ')})`;
  let seen: Promise<Seen> | null = null;
  await runMediaThread({
    calls,
    seconds: seconds + SETTLE_S,
    tickMs,
    driver: 'native',
    port,
    sharedPorts: false,
    onSteady: () => {
      seen = capture(folder, filter, port, seconds);
      // Told when it is waited for.
      seen.catch(() => {});
    },
  });
  return seen!;
}

function sipp(args: readonly string[]): ChildProcess {
  const common = ['-i', '127.0.0.1', '-mi', '127.0.0.1', '-nostdin'];
  return spawn('sipp', [...args, ...common], { stdio: 'ignore' });
}

async function sipps(folder: string, { calls, seconds }: JitterOptions): Promise<Seen> {
  const audio = join(folder, 'audio.ul');
  // A minute of it: what is in it matters to nobody.
  writeFileSync(audio, new Uint8Array(480_000).fill(0xd5));
  const rampS = Math.ceil(calls / SIPP_CALLS_A_SECOND);
  const scenario = join(folder, 'caller.xml');
  const text = readFileSync(new URL('rtp-stream-caller.xml', import.meta.url), 'utf8');
  const pauseMs = (rampS + SETTLE_S + seconds + SETTLE_S) * 1000;
  writeFileSync(scenario, text.replaceAll('AUDIO_FILE', audio).replaceAll('PAUSE_MS', String(pauseMs)));
  const count = String(calls);
  const port = SIPP_ECHO_PORT;
  const callee = sipp(['-sn', 'uas', '-rtp_echo', '-p', String(SIPP_CALLEE_PORT), '-mp', String(port), '-m', count]);
  await sleep(500);
  const caller = sipp([
    ...[
      '-sf',
      scenario,
      `127.0.0.1:${SIPP_CALLEE_PORT}`,
      '-p',
      String(SIPP_CALLER_PORT),
      '-mp',
      String(SIPP_MEDIA_PORT),
    ],
    ...['-r', String(SIPP_CALLS_A_SECOND), '-m', count, '-l', count],
  ]);
  try {
    await sleep((rampS + SETTLE_S) * 1000);
    const step = Math.max(1, Math.floor(calls / CAPTURED));
    const chosen = `(${SSRC} - ${SIPP_FIRST_SSRC}) % ${step} = 0 and ${SSRC} < ${SIPP_FIRST_SSRC + step * CAPTURED}`;
    return await capture(folder, `udp and dst port ${port} and ${chosen}`, port, seconds);
  } finally {
    caller.kill('SIGKILL');
    callee.kill('SIGKILL');
    await Promise.all([caller, callee].map((child) => child.exitCode ?? child.signalCode ?? once(child, 'close')));
  }
}

function line(name: string, seen: Seen): string {
  return [
    name.padEnd(22),
    `${seen.streams} streams, ${seen.packets} packets, ${seen.lost} lost`.padEnd(40),
    `mean jitter ${seen.meanJitterMs.toFixed(3)} ms`,
    `worst stream ${seen.worstMeanJitterMs.toFixed(3)} ms`,
    `max ${seen.maxJitterMs.toFixed(2)} ms`,
    `max delta ${seen.maxDeltaMs.toFixed(1)} ms`,
  ].join('  ');
}

/** Interarrival jitter at the receiver as tshark sees it: our calls beside as many of SIPp's rtp_stream, in turn. */
export async function measureJitter(folder: string, options: JitterOptions): Promise<void> {
  const { calls, seconds, rounds, port } = options;
  console.log(
    `${calls} calls of 172 bytes each 20 ms, ${CAPTURED} of them captured for ${seconds} s at the far end's port`,
  );
  const echo = await startEcho(compile(folder, 'udp-echo'), port);
  for (let round = 0; round < rounds; round++) {
    console.log(line('trunkstorm', await ours(folder, options)));
    console.log(line('SIPp rtp_stream', await sipps(folder, options)));
  }
  echo.stdin!.end();
}
