import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

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
  /** Ports of 127.0.0.1 that all A sides, and all B sides, send from. */
  ports: readonly [number, number];
  seconds: number;
  /** The relay's ports of each call, side A and side B. */
  targets: readonly (readonly [number, number])[];
  delaysFile?: string;
  /** A second after the first packet, and a second before the last. */
  onSteady(): void;
  onEnding(): void;
}

/** Runs the far ends to their end. */
export async function runLoad(options: LoadOptions): Promise<Loaded> {
  const { program, ports, seconds, targets, delaysFile, onSteady, onEnding } = options;
  const args = [...ports, seconds].map(String);
  const child: ChildProcess = spawn(program, delaysFile === undefined ? args : [...args, delaysFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin!.end(targets.map(([a, b]) => `${a} ${b}\n`).join(''));
  const lines = createInterface({ input: child.stdout! });
  const timers: NodeJS.Timeout[] = [];
  let loaded: Loaded | null = null;
  lines.on('line', (line) => {
    if (line === 'ready') timers.push(setTimeout(onSteady, 1000), setTimeout(onEnding, (seconds - 1) * 1000));
    else loaded = JSON.parse(line) as Loaded;
  });
  await once(child, 'close');
  for (const timer of timers) clearTimeout(timer);
  if (loaded === null) throw new Error('the far ends told nothing');
  return loaded;
}
