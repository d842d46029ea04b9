import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SrfCallError, SrfRequest } from '../../src/drachtio/srf-types.js';
import { calledNumber, callerNumber } from '../../src/identity/caller-number.js';
import { openSigner, openVerifier } from '../../src/identity/keys.js';
import type { Verdict } from '../../src/identity/passport.js';
import { callIdentitySpec, trunkIdentitySpec } from '../../src/identity/spec.js';
import { Harness, SDP } from '../loopback/sip-harness.js';
import { Scratch } from '../support/cli.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';

const OURS = 'https://certificates.example.net/ours.pem';
const THEIRS = 'https://kamailio.test/key.pem';

endKamailioAfterEach();
const scratch = new Scratch();
const file = (name: string, key: KeyObject, type: 'sec1' | 'pkcs8' | 'spki'): string =>
  `${scratch.path}/${scratch.write(name, key.export({ type, format: 'pem' } as never) as string)}`;
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ourKey = file('our-key.pem', ours.privateKey, 'pkcs8');
const theirPublic = file('their-public.pem', theirs.publicKey, 'spki');

beforeAll(() => {
  process.env.PUBLIC_KEY = file('our-public.pem', ours.publicKey, 'spki');
  process.env.PRIVATE_KEY = file('their-key.pem', theirs.privateKey, 'sec1');
});
afterAll(() => {
  delete process.env.PUBLIC_KEY;
  delete process.env.PRIVATE_KEY;
});

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.close());

/** Places a call through Kamailio's `secsipid`. @returns its status, and what we make of Kamailio's own signature */
async function place(identity: (from: string, to: string) => Promise<string | null>) {
  const kamailio = await Kamailio.start('identity');
  const caller = await harness.endpoint();
  const callee = await harness.endpoint();
  const verify = await openVerifier(trunkIdentitySpec.parse({ keys: [{ x5u: THEIRS, file: theirPublic }] }));
  const verdicts: Verdict[] = [];
  const signed: SrfRequest[] = [];
  callee.srf.invite((request, response) => {
    signed.push(request);
    const header = (name: string): string | undefined => request.get(name);
    const call = { identity: header('identity'), caller: callerNumber(header), called: calledNumber(header) };
    void verify(call).then((verdict) => {
      verdicts.push(verdict);
      callee.srf.createUAS(request, response, { localSdp: SDP }, () => {});
    });
  });
  const value = await identity('49301234', '49895678');
  const headers: Record<string, string> = {
    From: '<sip:49301234@127.0.0.1>',
    'X-Next': `sip:127.0.0.1:${callee.port}`,
    ...(value === null ? {} : { Identity: value }),
  };
  const status = await caller.srf
    .createUAC(`sip:49895678@127.0.0.1:${kamailio.port}`, { localSdp: SDP, headers, callingNumber: '49301234' })
    .then(
      (dialog) => dialog.destroy().then(() => 200),
      (error: SrfCallError) => error.status,
    );
  await kamailio.stop();
  return { status, verdicts, signed };
}

describe('Kamailio’s secsipid', () => {
  const sign = async (spec: object = {}) => openSigner(callIdentitySpec.parse({ key: ourKey, x5u: OURS, ...spec }), 1);

  it('finds our signature right, and we its own', async () => {
    const { status, verdicts, signed } = await place(await sign());
    expect(status).toBe(200);
    expect(signed[0].get('identity')).toContain(THEIRS);
    expect(verdicts).toEqual([{ attest: 'C' }]);
  });

  it('finds one wrong that was broken on its way, and one that is too old', async () => {
    const signer = await sign();
    const broken = await place(async (from, to) =>
      (await signer(from, to))!.replace(
        /\.([\w-])([\w-]*);/,
        (_all, first, rest) => `.${first === 'A' ? 'B' : 'A'}${rest};`,
      ),
    );
    expect(broken).toMatchObject({ status: 438, verdicts: [] });
    expect(await place(await sign({ age: '5m' }))).toMatchObject({ status: 438, verdicts: [] });
  });
});
