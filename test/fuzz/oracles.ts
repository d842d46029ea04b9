import type { Link } from './links.js';
import type { Fuel } from './messages.js';
import { type Rig, settle } from './rig.js';

/** What no message may bring about; `inputs` are those that did, as binary text. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly inputs: readonly string[],
  ) {
    super(message);
  }
}

/** A response repeats what its request names itself by, and adds at most so much: Contact, tag, SDP and reason. */
const ANSWER_BYTES = 640;
/** Names of headers are written in full, and a line ends with CRLF. */
const ANSWER_BYTES_A_LINE = 8;
/** CPU time for one chunk, which takes some milliseconds; only a loop out of hand takes longer. */
const STALL_CPU_MS = 3000;
/** An answer that is late is there by then. */
const LATE_MS = 500;

/** Sends chunks and holds the server to what it may do about them. */
export class Ledger {
  bytesIn = 0;
  slowestCpuMs = 0;
  /** What was wrong with a chunk when it was sent first, and not when it was sent again. */
  readonly seenOnce: Failure[] = [];

  constructor(private readonly rig: Rig) {}

  async check(link: Link, fuel: Fuel): Promise<void> {
    const complaint = await this.judge(link, fuel);
    if (complaint === null) return;
    // An answer to what was sent before may have come late, on a busy machine: what is wrong with these is so again. But a
    // fault may also need what was there before, so it is kept and shown.
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    const again = await this.judge(link, fuel);
    if (again !== null) throw new Failure(again, fuel.texts);
    this.seenOnce.push(new Failure(`${link.name}: ${complaint}`, fuel.texts));
  }

  /** Sends a chunk; tells where more came back than is due. @throws Failure for whatever else is wrong */
  private async judge(link: Link, { kind, texts }: Fuel): Promise<string | null> {
    const { tap } = this.rig;
    const { responses, responseBytes, requests } = tap;
    const probes = link.probes;
    const cpu = process.cpuUsage();
    try {
      await link.send(texts);
      await settle();
    } catch (error) {
      throw new Failure((error as Error).message, texts);
    }
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000;
    this.slowestCpuMs = Math.max(this.slowestCpuMs, cpuMs);
    this.checkFailures(texts);
    if (cpuMs > STALL_CPU_MS) throw new Failure(`a chunk took ${Math.round(cpuMs)} ms of CPU time`, texts);

    let due = 0;
    let dueBytes = 0;
    for (const text of texts) {
      const count = link.isStream ? allowanceOfStream(text) : allowance(text);
      due += count;
      dueBytes += count * (text.length + ANSWER_BYTES + ANSWER_BYTES_A_LINE * text.split('\n').length);
      this.bytesIn += text.length;
    }
    const asked = link.probes - probes;
    const drawn = tap.responses - responses - asked;
    const drawnBytes = tap.responseBytes - responseBytes - asked * 2 * ANSWER_BYTES;
    if (drawn > due) return `${drawn} responses where ${due} are due at most (${kind})`;
    if (drawnBytes > dueBytes) return `${drawnBytes} bytes of responses where ${dueBytes} are due (${kind})`;
    const own = tap.requests - requests;
    return kind === 'strays' && own > 0 ? `stray responses or ACKs drew ${own} requests` : null;
  }

  checkFailures(texts: readonly string[]): void {
    const [first] = this.rig.failures;
    if (first !== undefined) throw new Failure(first, texts);
  }

  /** After every timer ran out nothing may be left. */
  checkEmpty(): void {
    this.checkFailures([]);
    const { transactions, dialogs } = this.rig.stats;
    if (transactions > 0 || dialogs > 0)
      throw new Failure(`${transactions} transactions and ${dialogs} dialogs never ended`, []);
  }

  /** After the last peer has gone no connection may be left. */
  async checkConnections(): Promise<void> {
    for (let turns = 0; turns < 200 && this.rig.stats.streams.open > 0; turns++) await settle();
    const { open } = this.rig.stats.streams;
    if (open > 0) throw new Failure(`${open} connections are left`, []);
  }
}

/**
 * How many responses a datagram may draw at once: an INVITE 100, one provisional and the final one; BYE, CANCEL and PRACK
 * their own and the one that they set free for the INVITE; other requests one; ACKs and responses none.
 */
function allowance(text: string): number {
  const first = /^[\s\0]*(\S*)/.exec(text)![1];
  if (/^SIP\//i.test(first) || first === 'ACK') return 0;
  if (first === 'INVITE') return 3;
  return first === 'BYE' || first === 'CANCEL' || first === 'PRACK' ? 2 : 1;
}

/** On a stream the body of a message with a wrong length may be further messages. */
function allowanceOfStream(text: string): number {
  const starts = [...text.matchAll(/^\S+ .* SIP\/2\.0\s*$/gm)];
  return starts.slice(1).reduce((sum, [start]) => sum + allowance(start), allowance(text));
}
