import { Server, Socket } from 'node:net';
import { parseMessage, type SipMessage } from '../sip/message.js';
import type { ApplicationLink, Carried, SentParts } from './application-link.js';
import { HandedMessage } from './handed-message.js';
import { readableText } from './readable-text.js';
import type { SrfApp, SrfWire } from './srf-types.js';

/** `queueMicrotask` makes an object for each. */
const SETTLED = Promise.resolve();

export interface MemoryLinkEvents {
  /** srf's end ended or broke, which nothing but a fault does. */
  onFatal: (error: Error) => void;
  /** srf broke on a payload while it read it: its line, and the start line of the message that it brought. */
  onUnread: (line: string, startLine: string) => void;
}

/**
 * The link to a drachtio-srf within the thread. It takes the place of the part of srf that frames payloads, numbers them and
 * writes them to a socket (`SrfWire`): payloads pass as they are. What one side says the other hears in the next microtask:
 * never while the first one still runs, because srf registers for an answer only after it wrote.
 */
export class MemoryLink implements ApplicationLink {
  readonly confirmsAcks: boolean;
  onPayload: (payload: string) => void = () => {};
  onClosed: () => void = () => {};
  private readonly socket: LinkSocket;
  private readonly listener = new LinkServer();
  private toSrf: Payload[] = [];
  private toServer: string[] = [];
  private scheduled = false;
  private messages = 0;
  private isShut = false;
  /** What srf reads just now. */
  private current: Payload | null = null;
  private wire: SrfWire | null = null;
  private readonly flushNow = (): void => this.flush();

  /**
   * @param callsOnly srf is there for calls and nothing else: messages reach it taken apart and without what no call looks
   * at, and its ACKs are not confirmed
   */
  constructor(
    private readonly events: MemoryLinkEvents,
    private readonly callsOnly: boolean,
  ) {
    this.confirmsAcks = !callsOnly;
    this.socket = new LinkSocket((error) => this.onSocketEnd(error));
  }

  /** Has srf speak through this link, and greet. */
  join(srf: SrfApp, secret: string): void {
    srf.listen({ server: this.listener, secret });
    this.wire = (srf as unknown as { _app: { client: { wp: SrfWire } } })._app.client.wp;
    this.wire.send = (_socket, message) => this.say(message);
    this.listener.emit('connection', this.socket);
  }

  received(message: SipMessage): Carried {
    return (this.callsOnly && HandedMessage.of(message)) || readableText(message);
  }

  sent(text: string, parts: SentParts | null): Carried {
    if (!this.callsOnly) return text;
    if (parts) return HandedMessage.ofRequest(parts.head, parts.headerLines, parts.body, text);
    const message = parseMessage(text);
    return (message && HandedMessage.of(message)) || text;
  }

  /** Nobody asks for the number of a line, so none has any. */
  send(unnumbered: string, message: Carried | null): void {
    if (this.isShut) return;
    const line = `|${unnumbered}`;
    this.toSrf.push(message instanceof HandedMessage ? new HandedPayload(line, message) : unicode(line, message));
    this.schedule();
  }

  /** The server refused the application, whose end it is as well. */
  end(): void {
    this.shut();
  }

  /** Closes both ends on purpose. */
  shut(): void {
    if (this.isShut) return;
    this.isShut = true;
    this.toSrf = [];
    this.toServer = [];
    queueMicrotask(() => {
      this.socket.emit('close', false);
      this.onClosed();
    });
  }

  /** What srf says; gives the number by which an answer will name it. */
  private say(message: string): string {
    const id = (++this.messages).toString(36);
    if (this.isShut) return id;
    this.toServer.push(binary(`${id}|${message}`));
    this.schedule();
    return id;
  }

  /** srf ends its socket where it could not read what it got. */
  private onSocketEnd(error: Error): void {
    if (this.isShut) return;
    if (this.current === null) this.events.onFatal(error);
    else this.tellUnread(this.current);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    void SETTLED.then(this.flushNow);
  }

  private flush(): void {
    while (this.toServer.length > 0 || this.toSrf.length > 0) {
      const { toServer, toSrf } = this;
      this.toServer = [];
      this.toSrf = [];
      for (const payload of toServer) this.hear(payload);
      for (const payload of toSrf) this.bring(payload);
    }
    this.scheduled = false;
  }

  private hear(payload: string): void {
    if (this.isShut) return;
    try {
      this.onPayload(payload);
    } catch (error) {
      this.events.onFatal(error as Error);
    }
  }

  /** A message of the network that srf cannot read, or on which a callback throws, must not end every call. */
  private bring(payload: Payload): void {
    if (this.isShut) return;
    this.current = payload;
    try {
      this.wire!.emit('msg', this.socket, payload);
    } catch {
      this.tellUnread(payload);
    }
    this.current = null;
  }

  private tellUnread(payload: Payload): void {
    const [line, startLine] =
      typeof payload === 'string' ? payload.split('\r\n', 2) : [payload.line, payload.message.startLine];
    queueMicrotask(() => this.events.onUnread(line, startLine ?? ''));
  }
}

type Payload = string | HandedPayload;

/** A payload as srf cuts it up: the line before the first CR, and what comes two characters after it. */
class HandedPayload {
  constructor(
    readonly line: string,
    readonly message: HandedMessage,
  ) {}

  indexOf(): number {
    return this.line.length;
  }

  slice(from: number): string | HandedMessage {
    return from === 0 ? this.line : this.message;
  }
}

/** Binary text as the text that it is by UTF-8, which all of the protocol is. */
function unicode(line: string, message: string | null): string {
  const text = message === null ? line : `${line}\r\n${message}`;
  return isAscii(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}

function binary(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** What srf takes for the connection of its server: a `net.Socket` by type, which is all that it looks at. */
class LinkSocket extends Socket {
  override readonly remoteAddress = '127.0.0.1';
  override readonly remotePort = 0;
  override readonly localPort = 0;

  constructor(private readonly onEnd: (error: Error) => void) {
    super();
  }

  override end(..._rest: unknown[]): this {
    this.onEnd(new Error('drachtio-srf ended its connection, most likely because a callback threw'));
    return this;
  }

  override destroy(error?: Error): this {
    this.onEnd(error ?? new Error('the connection of drachtio-srf was destroyed'));
    return this;
  }
}

/** A `net.Server` that listens nowhere. */
class LinkServer extends Server {
  override close(callback?: (error?: Error) => void): this {
    callback?.();
    return this;
  }
}
