import { describe, expect, it } from 'vitest';
import type { SrfResult } from '../../src/drachtio/srf-types.js';
import { CallCredentials, challengerOf, explained, type KnownChallenges } from '../../src/flow/call-credentials.js';
import type { Failure } from '../../src/flow/final-response.js';
import { callSpec } from '../../src/flow/spec.js';

const challenge = (status: 401 | 407, rest: string): SrfResult => {
  const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
  return { status, get: (asked: string) => (asked === name ? `Digest ${rest}` : undefined) } as unknown as SrfResult;
};

describe('the credentials of a call', () => {
  it('answer a proxy and the callee in one request, each with a count of its own nonce', () => {
    const credentials = new CallCredentials({ username: 'alice', password: 'x' });
    expect(credentials.learn(challenge(407, 'realm="proxy", nonce="1", qop="auth"'))).toBe(true);
    credentials.headers('INVITE', 'sip:b@c');
    expect(credentials.learn(challenge(401, 'realm="callee", nonce="2", qop="auth"'))).toBe(true);
    const headers = credentials.headers('INVITE', 'sip:b@c');
    expect(headers['Proxy-Authorization']).toMatch(/realm="proxy".*nc=00000002/);
    expect(headers.Authorization).toMatch(/realm="callee".*nc=00000001/);
  });

  it('are refused by a second challenge of the same realm, unless only its nonce is too old', () => {
    const credentials = new CallCredentials({ username: 'alice', password: 'x' });
    expect(credentials.learn(challenge(401, 'realm="a", nonce="1"'))).toBe(true);
    credentials.headers('INVITE', 'sip:b@c');
    expect(credentials.learn(challenge(401, 'realm="a", nonce="2", stale=true'))).toBe(true);
    expect(credentials.headers('INVITE', 'sip:b@c').Authorization).toContain('nonce="2"');
    expect(credentials.learn(challenge(401, 'realm="a", nonce="3"'))).toBe(false);
  });

  it('go with later requests, the nonce counted up; one that was used before may be refused without being called stale', () => {
    const credentials = new CallCredentials({ username: 'alice', password: 'x' });
    credentials.learn(challenge(401, 'realm="a", nonce="1", qop="auth"'));
    credentials.headers('INVITE', 'sip:b@c');
    expect(credentials.headers('BYE', 'sip:b@c').Authorization).toMatch(/nonce="1".*nc=00000002/);
    expect(credentials.learn(challenge(401, 'realm="a", nonce="2", qop="auth"'))).toBe(true);
    expect(credentials.headers('BYE', 'sip:b@c').Authorization).toMatch(/nonce="2".*nc=00000001/);
    expect(credentials.learn(challenge(401, 'realm="a", nonce="3", qop="auth"'))).toBe(false);
  });

  it('are those of the call before where calls share them, and none before the first challenge', () => {
    const shared: KnownChallenges = new Map();
    const [first, second] = [1, 2].map(() => new CallCredentials({ username: 'alice', password: 'x' }, shared));
    expect(first.headers('INVITE', 'sip:b@c')).toEqual({});
    first.learn(challenge(407, 'realm="a", nonce="1", qop="auth"'));
    first.headers('INVITE', 'sip:b@c');
    expect(second.headers('INVITE', 'sip:d@c')['Proxy-Authorization']).toMatch(/nonce="1".*uri="sip:d@c".*nc=00000002/);
  });

  it('use the nonce that the server names as the next one (RFC 7616 3.5), counted from one', () => {
    const credentials = new CallCredentials({ username: 'alice', password: 'x' });
    credentials.learn(challenge(401, 'realm="a", nonce="1", opaque="o", qop="auth"'));
    credentials.headers('INVITE', 'sip:b@c');
    const info = 'qop=auth, rspauth="6629", cnonce="4f", nc=00000001, nextnonce="n\\"2"';
    const taken = { status: 200, get: (name: string) => (name === 'Authentication-Info' ? info : undefined) };
    expect(credentials.learn(taken as unknown as SrfResult)).toBe(false);
    expect(credentials.headers('BYE', 'sip:b@c').Authorization).toMatch(/nonce="n\\"2".*opaque="o".*nc=00000001/);
  });

  it('of one realm leave challenges of another one alone, and a failure says so', () => {
    const credentials = new CallCredentials({ username: 'alice', password: 'x', realm: 'pbx' });
    const failure: Failure = { cause: 'status', status: 407, reason: 'Denied', q850: null, retryAfterS: null };
    expect(credentials.learn(challenge(407, 'realm="proxy", nonce="1"'))).toBe(false);
    expect(explained(failure, credentials)).toEqual({
      ...failure,
      reason: 'challenged for the realm "proxy", and not for "pbx"',
    });
    expect(credentials.learn(challenge(401, 'realm="pbx", nonce="2"'))).toBe(true);
    expect(explained(failure, credentials)).toBe(failure);
    expect(credentials.headers('INVITE', 'sip:b@c')).toEqual({ Authorization: expect.stringContaining('nonce="2"') });
  });

  it('do not answer for ever, nor what they cannot answer', () => {
    const credentials = new CallCredentials({ username: 'alice', password: 'x' });
    expect(credentials.learn({ status: 403, get: () => undefined } as unknown as SrfResult)).toBe(false);
    expect(credentials.learn(challenge(401, 'realm="a", nonce="1", algorithm=UNKNOWN'))).toBe(false);
    let answered = 0;
    while (credentials.learn(challenge(401, `realm="a", nonce="${answered}", stale=true`))) answered++;
    expect(answered).toBe(6);
  });
});

describe('calls.credentials.reuse', () => {
  it.each(['often', 1, null])('is refused as %s', (reuse) => {
    const { error } = callSpec.safeParse({ credentials: { username: 'u', password: 'p', reuse } });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['credentials.reuse']);
  });
});

describe('the server that challenged', () => {
  const from = (protocol: string, port = 5062): SrfResult =>
    ({ source_address: '2001:db8::1', source_port: port, protocol }) as unknown as SrfResult;

  it('gets the next try where a name may lead to another one', () => {
    expect(challengerOf(from('tcp'), 'sip:trunk.example')).toBe('sip:[2001:db8::1]:5062;transport=tcp');
  });

  it.each([
    ['an address leads to it anyway', from('udp'), 'sip:b@192.0.2.1:5060'],
    ['its certificate is held to the name', from('tls'), 'sips:trunk.example'],
    ['nobody answered', from('udp', 0), 'sip:trunk.example'],
  ])('is not named where %s', (_, response, hop) => {
    expect(challengerOf(response, hop)).toBeUndefined();
  });
});
