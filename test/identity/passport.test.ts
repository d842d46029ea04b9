import { generateKeyPairSync, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openVerifier, readSigningKey, readTrustedKeys } from '../../src/identity/keys.js';
import { type ClaimedCall, signIdentity, verifyIdentity } from '../../src/identity/passport.js';
import { callIdentitySpec, trunkIdentitySpec } from '../../src/identity/spec.js';
import { Authority } from '../support/certificates.js';
import { Scratch } from '../support/cli.js';

const X5U = 'https://certificates.example.net/test.pem';
const NOW_S = 1_800_000_000.7;
const scratch = new Scratch();

const path = (name: string, text: string | Buffer): string => `${scratch.path}/${scratch.write(name, text)}`;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject): string =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }) as string;
const keyFile = path('key.pem', pemOf(pair.privateKey));
const publicFile = path('public.pem', pemOf(pair.publicKey));

const signer = (spec: object = {}) => readSigningKey(callIdentitySpec.parse({ key: keyFile, x5u: X5U, ...spec }), 7);
const trusted = () => readTrustedKeys(trunkIdentitySpec.parse({ keys: [{ x5u: X5U, file: publicFile }] }));

const identityOf = async (spec: object = {}): Promise<string> =>
  (await signIdentity(await signer(spec), '+49 30 1234', '+4989-5678', NOW_S))!;

const CALL = { caller: '+49301234', called: '+49895678' };
const judge = async (identity: string | undefined, call: Partial<ClaimedCall> = {}, nowS = NOW_S) =>
  verifyIdentity({ identity, ...CALL, ...call }, await trusted(), 60, nowS);

const decoded = (part: string): string => Buffer.from(part, 'base64url').toString('utf8');

/** An Identity header with any header and claims, signed by node's own OpenSSL. */
function forged(header: object, claims: object | string, key: KeyObject = pair.privateKey, info = X5U): string {
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const input = [JSON.stringify(header), text].map((part) => Buffer.from(part).toString('base64url')).join('.');
  const signature = signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')};info=<${info}>;alg=ES256;ppt=shaken`;
}

const HEADER = { alg: 'ES256', ppt: 'shaken', typ: 'passport', x5u: X5U };
const CLAIMS = {
  attest: 'B',
  dest: { tn: ['49895678'] },
  iat: 1_800_000_000,
  orig: { tn: '49301234' },
  origid: '123e4567-e89b-12d3-a456-426655440000',
};

