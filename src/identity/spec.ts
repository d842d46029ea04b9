import { z } from 'zod';
import { duration } from '../core/units.js';

const x5u = z
  .string()
  .regex(/^https:\/\/[^\s<>",;]+$/, 'expected an https: URL such as https://certificates.example.net/us.pem');

/** Signs the calls that are placed. */
export const callIdentitySpec = z
  .strictObject({
    key: z.string().describe('PEM file with the private key (PKCS #8), of an elliptic curve P-256'),
    x5u: x5u.describe('Where the certificate is said to be; nobody fetches it here'),
    attest: z
      .enum(['A', 'B', 'C'])
      .default('A')
      .describe('Attestation: A full, B partial (the customer, not the number), C gateway'),
    origid: z
      .uuid('expected a UUID')
      .optional()
      .describe('Who is said to sign; a UUID that follows from `seed` without it'),
    age: duration.default(0).describe('So old are signatures made out to be'),
  })
  .describe(
    'STIR/SHAKEN: an Identity header (RFC 8224, 8588) in each INVITE whose caller and callee are telephone numbers',
  );

/** Verifies the calls that come. */
export const trunkIdentitySpec = z
  .strictObject({
    check: z
      .enum(['off', 'verify', 'require'])
      .default('require')
      .describe(
        '`require`: calls without an Identity header get 428; `verify`: they are taken, and wrong ones refused',
      ),
    keys: z
      .array(
        z.strictObject({
          x5u,
          file: z.string().describe('PEM file with the certificate, or the public key, of that URL'),
        }),
      )
      .min(1)
      .max(1000)
      .refine((keys) => new Set(keys.map((k) => k.x5u)).size === keys.length, 'names an URL twice')
      .describe('Whose signatures are taken: nothing is fetched'),
    freshness: duration
      .refine((ms) => ms >= 1000, 'must be 1s or more: a PASSporT has whole seconds')
      .default(60_000)
      .describe('How far `iat` may lie from now; beyond that a call gets 403 Stale Date'),
  })
  .describe('STIR/SHAKEN: Identity headers are verified (RFC 8224 6.2)');

export type CallIdentitySpec = z.infer<typeof callIdentitySpec>;
export type TrunkIdentitySpec = z.infer<typeof trunkIdentitySpec>;
