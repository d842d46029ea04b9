import { headerNameAt } from './header-names.js';
import { type CSeq, parseCSeq, parseVia, tagOf, type Via } from './header-values.js';

/**
 * A SIP message (RFC 3261 7). All text is *binary*: one character per byte of the wire (latin1), so that lengths are
 * byte lengths and whatever the other side sent, UTF-8 or not, leaves as it came.
 *
 * Header lines are found in one pass; values are taken apart only when asked for.
 */
export class SipMessage {
  /** Method of a request, `''` in a response. */
  method = '';
  requestUri = '';
  /** Of the protocol; only 2.0 can be processed. */
  version = '2.0';
  /** Status of a response, 0 in a request. */
  status = 0;
  reason = '';
  /** Lower-case long names, one for each header line, in order. */
  readonly keys: string[] = [];
  /** Names as they were written. */
  readonly names: string[] = [];
  /** Unfolded and trimmed. */
  readonly values: string[] = [];
  body = '';
  /** When it came in, on the run's clock; `null` for one that never crossed the wire. */
  arrivalMs: number | null = null;
  /** Whether it is written as most write: lines end with CRLF, none is folded, single blanks in the start line. */
  isPlain = true;

  private via: Via | null | undefined;
  private cseq: CSeq | null | undefined;
  private fromTagCache: string | null | undefined;
  private toTagCache: string | null | undefined;

  constructor(
    /** The message as it came, cut to its Content-Length and without leading empty lines. */
    public raw: string,
  ) {}

  get isRequest(): boolean {
    return this.status === 0;
  }

  /** The message for readers that know less of RFC 3261 7.3.1: as it came where it is plain, else written anew. */
  get text(): string {
    return this.isPlain ? this.raw : plainText(this);
  }

  /** The first line of that name (lower case, long form). */
  header(key: string): string | undefined {
    const i = this.keys.indexOf(key);
    return i < 0 ? undefined : this.values[i];
  }

  /** All lines of that name, in order. */
  headers(key: string): string[] {
    const found: string[] = [];
    for (let i = 0; i < this.keys.length; i++) if (this.keys[i] === key) found.push(this.values[i]);
    return found;
  }

  has(key: string): boolean {
    return this.keys.includes(key);
  }

  get callId(): string {
    return this.header('call-id') ?? '';
  }

  get topVia(): Via | null {
    if (this.via === undefined) {
      const line = this.header('via');
      this.via = line === undefined ? null : parseVia(line, this.version);
    }
    return this.via;
  }

  get cseqNumber(): number {
    return this.readCSeq()?.number ?? -1;
  }

  get cseqMethod(): string {
    return this.readCSeq()?.method ?? '';
  }

  get fromTag(): string | null {
    if (this.fromTagCache === undefined) this.fromTagCache = tagOf(this.header('from') ?? '');
    return this.fromTagCache;
  }

  get toTag(): string | null {
    if (this.toTagCache === undefined) this.toTagCache = tagOf(this.header('to') ?? '');
    return this.toTagCache;
  }

  private readCSeq(): CSeq | null {
    if (this.cseq === undefined) this.cseq = parseCSeq(this.header('cseq') ?? '');
    return this.cseq;
  }
}

const SP = 0x20;
const HTAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;

/** Why a message cannot be used. */
export interface MessageFault {
  /** Whether an answer can be addressed at all. */
  answerable: boolean;
  status: 400 | 505;
  reason: string;
}

