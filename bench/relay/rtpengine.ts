import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bencodable, type BencodedDictionary, readBencode, writeBencode } from '../../src/relay/ng/bencode.js';
import { FAR_ADDRESS, RELAY_ADDRESS } from './load.js';

/** rtpengine in user space, as the Debian package rtpengine-daemon brings it, with plain calls set up by the ng protocol. */
export class RtpEngine {
  readonly targets: [number, number][] = [];
  private readonly socket = createSocket('udp4');
  private cookie = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
  ) {}

  get pid(): number {
    return this.child.pid!;
  }

  /** `null` where it is not installed. */
  static async start(
    calls: number,
    ends: readonly [number, number],
    firstPort: number,
    ngPort: number,
  ): Promise<RtpEngine | null> {
    const daemon = ['--config-file=none', '--foreground', '--log-stderr', '--log-level=3', '--table=-1'];
    // It takes them at random: pairs would be hard to find among hardly more than are needed.
    const range = [`--port-min=${firstPort}`, `--port-max=${firstPort + 8 * calls + 999}`];
    const child = spawn(
      'rtpengine',
      [...daemon, ...range, `--interface=${RELAY_ADDRESS}`, `--listen-ng=127.0.0.1:${ngPort}`],
      {
        stdio: ['ignore', 'ignore', 'ignore'],
      },
    );
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('close', () => process.off('exit', kill));
    const isThere = await Promise.race([once(child, 'spawn').then(() => true), once(child, 'error').then(() => false)]);
    if (!isThere) return null;
    const engine = new RtpEngine(child, ngPort);
    try {
      while ((await engine.command({ command: 'ping' }, 200)) === null) {
        if (child.exitCode !== null) throw new Error(`rtpengine ended with ${child.exitCode}`);
        await sleep(100);
      }
      for (let call = 0; call < calls; call++) engine.targets.push(await engine.call(call, ends));
      return engine;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.socket.close();
    if (this.child.exitCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await closed;
  }

  /** Sets up one call: the ports that A and B send to. */
  private async call(call: number, [a, b]: readonly [number, number]): Promise<[number, number]> {
    const about = { 'call-id': `bench-${call}`, 'from-tag': 'a' };
    const offered = await this.command({ command: 'offer', ...about, sdp: describe(a) });
    const answered = await this.command({ command: 'answer', ...about, 'to-tag': 'b', sdp: describe(b) });
    // What B is told is where B sends to, and the reverse.
    return [portIn(answered), portIn(offered)];
  }

  private async command(command: Record<string, Bencodable>, timeoutMs = 5000): Promise<BencodedDictionary | null> {
    const cookie = `${process.pid}_${++this.cookie}`;
    const answered = once(this.socket, 'message', { signal: AbortSignal.timeout(timeoutMs) });
    this.socket.send(Buffer.concat([Buffer.from(`${cookie} `), writeBencode(command)]), this.port, '127.0.0.1');
    try {
      const [message] = (await answered) as [Buffer];
      return readBencode(message.subarray(message.indexOf(0x20) + 1)) as BencodedDictionary;
    } catch {
      return null;
    }
  }
}

function describe(port: number): string {
  const lines = [
    'v=0',
    `o=- 1 1 IN IP4 ${FAR_ADDRESS}`,
    's=-',
    `c=IN IP4 ${FAR_ADDRESS}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function portIn(answer: BencodedDictionary | null): number {
  const port = /^m=audio (\d+)/m.exec(String(answer?.get('sdp')))?.[1];
  if (port === undefined)
    throw new Error(`rtpengine gave no port: ${answer?.get('error-reason') ?? 'it does not answer'}`);
  return Number(port);
}