describe('an Identity header', () => {
  it('is a PASSporT of SHAKEN whose members are in order, and OpenSSL finds its signature right', async () => {
    const value = await identityOf({ origid: CLAIMS.origid, attest: 'C' });
    const [token, ...parameters] = value.split(';');
    expect(parameters).toEqual([`info=<${X5U}>`, 'alg=ES256', 'ppt="shaken"']);
    const [header, claims, signature] = token.split('.');
    expect(decoded(header)).toBe(`{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"${X5U}"}`);
    expect(decoded(claims)).toBe(
      `{"attest":"C","dest":{"tn":["49895678"]},"iat":1800000000,"orig":{"tn":"49301234"},"origid":"${CLAIMS.origid}"}`,
    );
    const key = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verifyBytes('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(
      true,
    );
  });

  it('has the same origin for the same seed, in the form of a UUID', async () => {
    const { origid } = await signer();
    expect(origid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect((await signer()).origid).toBe(origid);
  });

  it('is not made for who has no telephone number', async () => {
    expect(await signIdentity(await signer(), 'alice', '200', NOW_S)).toBeNull();
    expect(await signIdentity(await signer(), '100', '', NOW_S)).toBeNull();
  });
});

describe('verification', () => {
  it.each(['A', 'B', 'C'])('finds what was signed with attestation %s', async (attest) => {
    expect(await judge(await identityOf({ attest }))).toEqual({ attest });
  });

  it('takes what another program signed', async () => {
    expect(await judge(forged(HEADER, CLAIMS))).toEqual({ attest: 'B' });
  });

  it('takes the one of SHAKEN among several, and none of another kind', async () => {
    const div = forged({ ...HEADER, ppt: 'div' }, CLAIMS).replace('ppt=shaken', 'ppt=div');
    expect(await judge(`${div}, ${await identityOf()}`)).toEqual({ attest: 'A' });
    expect(await judge(div)).toBe('missing');
    expect(await judge(undefined)).toBe('missing');
  });

  it.each<[string, number, string, Partial<ClaimedCall>]>([
    ['another signer', 438, forged(HEADER, CLAIMS, other.privateKey), {}],
    ['another caller', 438, forged(HEADER, CLAIMS), { caller: '+49301235' }],
    ['a caller without a number', 438, forged(HEADER, CLAIMS), { caller: null }],
    ['another callee', 438, forged(HEADER, CLAIMS), { called: '+49895679' }],
    ['claims that are no JSON', 438, forged(HEADER, 'no JSON'), {}],
    ['claims that are null', 438, forged(HEADER, 'null'), {}],
    ['an attestation that does not exist', 438, forged(HEADER, { ...CLAIMS, attest: 'D' }), {}],
    ['a destination that is no list', 438, forged(HEADER, { ...CLAIMS, dest: { tn: '49895678' } }), {}],
    ['a time that is no number', 438, forged(HEADER, { ...CLAIMS, iat: '1800000000' }), {}],
    ['no origin', 438, forged(HEADER, { ...CLAIMS, origid: undefined }), {}],
    ['another type', 438, forged({ ...HEADER, typ: 'JWT' }, CLAIMS), {}],
    ['an info that is not its x5u', 438, forged(HEADER, CLAIMS, pair.privateKey, 'https://example.org/x.pem'), {}],
    ['no token at all', 438, `nonsense;info=<${X5U}>;alg=ES256;ppt=shaken`, {}],
    ['another algorithm', 437, forged({ ...HEADER, alg: 'none' }, CLAIMS), {}],
    [
      'a credential that is not known',
      436,
      forged({ ...HEADER, x5u: `${X5U}2` }, CLAIMS, pair.privateKey, `${X5U}2`),
      {},
    ],
  ])('refuses %s with %i', async (_what, refusal, identity, call) => {
    expect(await judge(identity, call)).toEqual({ refusal });
  });

  it('refuses what is older than it may be, or from the future, with 403', async () => {
    const identity = await identityOf();
    expect(await judge(identity, {}, NOW_S + 59)).toEqual({ attest: 'A' });
    expect(await judge(identity, {}, NOW_S + 61)).toEqual({ refusal: 403 });
    expect(await judge(identity, {}, NOW_S - 61)).toEqual({ refusal: 403 });
    expect(await judge(await identityOf({ age: '2m' }))).toEqual({ refusal: 403 });
  });

  it('refuses a certificate that does not hold yet, or not any more, with 437', async () => {
    const keys = await trusted();
    const credential = keys.get(X5U)!;
    const identity = await identityOf();
    for (const validity of [
      { validFromMs: (NOW_S + 1) * 1000, validToMs: Infinity },
      { validFromMs: -Infinity, validToMs: (NOW_S - 1) * 1000 },
    ]) {
      keys.set(X5U, { ...credential, ...validity });
      expect(await verifyIdentity({ identity, ...CALL }, keys, 60, NOW_S)).toEqual({ refusal: 437 });
    }
  });
});

describe('a key file', () => {
  const verifierOf = (file: string) => openVerifier(trunkIdentitySpec.parse({ keys: [{ x5u: X5U, file }] }));

  it('that is missing or no key of P-256 is refused with its name and field', async () => {
    const rsa = path('rsa.pem', pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey));
    for (const file of [`${scratch.path}/nowhere.pem`, rsa, keyFile, path('empty.pem', '')])
      await expect(verifierOf(file)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', detail: { where: file } });
    await expect(signer({ key: publicFile })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      detail: { where: publicFile, hint: expect.stringContaining('calls.identity.key') },
    });
  });

  it('may be a certificate, which holds between two moments', async () => {
    const authority = new Authority();
    const { cert, key } = authority.issue('DNS:certificates.example.net');
    const spec = callIdentitySpec.parse({ key: path('leaf-key.pem', key), x5u: X5U });
    const file = path('leaf.pem', cert);
    const keys = await readTrustedKeys(trunkIdentitySpec.parse({ keys: [{ x5u: X5U, file }] }));
    const nowS = Date.now() / 1000;
    const identity = (await signIdentity(await readSigningKey(spec, 7), '1', '2', nowS))!;
    const call = { identity, caller: '1', called: '2' };
    expect(await verifyIdentity(call, keys, 60, nowS)).toEqual({ attest: 'A' });
    const { validFromMs, validToMs } = keys.get(X5U)!;
    expect(validFromMs).toBeLessThanOrEqual(Date.now());
    expect(validToMs).toBeGreaterThan(Date.now());
    expect(validToMs).toBeLessThan(Infinity);
  });
});

describe('fields that cannot be', () => {
  it.each([
    [callIdentitySpec, { key: 'k', x5u: 'http://example.net/a.pem' }, /https/],
    [callIdentitySpec, { key: 'k', x5u: X5U, attest: 'D' }, /attest/],
    [callIdentitySpec, { key: 'k', x5u: X5U, origid: 'me' }, /UUID/],
    [trunkIdentitySpec, { keys: [] }, /keys/],
    [
      trunkIdentitySpec,
      {
        keys: [
          { x5u: X5U, file: 'a' },
          { x5u: X5U, file: 'b' },
        ],
      },
      /twice/,
    ],
    [trunkIdentitySpec, { keys: [{ x5u: X5U, file: 'a' }], freshness: '10ms' }, /1s or more/],
  ])('are refused', (spec, value, message) => {
    expect(spec.safeParse(value).error?.message).toMatch(message);
  });
});
