import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporary-folder.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A command line whose arguments need no quoting. */
export function commandLine(args: string): string {
  return `${process.execPath} ${MAIN} ${args}`;
}

/** The program as a user starts it, in a process of its own. */
export class Cli {
  stdout = '';
  stderr = '';
  readonly ended: Promise<number | null>;

  private constructor(readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    child.stdin.on('error', () => {});
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  static start(args: string[], cwd: string): Cli {
    return new Cli(spawn(process.execPath, [MAIN, ...args], { cwd }));
  }

  /** A command of the shell, such as one with a limit or a pipe around the program. */
  static shell(command: string, cwd: string): Cli {
    return new Cli(spawn('bash', ['-c', command], { cwd }));
  }

  /** Resolves once stdout or stderr has the text; the test's own time limit ends a wait in vain. */
  async says(text: string | RegExp): Promise<void> {
    const pattern = typeof text === 'string' ? { test: (s: string) => s.includes(text) } : text;
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      if (this.child.exitCode !== null) {
        // What it wrote last may still be in the pipes.
        const status = await this.ended;
        if (pattern.test(this.stdout) || pattern.test(this.stderr)) return;
        throw new Error(`it ended with status ${status} without saying ${text}:\n${this.stdout}${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Runs the program to its end. */
export async function cli(
  args: string[],
  cwd: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = Cli.start(args, cwd);
  program.child.stdin.end();
  const code = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/**
 * A run to its end. One that other work on this machine held up says so by exit status 4 and proves nothing: it is
 * started again, twice at most, without what it left behind.
 */
export async function untroubled(start: () => Cli, left: string[] = []): Promise<Cli> {
  for (let again = 2; ; again--) {
    const program = start();
    program.child.stdin.end();
    if ((await program.ended) !== 4 || again === 0) return program;
    for (const path of left) rmSync(path, { recursive: true, force: true });
  }
}

/** A folder for one test file, gone with it. */
export class Scratch {
  readonly path = temporaryFolder();

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.path, name), content);
    return name;
  }
}
