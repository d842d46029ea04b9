import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiles one of the C programs beside this file into a folder. */
export function compile(folder: string, name: string): string {
  const program = join(folder, name);
  execFileSync('gcc', ['-O2', '-o', program, fileURLToPath(new URL(`${name}.c`, import.meta.url))]);
  return program;
}

/** The echo on a port of 127.0.0.1; it ends with its standard input. */
export async function startEcho(program: string, port: number): Promise<ChildProcess> {
  const echo = spawn(program, [String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(echo.stdout!, 'data');
  return echo;
}
