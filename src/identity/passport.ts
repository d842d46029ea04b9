import type { webcrypto } from 'node:crypto';
import { CompactSign, compactVerify, decodeProtectedHeader } from 'jose';
import { splitList } from '../sip/header-values.js';
import { canonical } from './caller-number.js';

export type Attestation = 'A' | 'B' | 'C';

/** The one algorithm of SHAKEN (RFC 8225 4.1, ATIS-1000074). */
export const ALGORITHM = 'ES256';

/** What signs. */
export interface SigningKey {
  key: webcrypto.CryptoKey;
  x5u: string;
  attest: Attestation;
  /** Opaque name of the origin (RFC 8588 5). */
  origid: string;
  /** So old are signatures made out to be, in s. */
  ageS: number;
}

/**
 * The Identity header of a call (RFC 8224 4): a PASSporT of full form with the claims of RFC 8588, its members in the order of their
 * names (RFC 8225 9).
 *
 * @param orig number of the caller, and `dest` that of the callee, as they stand in the URIs
 * @returns `null` where either is no telephone number
 */
export async function signIdentity(
  { key, x5u, attest, origid, ageS }: SigningKey,
  orig: string,
  dest: string,
  nowS: number,
): Promise<string | null> {
  const from = canonical(orig);
  const to = canonical(dest);
  if (from === null || to === null) return null;
  const claims = { attest, dest: { tn: [to] }, iat: Math.floor(nowS - ageS), orig: { tn: from }, origid };
  const token = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: ALGORITHM, ppt: 'shaken', typ: 'passport', x5u })
    .sign(key);
  return `${token};info=<${x5u}>;alg=${ALGORITHM};ppt="shaken"`;
}

/** A credential that signatures are held against; its certificate holds between two moments, in ms since 1970. */
export interface TrustedKey {
  key: webcrypto.CryptoKey;
  validFromMs: number;
  validToMs: number;
}

/** What a call claims to be, by its own headers. */
export interface ClaimedCall {
  /** All values of Identity, with commas between them; `undefined` without any. */
  identity: string | undefined;
  caller: string | null;
  called: string | null;
}

/** The final responses of RFC 8224 6.2.2. */
export type IdentityRefusal = 403 | 428 | 436 | 437 | 438;

/** `missing`: no PASSporT of SHAKEN came with it. */
export type Verdict = { attest: Attestation } | { refusal: IdentityRefusal } | 'missing';

/** Holds the Identity header of a call against known credentials (RFC 8224 6.2). Of several values the first one of SHAKEN counts. */
export async function verifyIdentity(
  { identity, caller, called }: ClaimedCall,
  keys: ReadonlyMap<string, TrustedKey>,
  freshnessS: number,
  nowS: number,
): Promise<Verdict> {
  const value = splitList(identity ?? '').find((one) => parameter(one, 'ppt') === 'shaken');
  if (value === undefined) return 'missing';
  const token = value.split(';')[0].trim();
  const header = headerOf(token);
  const x5u = header?.x5u;
  if (header?.typ !== 'passport' || header.ppt !== 'shaken' || typeof x5u !== 'string') return { refusal: 438 };
  if (parameter(value, 'info') !== x5u) return { refusal: 438 };
  if (header.alg !== ALGORITHM || (parameter(value, 'alg') ?? ALGORITHM) !== ALGORITHM) return { refusal: 437 };
  const trusted = keys.get(x5u);
  if (trusted === undefined) return { refusal: 436 };
  if (nowS * 1000 < trusted.validFromMs || nowS * 1000 > trusted.validToMs) return { refusal: 437 };
  const claims = await claimsOf(token, trusted.key);
  if (claims === null) return { refusal: 438 };
  const { attest, orig, dest, iat } = claims;
  if (caller === null || canonical(caller) !== orig) return { refusal: 438 };
  const to = called === null ? null : canonical(called);
  if (to === null || !dest.includes(to)) return { refusal: 438 };
  return Math.abs(nowS - iat) > freshnessS ? { refusal: 403 } : { attest };
}

function headerOf(token: string): Record<string, unknown> | null {
  try {
    return decodeProtectedHeader(token) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** The claims of a token that is signed by that key; `null` where it is not, or has not the claims of SHAKEN. */
async function claimsOf(
  token: string,
  key: webcrypto.CryptoKey,
): Promise<{ attest: Attestation; orig: string; dest: string[]; iat: number } | null> {
  let claims: unknown;
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [ALGORITHM] });
    claims = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return null;
  }
  const { attest, orig, dest, iat, origid } = table(claims);
  const tn = table(orig).tn;
  const called = table(dest).tn;
  if (attest !== 'A' && attest !== 'B' && attest !== 'C') return null;
  if (typeof tn !== 'string' || typeof iat !== 'number' || typeof origid !== 'string') return null;
  if (!Array.isArray(called) || !called.every((one) => typeof one === 'string')) return null;
  return { attest, orig: tn, dest: called, iat };
}

function table(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A parameter of an Identity header, without the brackets or quotes around it. */
function parameter(value: string, name: string): string | null {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:<([^>]*)>|"([^"]*)"|([^;\\s]*))`, 'i').exec(value);
  return match ? (match[1] ?? match[2] ?? match[3]) : null;
}
