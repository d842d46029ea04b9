import { createHash, randomBytes } from 'node:crypto';
import { splitList } from './header-values.js';
import type { SipMessage } from './message.js';

/** What a server asks for in a WWW-Authenticate or Proxy-Authenticate header (RFC 7616 3.3). */
export interface Challenge {
  realm: string;
  nonce: string;
  opaque: string | null;
  /** As the server wrote it; `null` where it wrote none, which means MD5. */
  algorithm: string | null;
  /** Whether it offers `qop=auth`; without any qop the digest is that of RFC 2069. */
  qop: boolean;
  /** The credentials were right, the nonce is too old. */
  stale: boolean;
}

export interface Credentials {
  username: string;
  password: string;
  /** The only realm whose challenges are answered; without one any is. */
  realm?: string | null;
}

/** Names of RFC 7616 and RFC 8760, and how node calls them. */
const HASHES = new Map([
  ['md5', 'md5'],
  ['sha-256', 'sha256'],
  ['sha-512-256', 'sha512-256'],
]);

/**
 * The challenge to answer: of those in the header the topmost that we can (RFC 8760 2.4). A server lists them in its
 * order of preference. `null` when there is none.
 * @param header value of the header; several such headers are joined by commas
 * @param realm the only one that counts; `null` for any
 */
export function chooseChallenge(header: string, realm: string | null = null): Challenge | null {
  let fields: Map<string, string> | null = null;
  const found: Map<string, string>[] = [];
  for (const part of splitList(header)) {
    const scheme = /^([!#$%&'*+.^_`|~\w-]+)[ \t]+(?=[^=\s]+[ \t]*=)/.exec(part);
    if (scheme) {
      fields = scheme[1].toLowerCase() === 'digest' ? new Map() : null;
      if (fields) found.push(fields);
    }
    const field = /^([^=\s]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|(\S*))[ \t]*$/.exec(
      part.slice(scheme?.[0].length ?? 0),
    );
    if (field) fields?.set(field[1].toLowerCase(), field[2]?.replace(/\\(.)/g, '$1') ?? field[3]);
  }
  for (const known of found) {
    const challenge = challengeOf(known);
    if (challenge && (realm === null || challenge.realm === realm)) return challenge;
  }
  return null;
}

/** The nonce to use from now on, of an Authentication-Info header (RFC 7616 3.5); `null` where it names none. */
export function nextNonce(header: string): string | null {
  for (const part of splitList(header)) {
    const value = /^nextnonce[ \t]*=[ \t]*"((?:[^"\\]|\\.)+)"[ \t]*$/i.exec(part.trim())?.[1];
    if (value !== undefined) return value.replace(/\\(.)/g, '$1');
  }
  return null;
}

function challengeOf(fields: Map<string, string>): Challenge | null {
  const [realm, nonce, qop] = [fields.get('realm'), fields.get('nonce'), fields.get('qop')];
  const algorithm = fields.get('algorithm') ?? null;
  if (realm === undefined || nonce === undefined || hashOf(algorithm) === undefined) return null;
  const offersAuth = qop?.split(',').some((option) => option.trim().toLowerCase() === 'auth') ?? false;
  // An integrity check of the body is all that it would accept.
  if (qop !== undefined && !offersAuth) return null;
  const stale = fields.get('stale')?.toLowerCase() === 'true';
  return { realm, nonce, opaque: fields.get('opaque') ?? null, algorithm, qop: offersAuth, stale };
}

function hashOf(algorithm: string | null): string | undefined {
  return HASHES.get((algorithm ?? 'MD5').toLowerCase().replace(/-sess$/, ''));
}

/**
 * The value of an Authorization or Proxy-Authorization header (RFC 7616 3.4; RFC 2069 without qop).
 * @param count how often the nonce was used, this time included
 */
export function digestResponse(
  challenge: Challenge,
  { username, password }: Credentials,
  request: { method: string; uri: string },
  count: number,
  cnonce: string,
): string {
  const { realm, nonce, opaque, algorithm, qop } = challenge;
  const name = hashOf(algorithm)!;
  const hash = (text: string): string => createHash(name).update(text).digest('hex');
  const nc = count.toString(16).padStart(8, '0');
  const session = /-sess$/i.test(algorithm ?? '');
  const user = hash(`${username}:${realm}:${password}`);
  const a1 = session ? hash(`${user}:${nonce}:${cnonce}`) : user;
  const a2 = hash(`${request.method}:${request.uri}`);
  const response = hash(qop ? `${a1}:${nonce}:${nc}:${cnonce}:auth:${a2}` : `${a1}:${nonce}:${a2}`);
  let value = `Digest username=${quoted(username)}, realm=${quoted(realm)}, nonce=${quoted(nonce)}`;
  value += `, uri=${quoted(request.uri)}, response="${response}"`;
  if (algorithm !== null) value += `, algorithm=${algorithm}`;
  if (opaque !== null) value += `, opaque=${quoted(opaque)}`;
  if (qop || session) value += `, cnonce="${cnonce}"`;
  if (qop) value += `, qop=auth, nc=${nc}`;
  return value;
}

/**
 * The header lines of a request that was challenged, with credentials (RFC 3261 22.2); `null` where another try makes no
 * sense.
 */
export function withCredentials(
  headerLines: string,
  request: { method: string; uri: string },
  refusal: SipMessage,
  credentials: Credentials,
): string | null {
  const [asks, answers] =
    refusal.status === 407 ? ['proxy-authenticate', 'Proxy-Authorization'] : ['www-authenticate', 'Authorization'];
  const challenge = chooseChallenge(refusal.headers(asks).join(', '), credentials.realm ?? null);
  const given = new RegExp(`^${answers}:.*\\r\\n`, 'im');
  if (challenge === null || (given.test(headerLines) && !challenge.stale)) return null;
  const value = digestResponse(challenge, credentials, request, 1, randomBytes(8).toString('hex'));
  return `${headerLines.replace(given, '')}${answers}: ${value}\r\n`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
