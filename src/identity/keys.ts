import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { importPKCS8, importSPKI } from 'jose';
import { AppError } from '../core/errors.js';
import {
  ALGORITHM,
  type ClaimedCall,
  type SigningKey,
  signIdentity,
  type TrustedKey,
  type Verdict,
  verifyIdentity,
} from './passport.js';
import type { CallIdentitySpec, TrunkIdentitySpec } from './spec.js';

/** The Identity header of a call from one number to another; `null` where either is no telephone number. */
export type Sign = (from: string, to: string) => Promise<string | null>;

export type Verify = (call: ClaimedCall) => Promise<Verdict>;

const nowS = (): number => Date.now() / 1000;

/** @throws AppError FILE_UNREADABLE */
export async function openSigner(spec: CallIdentitySpec, seed: number): Promise<Sign> {
  const key = await readSigningKey(spec, seed);
  return (from, to) => signIdentity(key, from, to, nowS());
}

/** @throws AppError FILE_UNREADABLE */
export async function openVerifier(spec: TrunkIdentitySpec): Promise<Verify> {
  const keys = await readTrustedKeys(spec);
  return (call) => verifyIdentity(call, keys, spec.freshness / 1000, nowS());
}

/** Reads the key that calls are signed with. @throws AppError FILE_UNREADABLE */
export async function readSigningKey(spec: CallIdentitySpec, seed: number): Promise<SigningKey> {
  const { key: file, x5u, attest, origid, age } = spec;
  const pem = read(file, 'calls.identity.key');
  const key = await importPKCS8(pem, ALGORITHM).catch((cause) => {
    throw unusable(file, 'calls.identity.key', 'a private key of the curve P-256 as PKCS #8 in PEM', cause);
  });
  return { key, x5u, attest, origid: origid ?? uuidOf(seed), ageS: age / 1000 };
}

/** Reads the credentials that signatures are held against, by their URLs. @throws AppError FILE_UNREADABLE */
export async function readTrustedKeys(spec: Pick<TrunkIdentitySpec, 'keys'>): Promise<Map<string, TrustedKey>> {
  const keys = new Map<string, TrustedKey>();
  for (const { x5u, file } of spec.keys) keys.set(x5u, await readTrustedKey(file));
  return keys;
}

async function readTrustedKey(file: string): Promise<TrustedKey> {
  const field = 'trunk.identity.keys';
  const pem = read(file, field);
  try {
    if (!pem.includes('BEGIN CERTIFICATE'))
      return { key: await importSPKI(pem, ALGORITHM), validFromMs: -Infinity, validToMs: Infinity };
    const certificate = new X509Certificate(pem);
    const spki = certificate.publicKey.export({ type: 'spki', format: 'pem' }) as string;
    return {
      key: await importSPKI(spki, ALGORITHM),
      validFromMs: Date.parse(certificate.validFrom),
      validToMs: Date.parse(certificate.validTo),
    };
  } catch (cause) {
    throw unusable(file, field, 'a certificate or a public key of the curve P-256 in PEM', cause);
  }
}

function read(file: string, field: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unusable(file, field, 'a PEM file', cause);
  }
}

function unusable(file: string, field: string, expected: string, cause: unknown): AppError {
  return new AppError('FILE_UNREADABLE', `A file for STIR/SHAKEN cannot be used: ${(cause as Error).message}`, {
    where: file,
    expected,
    found: (cause as NodeJS.ErrnoException).code,
    hint: `It is named by ${field} of the profile. openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt makes a key.`,
    cause,
  });
}

/** The same name of the origin for the same seed, in the form of a UUID (RFC 9562 5.8). */
function uuidOf(seed: number): string {
  const hex = createHash('sha256').update(`trunkstorm origin ${seed}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
