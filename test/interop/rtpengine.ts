import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import { until } from '../loopback/sip-harness.js';
import { type Bencoded, bencode, readBencoded } from './bencode.js';
import { freePort } from './ports.js';

/** No relay outlives its test for long, whatever becomes of the test. */
const LIMIT_S = 120;

const running = new Set<Rtpengine>();

/** Ends what a test left running. */
export function endRtpenginesAfterEach(): void {
  afterEach(async () => {
    for (const rtpengine of [...running]) await rtpengine.stop();
  });
}

/** An rtpengine without its kernel module, which needs no privileges, and a client of its ng protocol. */
export class Rtpengine {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly socket: Socket = createSocket('udp4');
  private log = '';
  private cookie = 0;

  private constructor(readonly ngPort: number) {
    const daemon = ['--config-file=none', '--foreground', '--log-stderr', '--log-level=6', '--table=-1'];
    const where = ['--interface=127.0.0.1', `--listen-ng=127.0.0.1:${ngPort}`, '--port-min=26000', '--port-max=26999'];
    const args = ['--foreground', '-k', '5', String(LIMIT_S), 'rtpengine', ...daemon, ...where];
    this.child = spawn('timeout', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    running.add(this);
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  /** Resolves once it takes commands. */
  static async start(): Promise<Rtpengine> {
    const rtpengine = new Rtpengine(await freePort());
    await until(() => {
      if (rtpengine.child.exitCode !== null) throw new Error(`rtpengine ended:\n${rtpengine.log}`);
      return rtpengine.log.includes('Startup complete');
    });
    return rtpengine;
  }

  /** Its answer to a command of the ng protocol; an error when it is none of success. */
  async command(command: string, parameters: Record<string, Bencoded> = {}): Promise<Record<string, Bencoded>> {
    const cookie = `${process.pid}_${++this.cookie}`;
    const answered = once(this.socket, 'message') as Promise<[Buffer]>;
    this.socket.send(`${cookie} ${bencode({ command, ...parameters })}`, this.ngPort, '127.0.0.1');
    const [message] = await answered;
    if (message.toString('latin1', 0, cookie.length + 1) !== `${cookie} `)
      throw new Error(`rtpengine answers something else: ${message}`);
    const answer = readBencoded(message.subarray(cookie.length + 1)) as Record<string, Bencoded>;
    if (answer.result !== 'ok' && answer.result !== 'pong') throw new Error(`rtpengine: ${JSON.stringify(answer)}`);
    return answer;
  }

  async stop(): Promise<void> {
    this.socket.close();
    this.child.kill('SIGTERM');
    await this.ended;
    running.delete(this);
  }
}
