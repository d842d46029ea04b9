/** Longest payload: drachtio writes its length with at most five digits. */
const MAX_DIGITS = 5;
const HASH = 0x23;

/**
 * Cuts drachtio's byte stream into frames: decimal length in bytes, `#`, payload. Payloads are binary text (one
 * character per byte).
 */
export class FrameReader {
  private rest = '';

  /** `onFrame` gets each payload. Returns `false` when the stream is no drachtio stream: close it. */
  push(chunk: Buffer, onFrame: (payload: string) => void): boolean {
    this.rest += chunk.toString('latin1');
    let position = 0;
    for (;;) {
      const { rest } = this;
      let end = position;
      while (end < rest.length && rest.charCodeAt(end) >= 0x30 && rest.charCodeAt(end) <= 0x39) end++;
      if (end - position > MAX_DIGITS) return false;
      if (end === rest.length) break;
      if (rest.charCodeAt(end) !== HASH || end === position) return false;
      const start = end + 1;
      const stop = start + Number(rest.slice(position, end));
      if (stop > rest.length) break;
      onFrame(rest.slice(start, stop));
      position = stop;
    }
    this.rest = position === 0 ? this.rest : this.rest.slice(position);
    return true;
  }
}

/** One frame on the wire, from binary text. `tail` ends the payload, and is not copied into a string with the rest first. */
export function encodeFrame(payload: string, tail = ''): Buffer {
  const start = `${payload.length + tail.length}#${payload}`;
  const frame = Buffer.allocUnsafe(start.length + tail.length);
  frame.write(start, 'latin1');
  if (tail !== '') frame.write(tail, start.length, 'latin1');
  return frame;
}
