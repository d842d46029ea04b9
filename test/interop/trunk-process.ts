import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import type { TrunkResult } from '../../src/run/standalone-trunk.js';
import { freePort } from './ports.js';
import { isBound } from './sipp.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const running = new Set<TrunkProcess>();

/** Ends what a failed test left running. */
export function endTrunksAfterEach(): void {
  afterEach(async () => {
    for (const trunk of running) await trunk.kill();
  });
}

/** `trunkstorm trunk` as a user starts it: a process of its own, ended by SIGINT, which prints its counters. */
export class TrunkProcess {
  private readonly child: ChildProcess;
  private printed = '';
  private complained = '';
  private readonly ended: Promise<number | null>;

  private constructor(
    readonly port: number,
    args: string[],
  ) {
    this.child = spawn(process.execPath, [MAIN, 'trunk', '--port', String(port), '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.printed += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.complained += text;
    });
    running.add(this);
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve(code)));
  }

  /** Resolves once it takes calls. */
  static async start(args: string[] = []): Promise<TrunkProcess> {
    const port = await freePort();
    const trunk = new TrunkProcess(port, ['--rtp-ports', '22000-23999', ...args]);
    while (!isBound(port)) {
      if (trunk.child.exitCode !== null) throw new Error(`the trunk ended: ${trunk.complained}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return trunk;
  }

  /** It may outlive the test that started it, which then has to end it. */
  inBackground(): this {
    running.delete(this);
    return this;
  }

  /** Ends it as Ctrl-C does; brings its exit status, what it printed, and what it noted on the way beside its counters. */
  async interrupt(): Promise<{ code: number | null; result: TrunkResult; notes: string[] }> {
    this.child.kill('SIGINT');
    const code = await this.ended;
    running.delete(this);
    const notes = this.complained.split('\n').filter((line) => /^#|error|warn/i.test(line));
    return { code, result: JSON.parse(this.printed) as TrunkResult, notes };
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
    await this.ended;
    running.delete(this);
  }
}
