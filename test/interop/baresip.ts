import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { until } from '../loopback/sip-harness.js';
import type { Certificate } from '../support/certificates.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { freePort } from './ports.js';

/** No phone outlives its test for long, whatever becomes of the test. */
const LIMIT_S = 120;
/** `10:0123456789,` */
const NETSTRING = /^(\d+):/;

/** What a phone tells of its own accord. */
export interface PhoneEvent {
  /** As baresip names it: REGISTER_OK, CALL_INCOMING, CALL_ESTABLISHED… */
  type: string;
  peeruri?: string;
  /** Call-ID. */
  id?: string;
  param?: string;
}

/** To a command. */
interface Answer {
  ok: boolean;
  data: string;
}

export interface PhoneOptions {
  /** Address of record with its parameters, such as `sip:alice@127.0.0.1:5060;transport=tcp`. */
  account: string;
  /** Parameters of the account, such as `auth_pass=wonder`. */
  parameters?: readonly string[];
  /** Shown to servers and clients alike. */
  certificate?: Certificate;
  /**
   * A WAV file that it plays in place of what it hears, which it records then: of the rate and channels of its codec, and
   * longer than the call.
   */
  plays?: string;
}

const running = new Set<Phone>();

/** Ends what a test left running. */
export function endPhonesAfterEach(): void {
  afterEach(async () => {
    for (const phone of [...running]) await phone.stop();
  });
}

/** A baresip process that is told what to do, and tells what it sees, over its control connection. */
export class Phone {
  private readonly folder = temporaryFolder();
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private control!: Socket;
  private pending = '';
  private said = '';
  private token = 0;
  private readonly answers = new Map<string, Answer>();
  /** All that it told so far. */
  readonly events: PhoneEvent[] = [];
  /** How many of the events were asked for already, by type. */
  private readonly taken = new Map<string, number>();

  private constructor(
    /** Of UDP and TCP; TLS has the next one. */
    readonly port: number,
    controlPort: number,
    certificate: Certificate | undefined,
    plays: string | undefined,
  ) {
    const codecs = plays === undefined ? ['g711'] : ['g711', 'g722', 'l16', 'opus', 'aufile', 'sndfile'];
    const modules = [...codecs, 'aubridge', 'srtp'].map((name) => `module ${name}.so`);
    const applications = ['menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`);
    const tls = certificate ? [`sip_certificate ${this.file('phone.pem', certificate.cert + certificate.key)}`] : [];
    const config = [
      `sip_listen 127.0.0.1:${port}`,
      ...tls,
      'net_interface 127.0.0.1',
      'module_path /usr/lib/baresip/modules',
      ...modules,
      ...applications,
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
      // What it hears is what it says, unless it plays a file: no sound device is needed.
      'audio_player aubridge,echo',
      plays === undefined ? 'audio_source aubridge,echo' : `audio_source aufile,${plays}`,
      `snd_path ${this.folder}`,
      'audio_alert aubridge,alert',
      'ringback_disabled yes',
      'rtp_ports 28000-28999',
      'call_max_calls 4',
    ];
    this.file('config', `${config.join('\n')}\n`);
    const args = ['--foreground', '-k', '2', String(LIMIT_S), 'baresip', '-4', '-f', this.folder, '-p', this.folder];
    this.child = spawn('timeout', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    running.add(this);
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  /** Resolves once it has its account. */
  static async start({ account, parameters = [], certificate, plays }: PhoneOptions): Promise<Phone> {
    const port = await freePort(2);
    const controlPort = await freePort();
    const phone = new Phone(port, controlPort, certificate, plays);
    while (!(await phone.attach(controlPort))) {
      if (phone.child.exitCode !== null) throw new Error(`baresip ended:\n${phone.said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Not by its file of accounts: what it tells is to be heard from the start.
    await phone.command('uanew', [`<${account}>`, ...parameters].join(';'));
    return phone;
  }

  /** Its answer to a command of its menu, such as `dial`; an error when it cannot. */
  async command(command: string, params?: string): Promise<string> {
    const token = String(++this.token);
    const text = JSON.stringify({ command, params, token });
    this.control.write(`${Buffer.byteLength(text)}:${text},`);
    await this.wait(() => this.answers.has(token));
    const { ok, data } = this.answers.get(token)!;
    if (!ok) throw new Error(`baresip: ${command}: ${data}`);
    return data;
  }

  /** The next event of a type, in the order in which they came. */
  async event(type: string): Promise<PhoneEvent> {
    const nth = this.taken.get(type) ?? 0;
    this.taken.set(type, nth + 1);
    const found = (): PhoneEvent | undefined => this.events.filter((event) => event.type === type)[nth];
    await this.wait(() => found() !== undefined);
    return found()!;
  }

  private wait(condition: () => boolean): Promise<void> {
    return until(
      () => {
        if (this.child.exitCode !== null) throw new Error(`baresip ended:\n${this.said}`);
        return condition();
      },
      () => ({ events: this.events, said: this.said }),
    );
  }

  /** What it heard in its one call, which is over, as a WAV file; only of a phone that plays a file. */
  get recording(): string {
    const found = readdirSync(this.folder).filter((file) => file.endsWith('-dec.wav'));
    if (found.length !== 1) throw new Error(`baresip recorded ${found.length} calls:\n${this.said}`);
    return join(this.folder, found[0]);
  }

  async stop(): Promise<void> {
    this.control?.destroy();
    this.child.kill('SIGTERM');
    await this.ended;
    running.delete(this);
  }

  private file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  private attach(port: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.setEncoding('latin1');
      socket.once('error', () => resolve(false));
      socket.once('connect', () => {
        this.control = socket;
        socket.on('data', (text: string) => this.read(text));
        resolve(true);
      });
    });
  }

  private read(text: string): void {
    this.pending += text;
    for (let head = NETSTRING.exec(this.pending); head !== null; head = NETSTRING.exec(this.pending)) {
      const from = head[0].length;
      const to = from + Number(head[1]);
      if (this.pending.length <= to) return;
      this.take(this.pending.slice(from, to));
      this.pending = this.pending.slice(to + 1);
    }
  }

  private take(text: string): void {
    const message = JSON.parse(text) as PhoneEvent & Answer & { response?: boolean; token: string };
    if (message.response) this.answers.set(message.token, message);
    else this.events.push(message);
  }
}
