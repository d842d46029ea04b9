import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { afterEach } from 'vitest';
import { freePort } from './ports.js';

/** None outlives its test for long, whatever becomes of the test. */
const LIMIT_S = 120;

/** What the control protocol carries. */
type Value = string | number | Value[] | { [key: string]: Value };

const running = new Set<RtpEngine>();

/** Ends what a test left running. */
export function endRtpEnginesAfterEach(): void {
  afterEach(async () => {
    for (const engine of [...running]) await engine.stop();
  });
}

/** rtpengine in userspace, told what to do over its `ng` control port. */
export class RtpEngine {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private log = '';
  private cookie = 0;

  private constructor(readonly port: number) {
    const args = [
      ...['--table=-1', '--foreground', '--log-stderr', '--log-level=5', '--num-threads=2'],
      ...['--interface=127.0.0.1', `--listen-ng=127.0.0.1:${port}`, '--port-min=25000', '--port-max=25199'],
    ];
    this.child = spawn('timeout', ['-k', '5', String(LIMIT_S), 'rtpengine', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    running.add(this);
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  /** Resolves once it answers. */
  static async start(): Promise<RtpEngine> {
    const engine = new RtpEngine(await freePort());
    while ((await engine.ask({ command: 'ping' }).catch(() => null)) === null)
      if (engine.child.exitCode !== null) throw new Error(`rtpengine ended:\n${engine.log}`);
    return engine;
  }

  /** Packets that it relayed, RTCP among them, and those that it could not; told once a second. */
  async relayed(): Promise<{ packets: number; errors: number }> {
    const { statistics } = (await this.ask({ command: 'statistics' })) as {
      statistics: { totalstatistics: { relayedpackets: number; relayedpacketerrors: number } };
    };
    const { relayedpackets: packets, relayedpacketerrors: errors } = statistics.totalstatistics;
    return { packets, errors };
  }

  /** Its answer to a command: a cookie, a blank, and a dictionary in bencode, both ways. Rejects after a second. */
  private ask(command: Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      const socket = createSocket('udp4');
      const timer = setTimeout(() => settle(() => reject(new Error(`rtpengine does not answer:\n${this.log}`))), 1000);
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        socket.close(then);
      };
      socket.once('error', (error) => settle(() => reject(error)));
      socket.once('message', (message) => {
        const text = message.toString('latin1');
        settle(() => resolve(new Decoder(text.slice(text.indexOf(' ') + 1)).value()));
      });
      socket.connect(this.port, '127.0.0.1', () => socket.send(`${++this.cookie} ${encode(command)}`));
    });
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
    running.delete(this);
  }
}

function encode(value: Value): string {
  if (typeof value === 'number') return `i${value}e`;
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`;
  if (Array.isArray(value)) return `l${value.map(encode).join('')}e`;
  const entries = Object.entries(value).map(([key, member]) => encode(key) + encode(member));
  return `d${entries.join('')}e`;
}

class Decoder {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): Value {
    switch (this.text[this.at]) {
      case 'i':
        this.at++;
        return Number(this.until('e'));
      case 'l':
        return this.members();
      case 'd': {
        const members = this.members();
        const dictionary: { [key: string]: Value } = {};
        for (let i = 0; i + 1 < members.length; i += 2) dictionary[String(members[i])] = members[i + 1];
        return dictionary;
      }
      default: {
        const length = Number(this.until(':'));
        this.at += length;
        return this.text.slice(this.at - length, this.at);
      }
    }
  }

  private members(): Value[] {
    this.at++;
    const members: Value[] = [];
    while (this.text[this.at] !== 'e') {
      if (this.at >= this.text.length) throw new Error('bencode ends within a list');
      members.push(this.value());
    }
    this.at++;
    return members;
  }

  private until(end: string): string {
    const from = this.at;
    this.at = this.text.indexOf(end, from) + 1;
    if (this.at === 0) throw new Error(`bencode without ${end}`);
    return this.text.slice(from, this.at - 1);
  }
}
