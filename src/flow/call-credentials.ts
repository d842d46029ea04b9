import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { SrfResult } from '../drachtio/srf-types.js';
import { type Challenge, type Credentials, chooseChallenge, digestResponse } from '../sip/digest.js';
import { hostPort, parseSipUri } from '../sip/uri.js';

/** Challenges that one call answers: a proxy's, the callee's, and a nonce of each that grew old. */
const MAX_CHALLENGES = 5;

type Answers = 'Authorization' | 'Proxy-Authorization';

/**
 * What a call answers to 401 and 407 (RFC 3261 22, RFC 7616): drachtio-srf's own client knows MD5 alone, and one
 * challenge a call.
 */
export class CallCredentials {
  private readonly known = new Map<Answers, { challenge: Challenge; count: number }>();
  private challenges = 0;

  constructor(private readonly credentials: Credentials) {}

  /**
   * Takes a response. `false` where another try makes no sense: it is no challenge, none that we can answer, or the
   * credentials were refused.
   */
  learn(response: SrfResult): boolean {
    const { status } = response;
    if (status !== 401 && status !== 407) return false;
    const challenge = chooseChallenge(response.get(status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate') ?? '');
    if (challenge === null || ++this.challenges > MAX_CHALLENGES) return false;
    const header: Answers = status === 401 ? 'Authorization' : 'Proxy-Authorization';
    const before = this.known.get(header)?.challenge;
    if (before?.realm === challenge.realm && !challenge.stale) return false;
    this.known.set(header, { challenge, count: 0 });
    return true;
  }

  /** The headers for the next try of a request. */
  headers(method: string, uri: string): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [header, answer] of this.known) {
      const cnonce = randomBytes(8).toString('hex');
      headers[header] = digestResponse(answer.challenge, this.credentials, { method, uri }, ++answer.count, cnonce);
    }
    return headers;
  }
}

/**
 * The server that challenged a request, as the proxy of its next try: where a name leads to several, only that one knows
 * the nonce. Over TLS the name stays, which the certificate is held to.
 */
export function challengerOf(response: SrfResult, hop: string): string | undefined {
  const uri = parseSipUri(hop);
  const { source_address: address, source_port: port, protocol } = response;
  if (uri === null || isIP(uri.host) !== 0 || port === 0 || (protocol !== 'udp' && protocol !== 'tcp'))
    return undefined;
  return `sip:${hostPort(address, port)};transport=${protocol}`;
}
