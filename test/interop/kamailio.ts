import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { until } from '../loopback/sip-harness.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { freePort } from './ports.js';

/** No proxy outlives the longest test for long, whatever becomes of it. */
const LIMIT_S = 930;

const running = new Set<Kamailio>();

/** Ends what a test left running. */
export function endKamailioAfterEach(): void {
  afterEach(async () => {
    for (const kamailio of [...running]) await kamailio.stop();
  });
}

/** Where a Kamailio runs, other than at 127.0.0.1. */
export interface Place {
  address: string;
  /** Network namespace; this machine's own where there is none. */
  namespace?: string;
}

/** Kamailio with one of our configurations, in the foreground, at one port for UDP and TCP. */
export class Kamailio {
  private readonly folder = temporaryFolder();
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private log = '';

  private constructor(
    readonly port: number,
    config: string,
    definitions: readonly string[],
    private readonly place: Place = { address: '127.0.0.1' },
  ) {
    const path = fileURLToPath(new URL(`kamailio/${config}.cfg`, import.meta.url));
    const listens = ['udp', 'tcp'].flatMap((protocol) => ['-l', `${protocol}:${place.address}:${port}`]);
    const limits = ['-m', '128', '-M', '4', '-Y', this.folder, '-w', this.folder];
    const defines = definitions.flatMap((name) => ['-A', name]);
    const into = place.namespace === undefined ? [] : ['ip', 'netns', 'exec', place.namespace];
    const args = [
      '-k',
      '5',
      String(LIMIT_S),
      ...into,
      'kamailio',
      '-DD',
      '-E',
      '-f',
      path,
      ...listens,
      ...limits,
      ...defines,
    ];
    this.child = spawn('timeout', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    running.add(this);
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  /** Resolves once it answers. `definitions` are those that the configuration knows. */
  static async start(config: string, ...definitions: string[]): Promise<Kamailio> {
    return new Kamailio(await freePort(), config, definitions).ready();
  }

  static async startAt(place: Place, config: string): Promise<Kamailio> {
    return new Kamailio(await freePort(), config, [], place).ready();
  }

  private async ready(): Promise<this> {
    await until(() => {
      if (this.child.exitCode !== null) throw new Error(`kamailio ended:\n${this.log}`);
      return this.log.includes('ready');
    });
    return this;
  }

  /** To it and all its children; `timeout` has made them a process group. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(-this.child.pid!, signal);
  }

  get uri(): string {
    return `sip:${this.place.address}:${this.port}`;
  }

  /** How many new requests of a method, and such that a Route set brought here, it sent on. Certain once it is stopped. */
  passed(method: string): number {
    return this.lines(`passed ${method}`).length;
  }

  /** How many requests of a method it asked for credentials. Certain once it is stopped. */
  challenged(method: string): number {
    return this.lines(`challenged ${method}`).length;
  }

  /** Requests of a dialog that did not come by its Route set. Certain once it is stopped. */
  get astray(): string[] {
    return this.lines('astray ');
  }

  /** What it could not do, such as for want of memory. Certain once it is stopped. */
  get troubles(): string[] {
    return [...this.lines(' ERROR: '), ...this.lines(' CRITICAL: ')];
  }

  private lines(text: string): string[] {
    return this.log.split('\n').filter((line) => line.includes(text));
  }

  /** Ends it; what it logged is all there then. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
    running.delete(this);
  }
}
