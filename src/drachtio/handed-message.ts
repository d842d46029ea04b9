import type { RequestHead } from '../sip/client-transaction.js';
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

const CONTACT = /^Contact: (.*)\r\n/m;

/**
 * A message as drachtio-srf holds one once it has taken its text apart: its `SipMessage` is made from text or from such an
 * object, for it makes its own requests that way. Text costs it a pattern for each header line of what our parser has read
 * before. Header names are in lower case, several lines of a name one value with commas, text is Unicode.
 */
export class HandedMessage {
  readonly version = '2.0';
  readonly payload: { type: string | undefined; content: string }[];

  private constructor(
    readonly method: string | undefined,
    readonly uri: string | undefined,
    readonly status: number | undefined,
    readonly reason: string | undefined,
    readonly headers: Record<string, string>,
    readonly body: string,
    type: string | undefined,
    private readonly raw: string,
  ) {
    this.payload = [{ type, content: body }];
  }

  /** Bytes of the message as it crossed the wire. */
  get length(): number {
    return this.raw.length;
  }

  get startLine(): string {
    return this.raw.slice(0, this.raw.indexOf('\r'));
  }

  /** `null` for a message whose body has several parts: those srf takes from the text. */
  static of(message: SipMessage): HandedMessage | null {
    if (isSeveralBodies(message)) return null;
    const decode = decoder(message.raw);
    const type = message.header('content-type');
    const headers = headersOf(message, decode);
    const body = decode(message.body);
    if (message.isRequest) {
      const uri = decode(message.requestUri);
      return new HandedMessage(message.method, uri, undefined, undefined, headers, body, type, message.raw);
    }
    const reason = decode(message.reason);
    return new HandedMessage(undefined, undefined, readableStatus(message), reason, headers, body, type, message.raw);
  }

  /** A request of ours, as far as a call asks for it: who with, which call, and our Contact. */
  static ofRequest(head: RequestHead, headerLines: string, body: string, text: string): HandedMessage {
    const decode = decoder(text);
    const { method, requestUri, from, to, callId, cseq } = head;
    const headers: Record<string, string> = {
      'call-id': decode(callId),
      from: decode(from),
      to: decode(to),
      cseq: `${cseq} ${method}`,
    };
    const contact = method === 'BYE' ? null : CONTACT.exec(headerLines);
    if (contact) headers.contact = decode(contact[1]);
    const type = body === '' ? undefined : 'application/sdp';
    return new HandedMessage(method, decode(requestUri), undefined, undefined, headers, decode(body), type, text);
  }
}

function headersOf(message: SipMessage, decode: (binary: string) => string): Record<string, string> {
  const { keys, names, values } = message;
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
  return headers;
}

function decoder(binary: string): (binary: string) => string {
  return Buffer.byteLength(binary) === binary.length ? asItIs : unicode;
}

function asItIs(text: string): string {
  return text;
}

function unicode(binary: string): string {
  return Buffer.from(binary, 'latin1').toString('utf8');
}
