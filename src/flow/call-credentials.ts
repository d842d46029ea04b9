import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { SrfResult } from '../drachtio/srf-types.js';
import { type Challenge, type Credentials, chooseChallenge, digestResponse, nextNonce } from '../sip/digest.js';
import { hostPort, parseSipUri } from '../sip/uri.js';
import type { Failure } from './final-response.js';

/** Challenges that one call answers: a proxy's, the callee's, and nonces of each that grew old. */
const MAX_CHALLENGES = 6;

type Answers = 'Authorization' | 'Proxy-Authorization';

/** The latest challenges, and how often each nonce was used: of one call, or of all calls that share it. */
export type KnownChallenges = Map<Answers, { challenge: Challenge; count: number }>;

/**
 * What a call answers to 401 and 407 (RFC 3261 22, RFC 7616): drachtio-srf's own client knows MD5 alone, one challenge a
 * call and each nonce once. What was learned goes with every further request, its nonce counted up (RFC 3261 22.3).
 */
export class CallCredentials {
  /** What the latest request was sent with. */
  private readonly sent = new Map<Answers, { realm: string; count: number }>();
  private challenges = 0;
  /** Realm of the latest challenge, where that was left unanswered because the credentials are for another one. */
  otherRealm: string | null = null;

  constructor(
    private readonly credentials: Credentials,
    private readonly known: KnownChallenges = new Map(),
  ) {}

  /** The only realm whose challenges are answered; `null`: any. */
  get realm(): string | null {
    return this.credentials.realm ?? null;
  }

  /**
   * Takes a response. `false` where another try makes no sense: it is no challenge, none that we can answer, or the
   * credentials were refused. Those with a nonce used before are not taken as refused: it may have grown old, and not
   * every server says so.
   */
  learn(response: Pick<SrfResult, 'status' | 'get'>): boolean {
    const { status } = response;
    if (status >= 200 && status < 300) this.takeNext(response);
    if (status !== 401 && status !== 407) return false;
    const asked = response.get(status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate') ?? '';
    const challenge = chooseChallenge(asked, this.realm);
    this.otherRealm = challenge === null ? (chooseChallenge(asked)?.realm ?? null) : null;
    if (challenge === null || ++this.challenges > MAX_CHALLENGES) return false;
    const header: Answers = status === 401 ? 'Authorization' : 'Proxy-Authorization';
    const given = this.sent.get(header);
    if (given?.realm === challenge.realm && given.count === 1 && !challenge.stale) return false;
    this.known.set(header, { challenge, count: 0 });
    return true;
  }

  /** The headers for the next request, or the next try of it; none before the first challenge. */
  headers(method: string, uri: string): Record<string, string> {
    const headers: Record<string, string> = {};
    this.sent.clear();
    for (const [header, answer] of this.known) {
      const cnonce = randomBytes(8).toString('hex');
      headers[header] = digestResponse(answer.challenge, this.credentials, { method, uri }, ++answer.count, cnonce);
      this.sent.set(header, { realm: answer.challenge.realm, count: answer.count });
    }
    return headers;
  }

  /** A server that took a nonce may name the next one (RFC 7616 3.5). */
  private takeNext(response: Pick<SrfResult, 'get'>): void {
    const answer = this.known.get('Authorization');
    if (answer === undefined) return;
    const next = nextNonce(response.get('Authentication-Info') ?? '');
    if (next !== null && next !== answer.challenge.nonce)
      this.known.set('Authorization', { challenge: { ...answer.challenge, nonce: next }, count: 0 });
  }
}

/** The failure, its reason being that the challenge was of another realm than the credentials where that is so. */
export function explained(failure: Failure, credentials: CallCredentials | null): Failure {
  if (credentials === null || credentials.otherRealm === null) return failure;
  const { otherRealm, realm } = credentials;
  return {
    ...failure,
    reason: `challenged for the realm ${JSON.stringify(otherRealm)}, and not for ${JSON.stringify(realm)}`,
  };
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
