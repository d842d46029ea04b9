import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import { until } from '../loopback/sip-harness.js';
import { type Bencoded, bencode, readBencoded } from './bencode.js';
import { freePort } from './ports.js';

/** No relay outlives its test for long, whatever becomes of the test. */
const LIMIT_S = 120;

const running = new Set<RtpEngine>();

/** Ends what a test left running. */
export function endRtpEnginesAfterEach(): void {
  afterEach(async () => {
    for (const engine of [...running]) await engine.stop();
  });
}

/** An rtpengine without its kernel module, which needs no privileges, and a client of its ng protocol. */
export class RtpEngine {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly socket: Socket = createSocket('udp4');
  private log = '';
  private cookie = 0;

  private constructor(
    readonly port: number,
    interfaces: readonly string[],
  ) {
    const daemon = ['--config-file=none', '--foreground', '--log-stderr', '--log-level=6', '--table=-1'];
    const at = interfaces.map((address) => `--interface=${address}`);
    const where = [...at, `--listen-ng=127.0.0.1:${port}`, '--port-min=26000', '--port-max=26999'];
    const args = ['--foreground', '-k', '5', String(LIMIT_S), 'rtpengine', ...daemon, ...where];
    this.child = spawn('timeout', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    running.add(this);
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  /** Resolves once it takes commands. `interfaces` are its addresses, `name/address` where it shall know them by name. */
  static async start(interfaces: readonly string[] = ['127.0.0.1']): Promise<RtpEngine> {
    const engine = new RtpEngine(await freePort(), interfaces);
    await until(() => {
      if (engine.child.exitCode !== null) throw new Error(`rtpengine ended:\n${engine.log}`);
      return engine.log.includes('Startup complete');
    });
    return engine;
  }

  /** Its answer to a command of the ng protocol; an error when it is none of success. */
  async command(command: string, parameters: Record<string, Bencoded> = {}): Promise<Record<string, Bencoded>> {
    const answer = await this.ask(command, parameters);
    if (answer.result !== 'ok' && answer.result !== 'pong') throw new Error(`rtpengine: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Its answer to a command of the ng protocol, whatever it is. */
  async ask(command: string, parameters: Record<string, Bencoded> = {}): Promise<Record<string, Bencoded>> {
    const cookie = `${process.pid}_${++this.cookie}`;
    const answered = once(this.socket, 'message') as Promise<[Buffer]>;
    this.socket.send(`${cookie} ${bencode({ command, ...parameters })}`, this.port, '127.0.0.1');
    const [message] = await answered;
    if (message.toString('latin1', 0, cookie.length + 1) !== `${cookie} `)
      throw new Error(`rtpengine answers something else: ${message}`);
    return readBencoded(message.subarray(cookie.length + 1)) as Record<string, Bencoded>;
  }

  /** Packets that it relayed, RTCP among them, and those that it could not; told once a second. */
  async relayed(): Promise<{ packets: number; errors: number }> {
    const { statistics } = (await this.command('statistics')) as unknown as {
      statistics: { totalstatistics: { relayedpackets: number; relayedpacketerrors: number } };
    };
    const { relayedpackets: packets, relayedpacketerrors: errors } = statistics.totalstatistics;
    return { packets, errors };
  }

  async stop(): Promise<void> {
    this.socket.close();
    this.child.kill('SIGTERM');
    await this.ended;
    running.delete(this);
  }
}