/** Reads one message from binary text; `null` when it is no SIP message at all. */
export function parseMessage(text: string): SipMessage | null {
  let start = 0;
  while (text.charCodeAt(start) === CR || text.charCodeAt(start) === LF) start++;
  const lineEnd = text.indexOf('\n', start);
  if (lineEnd < 0) return null;
  const message = new SipMessage(start === 0 ? text : text.slice(start));
  let startEnd = text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
  while (startEnd > start && isBlank(text.charCodeAt(startEnd - 1))) startEnd--;
  const startLine = text.slice(start, startEnd);
  if (!readStartLine(message, startLine)) return null;
  message.isPlain = text.charCodeAt(lineEnd - 1) === CR && isPlainStart(message, startLine);

  let position = lineEnd + 1;
  const length = text.length;
  let bodyAt = length;
  let ended = false;
  while (position < length) {
    let end = text.indexOf('\n', position);
    let next: number;
    if (end < 0) {
      end = length;
      next = length;
    } else next = end + 1;
    let stop = end > position && text.charCodeAt(end - 1) === CR ? end - 1 : end;
    if (stop === end || next === end) message.isPlain = false;
    if (stop === position) {
      bodyAt = next;
      ended = true;
      break;
    }
    const colon = text.indexOf(':', position);
    if (colon < 0 || colon >= stop) return null;
    let folded = false;
    let c = text.charCodeAt(next);
    while (next < length && (c === SP || c === HTAB)) {
      folded = true;
      end = text.indexOf('\n', next);
      if (end < 0) {
        end = length;
        next = length;
      } else next = end + 1;
      stop = text.charCodeAt(end - 1) === CR ? end - 1 : end;
      c = text.charCodeAt(next);
    }
    let nameEnd = colon;
    while (nameEnd > position && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
    if (nameEnd === position) return null;
    let from = colon + 1;
    while (from < stop && isBlank(text.charCodeAt(from))) from++;
    while (stop > from && isBlank(text.charCodeAt(stop - 1))) stop--;
    const name = headerNameAt(text, position, nameEnd);
    const value = text.slice(from, stop);
    if (name === null) return null;
    if (folded) message.isPlain = false;
    message.names.push(name.written);
    message.keys.push(name.key);
    message.values.push(folded ? unfolded(value) : value);
    position = next;
  }
  if (!ended) message.isPlain = false;
  message.body = bodyAt >= length ? '' : text.slice(bodyAt);
  return message;
}

/** Lines of a folded value as one. Each is trimmed by hand: a pattern for the blanks would take the square of their number. */
function unfolded(value: string): string {
  const parts: string[] = [];
  for (const line of value.split('\n')) {
    let from = 0;
    let to = line.length;
    while (from < to && isBlank(line.charCodeAt(from))) from++;
    while (to > from && (isBlank(line.charCodeAt(to - 1)) || line.charCodeAt(to - 1) === CR)) to--;
    if (to > from) parts.push(line.slice(from, to));
  }
  return parts.join(' ');
}

function isPlainStart({ isRequest, method, requestUri }: SipMessage, line: string): boolean {
  if (!isRequest) return line.startsWith('SIP/2.0 ') && !line.includes('\r');
  return (
    line.length === method.length + requestUri.length + ' '.length + ' SIP/2.0'.length && line.endsWith(' SIP/2.0')
  );
}

/** A message written anew; `contact`: in place of all Contact lines. */
export function plainText(message: SipMessage, contact: string | null = null): string {
  const { isRequest, method, requestUri, version, status, reason, keys, names, values, body } = message;
  let text = isRequest
    ? `${method} ${requestUri} SIP/${version}\r\n`
    : `SIP/2.0 ${status} ${reason.replaceAll('\r', ' ')}\r\n`;
  if (contact !== null) text += `Contact: ${contact}\r\n`;
  for (let i = 0; i < names.length; i++)
    if (contact === null || keys[i] !== 'contact') text += `${names[i]}: ${values[i]}\r\n`;
  return `${text}\r\n${body}`;
}

function isBlank(c: number): boolean {
  return c === SP || c === HTAB;
}

/** A number of three digits at that place; -1 for anything else. */
function threeDigits(text: string, at: number): number {
  let number = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = number * 10 + digit;
  }
  return number;
}

function readStartLine(message: SipMessage, line: string): boolean {
  if (line.startsWith('SIP/2.0 ') && line.charCodeAt(11) === SP && line.charCodeAt(12) > SP && !line.includes('\r')) {
    const status = threeDigits(line, 8);
    if (status >= 100 && status < 700) {
      message.status = status;
      message.reason = line.slice(12);
      return true;
    }
  }
  if (line.startsWith('SIP/') || line.startsWith('sip/')) {
    const match = /^SIP\/2\.0[ \t]+([1-6]\d\d)(?:[ \t]+(.*))?$/i.exec(line);
    if (!match) return false;
    message.status = Number(match[1]);
    message.reason = match[2] ?? '';
    return true;
  }
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  if (first <= 0 || last <= first) return false;
  const protocol = line.slice(last + 1);
  if (protocol !== 'SIP/2.0') {
    const match = /^SIP\/(\d{1,3}\.\d{1,3})$/i.exec(protocol);
    if (!match) return false;
    message.version = match[1];
  }
  const method = line.slice(0, first);
  if (!/^[A-Za-z0-9\-.!%*_+`'~]+$/.test(method)) return false;
  message.method = method;
  message.requestUri = line.slice(first + 1, last).trim();
  return message.requestUri !== '';
}
