import { SRTP_KEY_BYTES, SRTP_SUITES, type SrtpSuite } from '../rtp/srtp-keys.js';

/** A key that an SDP crypto attribute carries: master key and master salt of what its sender will send (RFC 4568). */
export interface SdesKey {
  tag: number;
  suite: SrtpSuite;
  /** Master key, 16 bytes, followed by the suite's master salt. */
  master: Uint8Array;
}

/** A crypto attribute as sdp-transform reads it. */
export interface CryptoLine {
  id: number;
  suite: string;
  config: string;
  sessionConfig?: string;
}

/** Bytes of master key and salt together. */
export function masterBytes(suite: SrtpSuite): number {
  return SRTP_KEY_BYTES + SRTP_SUITES[suite].saltBytes;
}

/** The attribute's value: `a=crypto:` and what follows, without line end. */
export function cryptoAttribute({ tag, suite, master }: SdesKey): string {
  return `a=crypto:${tag} ${suite} inline:${Buffer.from(master).toString('base64')}`;
}

/**
 * The offered or answered keys that we can use, in the far end's order. Left out are unknown suites, keys of the wrong
 * length, more than one key (an MKI would tell them apart), and session parameters that would change what is sent: RFC
 * 4568, section 6.3.7 has us refuse a parameter that we do not support unless it starts with a dash.
 */
export function usableKeys(lines: readonly CryptoLine[]): SdesKey[] {
  const keys: SdesKey[] = [];
  for (const { id, suite, config, sessionConfig } of lines) {
    if (!Object.hasOwn(SRTP_SUITES, suite)) continue;
    const parameters = (sessionConfig ?? '').split(' ').filter((parameter) => parameter !== '');
    if (parameters.some((parameter) => !parameter.startsWith('-'))) continue;
    const master = masterOf(config, suite as SrtpSuite);
    if (master !== null) keys.push({ tag: id, suite: suite as SrtpSuite, master });
  }
  return keys;
}

/** The answerer's choice: the first offered key of the suite that it prefers most (RFC 4568, section 5.1.2). */
export function chooseKey(preferred: readonly SrtpSuite[], offered: readonly SdesKey[]): SdesKey | null {
  for (const suite of preferred) {
    const key = offered.find((candidate) => candidate.suite === suite);
    if (key) return key;
  }
  return null;
}

/** `inline:` key and salt, then lifetime and MKI. A lifetime needs nothing: it is far beyond any call's packets. */
function masterOf(config: string, suite: SrtpSuite): Uint8Array | null {
  if (config.includes(';') || !config.startsWith('inline:')) return null;
  const [encoded, ...rest] = config.slice('inline:'.length).split('|');
  if (rest.some((part) => part.includes(':'))) return null;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return null;
  const master = Buffer.from(encoded, 'base64');
  return master.length === masterBytes(suite) ? master : null;
}
