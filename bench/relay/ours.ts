import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RelayResult } from '../../src/run/standalone-relay.js';
import { FAR_ADDRESS, RELAY_ADDRESS } from './load.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The relay as a user starts it, with a static path a call. */
export class OurRelay {
  readonly pid: number;
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly targets: readonly (readonly [number, number])[],
  ) {
    this.pid = child.pid!;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
  }

  /** @param firstPort of the relay: four a call, the RTP ports of both sides and the RTCP ports above */
  static async start(
    calls: number,
    ends: readonly [number, number],
    firstPort: number,
    impairment: string | null,
  ): Promise<OurRelay> {
    const targets = Array.from({ length: calls }, (_, i) => [firstPort + 4 * i, firstPort + 4 * i + 2] as const);
    const paths = targets.flatMap(([a, b]) => [
      '--static',
      `${RELAY_ADDRESS}:${a}=${FAR_ADDRESS}:${ends[0]},${RELAY_ADDRESS}:${b}=${FAR_ADDRESS}:${ends[1]}`,
    ]);
    const more = impairment === null ? [] : ['--impairment', impairment];
    const child = spawn(process.execPath, [MAIN, 'relay', ...paths, ...more, '--json', '--seed', '1'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('close', () => process.off('exit', kill));
    const relay = new OurRelay(child, targets);
    let told = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    while (!told.includes('Ctrl-C')) {
      if (child.exitCode !== null) throw new Error(`the relay ended:\n${told}`);
      await sleep(20);
    }
    return relay;
  }

  /** Ends it; what it says it did. */
  async stop(): Promise<RelayResult> {
    const closed = once(this.child, 'close');
    this.child.kill('SIGINT');
    await closed;
    return JSON.parse(this.output) as RelayResult;
  }
}
