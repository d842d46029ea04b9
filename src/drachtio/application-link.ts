import type { Duplex } from 'node:stream';
import type { RequestHead } from '../sip/client-transaction.js';
import type { IdSource } from '../sip/ids.js';
import type { SipMessage } from '../sip/message.js';
import { encodeFrame, FrameReader } from './frame.js';
import type { HandedMessage } from './handed-message.js';
import { readableText } from './readable-text.js';

/** How much may wait for an application that does not read. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** A message on its way to an application: as text, a character for each byte, or taken apart already. */
export type Carried = string | HandedMessage;

/** What a request was made of. */
export interface SentParts {
  head: RequestHead;
  headerLines: string;
  body: string;
}

/** What carries drachtio's protocol between the server and one application. */
export interface ApplicationLink {
  /** Whether the application is told of each ACK of its own that it was sent. */
  readonly confirmsAcks: boolean;
  /** Set by the session: gets each payload, as binary text. */
  onPayload: (payload: string) => void;
  /** Set by the session: the application is gone. May be called more than once. */
  onClosed: () => void;
  /** A message of the network in the form in which it is carried. */
  received(message: SipMessage): Carried;
  /** The same for a message of our own; what it was made of, where that is known. */
  sent(text: string, parts: SentParts | null): Carried;
  /** Brings a line of the protocol, without the number of its own that each has, and the message that it is about. */
  send(line: string, message: Carried | null): void;
  end(): void;
}

/** Frames on a stream, as any drachtio application reads them. */
export class FramedLink implements ApplicationLink {
  readonly confirmsAcks = true;
  onPayload: (payload: string) => void = () => {};
  onClosed: () => void = () => {};
  private readonly reader = new FrameReader();
  /** What it sends is no drachtio stream. */
  private broken = false;

  constructor(
    private readonly stream: Duplex,
    private readonly ids: IdSource,
  ) {
    stream.on('data', (chunk: Buffer) => {
      if (this.broken || this.reader.push(chunk, (payload) => this.onPayload(payload))) return;
      this.broken = true;
      this.onClosed();
      this.end();
    });
    stream.on('close', () => this.onClosed());
    stream.on('error', () => this.onClosed());
  }

  received(message: SipMessage): string {
    return readableText(message);
  }

  sent(text: string): string {
    return text;
  }

  send(line: string, message: Carried | null): void {
    const start = `${this.ids.uuid()}|${line}`;
    this.stream.write(message === null ? encodeFrame(start) : encodeFrame(`${start}\r\n`, message as string));
    if (this.stream.writableLength > MAX_UNREAD_BYTES) this.stream.destroy();
  }

  end(): void {
    this.stream.end();
  }
}
