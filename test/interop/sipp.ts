import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { EncodedAudio } from '../../src/audio/encoded-audio.js';
import { speechLike } from '../../src/audio/speech.js';
import type { DecodedCodec } from '../../src/core/codecs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { freePort, PROCESS } from './ports.js';

/**
 * A port that SIPp binds for RTP; it takes the one two above it as well. Files of tests go two at a time: each process has a hundred
 * ports of its own.
 */
export const SIPP_MEDIA_PORT = 25_800 + 100 * PROCESS;

/** What SIPp itself counted. */
export interface SippCounts {
  successful: number;
  failed: number;
  retransmissions: number;
  unexpected: number;
}

/** A message of a scenario, over all calls: `sent` and `received` count each copy once, `lost` those that `-lost` dropped. */
export interface MessageBook {
  message: string;
  sent: number;
  received: number;
  lost: number;
}

const running = new Set<Sipp>();
const variants = temporaryFolder();

/** Ends what a test left running. */
export function endSippAfterEach(): void {
  afterEach(async () => {
    for (const sipp of running) await sipp.kill();
  });
}

/** The path of one of our own scenarios. */
export function scenario(name: string): string {
  return fileURLToPath(new URL(`scenarios/${name}.xml`, import.meta.url));
}

/** As `scenario`, with `text` replaced, and likewise `more`: SIPp takes no variable for a status, a file or a codec. */
export function scenarioWith(
  name: string,
  text: string,
  replacement: string,
  more: Readonly<Record<string, string>> = {},
): string {
  let written = readFileSync(scenario(name), 'utf8');
  for (const [what, by] of [[text, replacement], ...Object.entries(more)]) {
    if (!written.includes(what)) throw new Error(`the scenario ${name} has no '${what}'`);
    written = written.replaceAll(what, by);
  }
  const path = join(variants, `${name}-${readdirSync(variants).length}.xml`);
  writeFileSync(path, written);
  return path;
}

/** Writes two seconds of speech-like noise in µ-law, as SIPp plays it, and tells where. */
export function writeSpeech(): string {
  return writePayload('speech.ul', speechLike(5, 2), 'PCMU');
}

/** Writes the payload of audio that has the codec's own sample rate, without any header, and tells where. */
export function writePayload(name: string, samples: Int16Array, codec: DecodedCodec): string {
  const path = join(variants, name);
  writeFileSync(path, EncodedAudio.encode(samples, codec, 20).bytes);
  return path;
}

/** A SIPp process in a folder of its own, with its statistics, errors and message log. */
export class Sipp {
  private readonly folder = temporaryFolder();
  private readonly child: ChildProcess;
  /** SIPp's exit status: 0 when every call succeeded, 1 when at least one failed. */
  readonly ended: Promise<number | null>;

  private constructor(
    readonly port: number,
    args: string[],
  ) {
    // What the scenario's own arguments say of addresses comes later and holds.
    const local = ['-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-nostdin', '-buff_size', '8388608'];
    const traces = ['-trace_stat', '-fd', '1', '-trace_err', '-message_file', 'messages.log'];
    // SIPp says with its exit status when its time was over; a longer one that the arguments give holds.
    const bound = ['-timeout', '90', '-timeout_error'];
    this.child = spawn('sipp', [...local, ...bound, ...args, ...traces, '-error_file', 'errors.log'], {
      stdio: 'ignore',
      cwd: this.folder,
    });
    running.add(this);
    this.ended = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }

