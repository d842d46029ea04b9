import type { Transport } from './transport.js';

const PAGE_BYTES = 4096;
const SLAB_PAGES = 64;
/** Before each message: when (f64), its length (u32), the way that it took (u8), whether we sent it (u8). */
const HEADER_BYTES = 14;
const LENGTH_AT = 8;
const WAY_AT = 12;
const SENT_AT = 13;
/** In place of `sent`: the page has no further message. */
const END = 2;
/** Stands for the length of a message that fits into no page. */
const LARGE = 0xffff_ffff;

/** Of a call at most so many messages and bytes are kept; beyond them its first ones and its last ones stay. */
const MOST_MESSAGES = 64;
const MOST_BYTES = 64 * 1024;
const FIRST_MESSAGES = 16;
const LAST_MESSAGES = 32;
/** A message takes one of so many ways at most: a call has one or two. */
const MOST_WAYS = 16;

/** Pages, and logs that ended, to be used again: the garbage collector has nothing to move or to free then. */
export class LogPool {
  private readonly pages: Buffer[] = [];
  private readonly logs: MessageLog[] = [];
  /** What logs hold now. */
  bytesInUse = 0;

  /** An empty log. */
  takeLog(): MessageLog {
    return this.logs.pop() ?? new MessageLog(this);
  }

  giveLog(log: MessageLog): void {
    log.clear();
    this.logs.push(log);
  }

  takePage(): Buffer {
    this.bytesInUse += PAGE_BYTES;
    const page = this.pages.pop();
    if (page) return page;
    const slab = Buffer.allocUnsafeSlow(PAGE_BYTES * SLAB_PAGES);
    for (let at = 0; at < slab.length; at += PAGE_BYTES) this.pages.push(slab.subarray(at, at + PAGE_BYTES));
    return this.pages.pop()!;
  }

  givePage(page: Buffer): void {
    this.bytesInUse -= PAGE_BYTES;
    this.pages.push(page);
  }
}

/** A message that was noted. `bytes`: a character for each byte. */
export interface LoggedMessage {
  atMs: number;
  sent: boolean;
  transport: Transport;
  address: string;
  port: number;
  bytes: string;
}

/**
 * The messages of one call, copied one after the other into pages: that costs less than to hold on to the objects that
 * they are, which the garbage collector would move and mark for as long as the call is up.
 */
export class MessageLog {
  /** The calls that were begun before and after this one, by which the book finds its oldest. */
  callId = '';
  older: MessageLog | null = null;
  newer: MessageLog | null = null;
  /** Messages that were given up. */
  leftOut = 0;
  /** When the first message was noted, and the first 100. */
  firstMs: number | null = null;
  tryingMs: number | null = null;
  private count = 0;
  private bytes = 0;
  // Lists keep their length from call to call, for emptying one costs a new one: their counts say how much of them holds.
  private readonly ackMs: number[] = [];
  private acks = 0;
  private readonly pages: Buffer[] = [];
  private pageCount = 0;
  private page: Buffer | null = null;
  private used = 0;
  private large: string[] | null = null;
  /** The ways that messages took, by column. */
  private readonly transports: Transport[] = [];
  private readonly addresses: string[] = [];
  private readonly ports: number[] = [];
  private wayCount = 0;

  constructor(private readonly pool: LogPool) {}

  add(atMs: number, sent: boolean, transport: Transport, address: string, port: number, data: Buffer | string): void {
    const { length } = data;
    if (this.count >= MOST_MESSAGES || (this.bytes + length > MOST_BYTES && this.count > 1)) this.shorten(length);
    this.append(atMs, sent, this.way(transport, address, port), data);
    if (this.firstMs === null) this.firstMs = atMs;
    else if (isAck(data)) {
      if (this.acks < MOST_MESSAGES) this.ackMs[this.acks++] = atMs;
    } else if (this.tryingMs === null && isTrying(data)) this.tryingMs = atMs;
  }

  private append(atMs: number, sent: boolean, way: number, data: Buffer | string): void {
    const { length } = data;
    const isLarge = length > PAGE_BYTES - HEADER_BYTES;
    this.count++;
    this.bytes += length;
    const page = this.room(isLarge ? HEADER_BYTES : HEADER_BYTES + length);
    const at = this.used;
    page.writeDoubleLE(atMs, at);
    page.writeUInt32LE(isLarge ? LARGE : length, at + LENGTH_AT);
    page[at + WAY_AT] = way;
    page[at + SENT_AT] = sent ? 1 : 0;
    this.used += HEADER_BYTES;
    if (isLarge) {
      this.large ??= [];
      this.pool.bytesInUse += length;
      this.large.push(typeof data === 'string' ? data : data.toString('latin1'));
      return;
    }
    if (typeof data === 'string') page.write(data, this.used, length, 'latin1');
    else page.set(data, this.used);
    this.used += length;
  }

