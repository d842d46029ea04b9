import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { RelayResult } from '../../src/run/standalone-relay.js';
import { Cli, Scratch } from '../support/cli.js';
import { freePort } from './ports.js';

const running = new Set<NgRelayProcess>();

/** Ends what a failed test left running. */
export function endRelaysAfterEach(): void {
  afterEach(async () => {
    for (const relay of running) await relay.stop();
  });
}

/** What became of one packet, as the packet log has it. */
export interface Fate {
  time: number;
  call: string;
  direction: 'aToB' | 'bToA';
  seq: number;
  ts: number;
  ssrc: number;
  fate: string;
  delayMs?: number;
}

/** `trunkstorm relay --ng` as a user starts it, with a log of what it did to each packet. */
export class NgRelayProcess {
  private readonly scratch = new Scratch();
  private readonly program: Cli;

  private constructor(
    readonly port: number,
    impairment: string,
    args: readonly string[],
  ) {
    this.scratch.write('impairment.yaml', impairment);
    const how = ['--no-ui', '--json', '--packet-log', 'packets.ndjson', '--impairment', 'impairment.yaml'];
    this.program = Cli.start(['relay', '--ng', `127.0.0.1:${port}`, ...how, ...args], this.scratch.path);
    running.add(this);
  }

  /** Resolves once it takes commands. `impairment` is YAML. */
  static async start(impairment: string, args: readonly string[]): Promise<NgRelayProcess> {
    const relay = new NgRelayProcess(await freePort(), impairment, args);
    await relay.program.says('ng 127.0.0.1');
    return relay;
  }

  /** Ends it as Ctrl-C does; brings its figures and what became of each packet. */
  async interrupt(): Promise<{ code: number | null; result: RelayResult; fates: Fate[]; notes: string }> {
    this.program.child.kill('SIGINT');
    const code = await this.program.ended;
    const log = readFileSync(join(this.scratch.path, 'packets.ndjson'), 'utf8');
    await this.stop();
    const fates = log
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Fate);
    return { code, result: JSON.parse(this.program.stdout) as RelayResult, fates, notes: this.program.stderr };
  }

  async stop(): Promise<void> {
    if (this.program.child.exitCode === null) this.program.child.kill('SIGKILL');
    await this.program.ended;
    running.delete(this);
  }
}
