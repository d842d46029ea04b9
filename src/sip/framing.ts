/** What one connection may ask of us. Sizes in bytes. */
export interface StreamLimits {
  /** A whole message. */
  maxMessageBytes: number;
  /** Start line and headers. */
  maxHeaderBytes: number;
  maxHeaderLines: number;
}

export const STREAM_LIMITS: StreamLimits = { maxMessageBytes: 262_144, maxHeaderBytes: 65_536, maxHeaderLines: 512 };

/** Why a stream cannot be read on: nobody knows where its next message begins. */
export type FramingFault =
  | 'headers too large'
  | 'too many headers'
  | 'no Content-Length'
  | 'invalid Content-Length'
  | 'message too large';

export interface FrameSink {
  /** One whole message; the buffer may be reused after the call. */
  onFrame(message: Buffer): void;
  /** An empty line between messages: half a ping, or a pong (RFC 5626 3.5.1). */
  onEmptyLine(): void;
}

const CR = 0x0d;
const LF = 0x0a;
const HEADERS_END = Buffer.from('\r\n\r\n');
/** Value of Content-Length or its compact form, possibly folded. */
const CONTENT_LENGTH = /\r\n(?:content-length|l)[ \t]*:(?:\r\n[ \t]|[ \t])*([^\r]*)/gi;
const KEPT_BYTES = 65_536;

/** Cuts a stream into SIP messages by Content-Length (RFC 3261 18.3, 20.14). */
export class StreamFramer {
  /** What of an unfinished message is here; its first `length` bytes are in use. */
  private held: Buffer = Buffer.alloc(0);
  private length = 0;
  /** Up to where the end of the headers was sought in vain. */
  private sought = 0;
  /** Length of the unfinished message once its headers are complete, 0 before. */
  private wanted = 0;

  constructor(private readonly limits: StreamLimits = STREAM_LIMITS) {}

  /** Whether a message has begun and not ended. */
  get unfinished(): boolean {
    return this.length > 0;
  }

  /** Takes what came; a fault says that the stream must be closed. */
  push(chunk: Buffer, sink: FrameSink): FramingFault | null {
    if (this.length === 0) return this.read(chunk, sink, false);
    this.append(chunk);
    return this.read(this.held.subarray(0, this.length), sink, true);
  }

  private read(data: Buffer, sink: FrameSink, isHeld: boolean): FramingFault | null {
    let at = 0;
    while (at < data.length) {
      if (this.wanted === 0) {
        if (data[at] === CR || data[at] === LF) {
          if (data[at] === LF) sink.onEmptyLine();
          at++;
          continue;
        }
        const end = data.indexOf(HEADERS_END, Math.max(at, this.sought - 3));
        if (end < 0 || end - at > this.limits.maxHeaderBytes) {
          if (data.length - at > this.limits.maxHeaderBytes) return 'headers too large';
          this.sought = data.length - at;
          break;
        }
        const length = this.measure(data.toString('latin1', at, end));
        if (typeof length === 'string') return length;
        const total = end + HEADERS_END.length - at + length;
        if (total > this.limits.maxMessageBytes) return 'message too large';
        this.wanted = total;
      }
      if (data.length - at < this.wanted) break;
      const message = data.subarray(at, at + this.wanted);
      at += this.wanted;
      this.wanted = 0;
      this.sought = 0;
      sink.onFrame(message);
    }
    this.keep(data, at, isHeld);
    return null;
  }

  /** The length of the body, or what is wrong with the headers. */
  private measure(head: string): number | FramingFault {
    let lines = 0;
    for (let i = head.indexOf('\n'); i >= 0; i = head.indexOf('\n', i + 1)) lines++;
    if (lines > this.limits.maxHeaderLines) return 'too many headers';
    let length = -1;
    for (const match of head.matchAll(CONTENT_LENGTH)) {
      const text = match[1].trim();
      if (!/^\d{1,9}$/.test(text) || (length >= 0 && Number(text) !== length)) return 'invalid Content-Length';
      length = Number(text);
    }
    return length < 0 ? 'no Content-Length' : length;
  }

  private keep(data: Buffer, from: number, isHeld: boolean): void {
    const rest = data.length - from;
    if (!isHeld) {
      if (rest > 0) this.append(data.subarray(from));
      return;
    }
    if (from > 0) this.held.copyWithin(0, from, data.length);
    this.length = rest;
    if (rest === 0 && this.held.length > KEPT_BYTES) this.held = Buffer.alloc(0);
  }

  /** Room is doubled, so that a message that drips in costs no more than its length. */
  private append(chunk: Buffer): void {
    const needed = this.length + chunk.length;
    if (needed > this.held.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.held.length * 2, 1024));
      this.held.copy(larger, 0, 0, this.length);
      this.held = larger;
    }
    chunk.copy(this.held, this.length);
    this.length = needed;
  }
}
