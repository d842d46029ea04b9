import { parse } from 'sdp-transform';
import { STATIC_ENCODINGS } from '../sdp/codecs.js';

/** What a session description says of the packets that one address takes. */
export interface Described {
  /** Payload type → encoding as in a=rtpmap. */
  encodings: Map<number, string>;
  /** The profile of the m= line is one of SRTP (RFC 3711). */
  isEncrypted: boolean;
}

const CAPITAL_A = 65;
const CAPITAL_Z = 90;
/** More is no capture of a network any more but an attack on us. */
const MOST_ADDRESSES = 100_000;

/**
 * Session descriptions (RFC 8866) found in SIP over UDP: which payload type means what at which address. A later description
 * of the same address takes the place of an earlier one, type by type.
 */
export class Descriptions {
  private readonly found = new Map<string, Described>();

  /** Looks for a description in a datagram that may be SIP. */
  read(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 20 || bytes[start] < CAPITAL_A || bytes[start] > CAPITAL_Z) return;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    if (!text.includes('SIP/2.0')) return;
    const body = /\r?\n\r?\n(v=0\r?\n[\s\S]*)/.exec(text);
    if (body) this.add(body[1]);
  }

  /** What is known of packets to an address, or of those that come back from it: most send as they receive. */
  of(destination: string, source: string): Described | null {
    return this.found.get(destination) ?? this.found.get(source) ?? null;
  }

  private add(text: string): void {
    let session: ReturnType<typeof parse>;
    try {
      session = parse(text);
    } catch {
      return;
    }
    for (const media of session.media ?? []) {
      const address = media.connection?.ip ?? session.connection?.ip;
      if (!address || !Number.isInteger(media.port) || media.port === 0) continue;
      // What is all digits comes as a number from sdp-transform, whatever it is.
      const key = endpoint(String(address), media.port);
      if (!this.found.has(key) && this.found.size >= MOST_ADDRESSES) return;
      const described = this.found.get(key) ?? { encodings: new Map<number, string>(), isEncrypted: false };
      described.isEncrypted = /SAVP/.test(media.protocol);
      for (const token of String(media.payloads ?? '').split(' ')) {
        const encoding = STATIC_ENCODINGS.get(Number(token));
        if (encoding !== undefined) described.encodings.set(Number(token), encoding);
      }
      for (const { payload, codec, rate, encoding } of media.rtp ?? [])
        described.encodings.set(payload, `${codec}/${rate ?? 8000}${encoding ? `/${encoding}` : ''}`);
      this.found.set(key, described);
    }
  }
}

/** An address with its port, as it is printed. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
