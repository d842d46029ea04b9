import { SrtpContext } from './srtp.js';
import type { SrtpSuite } from './srtp-keys.js';

/** What both sides of a call agreed to protect its RTP and RTCP with. */
export interface SrtpKeys {
  suite: SrtpSuite;
  /** Master key and salt in base64, as SDES writes them: of what we send, and of what we receive. */
  send: string;
  receive: string;
}

/** Both directions of a call's SRTP and SRTCP, from the first keys to the last. */
export class SrtpSession {
  private keys: SrtpKeys | null = null;
  /** `null` until the keys are known. */
  outbound: SrtpContext | null = null;
  inbound: SrtpContext | null = null;

  /** Takes over keys. A direction whose key is the same as before goes on where it was (RFC 3711, section 3.2.1). */
  use(keys: SrtpKeys): void {
    const before = this.keys?.suite === keys.suite ? this.keys : null;
    if (before?.send !== keys.send) this.outbound = new SrtpContext(keys.suite, Buffer.from(keys.send, 'base64'));
    if (before?.receive !== keys.receive)
      this.inbound = new SrtpContext(keys.suite, Buffer.from(keys.receive, 'base64'));
    this.keys = keys;
  }

  get suite(): SrtpSuite | null {
    return this.keys?.suite ?? null;
  }
}