  messages(): LoggedMessage[] {
    const found: LoggedMessage[] = [];
    let larges = 0;
    for (const page of this.pages.slice(0, this.pageCount)) {
      const end = page === this.page ? this.used : PAGE_BYTES;
      let at = 0;
      while (at + HEADER_BYTES <= end && page[at + SENT_AT] !== END) {
        const length = page.readUInt32LE(at + LENGTH_AT);
        const way = page[at + WAY_AT];
        const from = at + HEADER_BYTES;
        const isLarge = length === LARGE;
        found.push({
          atMs: page.readDoubleLE(at),
          sent: page[at + SENT_AT] === 1,
          transport: this.transports[way],
          address: this.addresses[way],
          port: this.ports[way],
          bytes: isLarge ? this.large![larges++] : page.toString('latin1', from, from + length),
        });
        at = from + (isLarge ? 0 : length);
      }
    }
    return found;
  }

  /** When the first ACK from that moment on was noted. */
  ackFrom(fromMs: number): number | null {
    for (let i = 0; i < this.acks; i++) if (this.ackMs[i] >= fromMs) return this.ackMs[i];
    return null;
  }

  /** Forgets everything and gives the pages back. */
  clear(): void {
    this.leftOut = 0;
    this.firstMs = null;
    this.tryingMs = null;
    this.acks = 0;
    this.wayCount = 0;
    this.empty();
  }

  private empty(): void {
    for (let i = 0; i < this.pageCount; i++) this.pool.givePage(this.pages[i]);
    this.pageCount = 0;
    this.page = null;
    if (this.large) for (const { length } of this.large) this.pool.bytesInUse -= length;
    this.large = null;
    this.count = 0;
    this.bytes = 0;
    this.used = 0;
  }

  /** The page that has room for so many bytes. */
  private room(bytes: number): Buffer {
    if (this.page !== null && this.used + bytes <= PAGE_BYTES) return this.page;
    this.close();
    this.page = this.pool.takePage();
    this.pages[this.pageCount++] = this.page;
    this.used = 0;
    return this.page;
  }

  /** Marks where the messages of a page end. */
  private close(): void {
    if (this.page !== null && this.used + HEADER_BYTES <= PAGE_BYTES) this.page[this.used + SENT_AT] = END;
  }

  private way(transport: Transport, address: string, port: number): number {
    const { transports, addresses, ports, wayCount: count } = this;
    for (let i = 0; i < count; i++)
      if (ports[i] === port && transports[i] === transport && addresses[i] === address) return i;
    if (count === MOST_WAYS) return MOST_WAYS - 1;
    transports[count] = transport;
    addresses[count] = address;
    ports[count] = port;
    return this.wayCount++;
  }

  /** Gives up messages from the middle, so that another of that length finds room. */
  private shorten(length: number): void {
    const all = this.messages();
    const first = all.slice(0, FIRST_MESSAGES);
    const last = all.slice(FIRST_MESSAGES).slice(-LAST_MESSAGES);
    let bytes = length;
    for (const { bytes: text } of [...first, ...last]) bytes += text.length;
    // The first one says what the call was about, so it goes last.
    while (bytes > MOST_BYTES && first.length + last.length > 1) bytes -= (last.shift() ?? first.pop())!.bytes.length;
    const kept = [...first, ...last];
    this.leftOut += all.length - kept.length;
    this.empty();
    for (const { atMs, sent, transport, address, port, bytes: text } of kept)
      this.append(atMs, sent, this.way(transport, address, port), text);
  }
}

function byteAt(data: Buffer | string, i: number): number {
  return typeof data === 'string' ? data.charCodeAt(i) : data[i];
}

function isAck(data: Buffer | string): boolean {
  return byteAt(data, 0) === 0x41 && byteAt(data, 1) === 0x43 && byteAt(data, 2) === 0x4b && byteAt(data, 3) === 0x20;
}

/** `SIP/2.0 100` */
function isTrying(data: Buffer | string): boolean {
  return byteAt(data, 0) === 0x53 && byteAt(data, 8) === 0x31 && byteAt(data, 9) === 0x30 && byteAt(data, 10) === 0x30;
}
