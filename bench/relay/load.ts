import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the far ends are, and the relay: addresses of the loopback network that nothing else is bound to; as in rtp-load.c. */
export const FAR_ADDRESS = '127.0.0.8';
export const RELAY_ADDRESS = '127.0.0.9';

/** What the far ends of all calls sent and got. */
export interface Loaded {
  sent: number;
  /** Packets that the system did not take. */
  failed: number;
  received: number;
  delayP50Ms: number;
  delayP99Ms: number;
}

/** Compiles the far ends into a folder. */
export function compileLoad(folder: string): string {
  const program = join(folder, 'rtp-load');
  const source = fileURLToPath(new URL('rtp-load.c', import.meta.url));
  execFileSync('gcc', ['-O2', '-pthread', '-o', program, source]);
  return program;
}

export interface LoadOptions {
  program: string;
  /** Ports that all A sides, and all B sides, send from. */
  ports: readonly [number, number];
  seconds: number;
  /** The relay's ports of each call, side A and side B. */
  targets: readonly (readonly [number, number])[];
  delaysFile?: string;
}

/** Runs the far ends to their end. */
export async function runLoad(options: LoadOptions): Promise<Loaded> {
  const { program, ports, seconds, targets, delaysFile } = options;
  const args = [...ports, seconds].map(String);
  const child: ChildProcess = spawn(program, delaysFile === undefined ? args : [...args, delaysFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin!.end(targets.map(([a, b]) => `${a} ${b}\n`).join(''));
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  const told = output.trim().split('\n').at(-1) ?? '';
  if (!told.startsWith('{')) throw new Error('the far ends told nothing');
  return JSON.parse(told) as Loaded;
}
