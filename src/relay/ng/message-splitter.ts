import { BencodeScanner } from './bencode.js';
import { MAX_COOKIE_BYTES } from './engine.js';

/** As much as a datagram could carry. */
export const MAX_MESSAGE_BYTES = 65_535;

const SPACE = 0x20;

/** Cuts a stream into messages `cookie SP dictionary`, which follow one another without anything between. */
export class MessageSplitter {
  private parts: Buffer[] = [];
  /** Bytes of the cookie so far, or −1 behind it. */
  private cookie = 0;
  private scanner = new BencodeScanner(MAX_MESSAGE_BYTES);

  /** Whether a message has begun and is not whole. */
  get isWithin(): boolean {
    return this.parts.length > 0;
  }

  /** Takes what came next and hands out every message that is whole; false where it is none, and never will be. */
  take(bytes: Buffer, onMessage: (message: Buffer) => void): boolean {
    let start = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.cookie >= 0) {
        // Line ends between messages do no harm.
        if (this.cookie === 0 && (bytes[at] === 0x0a || bytes[at] === 0x0d)) {
          start = ++at;
          continue;
        }
        if (bytes[at] === SPACE && this.cookie > 0) this.cookie = -1;
        else if (bytes[at] === SPACE || ++this.cookie > MAX_COOKIE_BYTES) return false;
        at++;
        continue;
      }
      const before = this.scanner.length;
      const result = this.scanner.scan(bytes, at);
      if (result === 'malformed') return false;
      at += this.scanner.length - before;
      if (result === 'more') break;
      this.parts.push(bytes.subarray(start, at));
      onMessage(this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts));
      this.parts = [];
      this.cookie = 0;
      this.scanner = new BencodeScanner(MAX_MESSAGE_BYTES);
      start = at;
    }
    if (start < bytes.length) this.parts.push(bytes.subarray(start));
    return true;
  }
}
