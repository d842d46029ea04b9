import type { SipMessage } from '../sip/message.js';
import { isSeveralBodies, readableContact, readableStatus } from './readable-text.js';

/** What neither srf nor a call looks at; each costs a search through all header names at every look-up. */
const LEFT_OUT = new Set([
  'via',
  'record-route',
  'route',
  'max-forwards',
  'content-length',
  'content-type',
  'allow',
  'allow-events',
  'supported',
  'accept',
  'user-agent',
  'server',
  'date',
]);

/** Header names that srf keeps as they were written. */
const KEPT_AS_WRITTEN = /^(?:X-|P-(?!Asserted)|Diversion$)/;

/**
 * A message as drachtio-srf holds one once it has taken its text apart: its `SipMessage` is made from text or from such an
 * object, for it makes its own requests that way. Text costs it a pattern for each header line of what our parser has read
 * before. Header names are in lower case, several lines of a name one value with commas, text is Unicode.
 */
export class HandedMessage {
  readonly method: string | undefined;
  readonly uri: string | undefined;
  readonly version: string;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly payload: { type: string | undefined; content: string }[];
  /** Bytes of the message as it crossed the wire. */
  readonly length: number;
  private readonly raw: string;

  private constructor(message: SipMessage) {
    const { isRequest, keys, names, values } = message;
    const decode = Buffer.byteLength(message.raw) === message.raw.length ? asItIs : unicode;
    this.method = isRequest ? message.method : undefined;
    this.uri = isRequest ? decode(message.requestUri) : undefined;
    this.version = message.version;
    this.status = isRequest ? undefined : readableStatus(message);
    this.reason = isRequest ? undefined : decode(message.reason);
    this.raw = message.raw;
    this.length = message.raw.length;
    // Those that srf asks for by the dozen come first; the same order each time gives all messages one shape.
    const headers: Record<string, string> = { 'call-id': '', from: '', to: '', cseq: '' };
    const contact = readableContact(message);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (LEFT_OUT.has(key) || (contact !== null && key === 'contact')) continue;
      const name = KEPT_AS_WRITTEN.test(names[i]) ? names[i] : key;
      const value = decode(values[i]);
      const before = headers[name];
      headers[name] = before === undefined || before === '' ? value : `${before},${value}`;
    }
    if (contact !== null) headers.contact = decode(contact);
    this.headers = headers;
    this.body = decode(message.body);
    this.payload = [{ type: message.header('content-type'), content: this.body }];
  }

  get startLine(): string {
    return this.raw.slice(0, this.raw.indexOf('\r'));
  }

  /** `null` for a message whose body has several parts: those srf takes from the text. */
  static of(message: SipMessage): HandedMessage | null {
    return isSeveralBodies(message) ? null : new HandedMessage(message);
  }
}

function asItIs(text: string): string {
  return text;
}

function unicode(binary: string): string {
  return Buffer.from(binary, 'latin1').toString('utf8');
}