  /** Starts a callee and resolves once it listens. It ends by itself after `calls` calls. */
  static async callee(calls: number, args: string[]): Promise<Sipp> {
    const port = await portForSipp();
    const sipp = new Sipp(port, ['-m', String(calls), ...args]);
    while (!isBound(port) && !listens(port)) {
      if (sipp.child.exitCode !== null) throw new Error(`sipp ended with ${sipp.child.exitCode}:\n${sipp.errors()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return sipp;
  }

  /** Starts a caller of `127.0.0.1:target`. */
  static async caller(target: number, calls: number, cps: number, args: string[]): Promise<Sipp> {
    const plan = ['-m', String(calls), '-r', String(cps), '-l', '20000'];
    return new Sipp(await portForSipp(), [...args, `127.0.0.1:${target}`, ...plan]);
  }

  /** It may outlive the test that started it, which then has to end it. */
  inBackground(): this {
    running.delete(this);
    return this;
  }

  /** The last line of its statistics; complete once it has ended. */
  counts(): SippCounts {
    const file = readdirSync(this.folder).find((name) => name.endsWith('_.csv'));
    if (file === undefined) throw new Error(`sipp wrote no statistics:\n${this.errors()}`);
    const [header, ...rows] = readFileSync(join(this.folder, file), 'utf8').trim().split('\n');
    const names = header.split(';');
    const values = (rows.at(-1) ?? '').split(';');
    const value = (name: string): number => {
      if (!names.includes(name)) throw new Error(`sipp's statistics have no ${name}`);
      return Number(values[names.indexOf(name)]);
    };
    return {
      successful: value('SuccessfulCall(C)'),
      failed: value('FailedCall(C)'),
      retransmissions: value('Retransmissions(C)'),
      unexpected: value('FailedUnexpectedMessage(C)'),
    };
  }

  /** Its books, a line for each message of the scenario; needs the option `-trace_counts`. */
  books(): MessageBook[] {
    const file = readdirSync(this.folder).find((name) => name.endsWith('_counts.csv'))!;
    const [header, ...rows] = readFileSync(join(this.folder, file), 'utf8').trim().split('\n');
    const values = rows.at(-1)!.split(';');
    const books = new Map<string, MessageBook>();
    for (const [i, name] of header.split(';').entries()) {
      const match = /^(\d+_\w+)_(Sent|Recv|Retrans|Lost)$/.exec(name);
      if (!match) continue;
      const [, message, figure] = match;
      const book = books.get(message) ?? { message, sent: 0, received: 0, lost: 0 };
      books.set(message, book);
      const count = Number(values[i]);
      if (figure === 'Lost') book.lost = count;
      else if (figure === 'Sent' || (figure === 'Retrans' && book.sent > 0)) book.sent += count;
      else book.received += count;
    }
    return [...books.values()];
  }

  /** All SIP messages that it received and sent, in order; needs the option `-trace_msg`. */
  messages(): { sent: boolean; text: string }[] {
    const log = readFileSync(join(this.folder, 'messages.log'), 'utf8');
    const found: { sent: boolean; text: string }[] = [];
    for (const part of log.split(/^-{20,}.*$/m)) {
      const match = /^(?:UDP|TCP) message (sent|received) .*?\n\n([\s\S]*)$/m.exec(part);
      if (match) found.push({ sent: match[1] === 'sent', text: match[2] });
    }
    return found;
  }

  /** The messages that it received and whose first line matches. */
  received(firstLine: RegExp): string[] {
    return this.messages()
      .filter((message) => !message.sent && firstLine.test(message.text.split(/\r?\n/)[0]))
      .map((message) => message.text);
  }

  errors(): string {
    const path = join(this.folder, 'errors.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await this.ended;
    }
    running.delete(this);
  }
}

/** The value of a header of a message as text. */
export function headerOf(message: string, name: string): string | null {
  return new RegExp(`^${name}:[ \\t]*(.*?)\\r?$`, 'im').exec(message)?.[1] ?? null;
}

/** Datagrams that the kernel dropped at the unconnected socket on a port because its owner did not read in time. */
export function dropsAt(port: number): number {
  const line = socketOf(port);
  if (line === null) throw new Error(`nobody listens on UDP port ${port}`);
  return Number(line.trim().split(/\s+/).at(-1));
}

/** Whether somebody listens on a UDP port. */
export function isBound(port: number): boolean {
  return socketOf(port) !== null;
}

/** SIPp, unlike node, cannot listen where a connection that was closed lately still holds the port. */
async function portForSipp(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (!readFileSync('/proc/net/tcp', 'utf8').includes(`:${hexPort(port)} `)) return port;
  }
}

/** As the kernel lists it. */
function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Whether somebody waits for connections on a TCP port. */
function listens(port: number): boolean {
  return socketOf(port, 'tcp')?.includes(':0000 0A ') ?? false;
}

function socketOf(port: number, protocol: 'udp' | 'tcp' = 'udp'): string | null {
  const unconnected = new RegExp(`:${hexPort(port)} 0+:0000 `);
  return (
    [protocol, `${protocol}6`]
      .flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n'))
      .find((line) => unconnected.test(line)) ?? null
  );
}
