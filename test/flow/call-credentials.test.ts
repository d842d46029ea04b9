import { describe, expect, it } from 'vitest';
import type { SrfResult } from '../../src/drachtio/srf-types.js';
import { CallCredentials, challengerOf } from '../../src/flow/call-credentials.js';

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
    expect(credentials.learn(challenge(401, 'realm="a", nonce="2", stale=true'))).toBe(true);
    expect(credentials.headers('BYE', 'sip:b@c').Authorization).toContain('nonce="2"');
    expect(credentials.learn(challenge(401, 'realm="a", nonce="3"'))).toBe(false);
  });

  it('do not answer for ever, nor what they cannot answer', () => {
    const credentials = new CallCredentials({ username: 'alice', password: 'x' });
    expect(credentials.learn({ status: 403, get: () => undefined } as unknown as SrfResult)).toBe(false);
    expect(credentials.learn(challenge(401, 'realm="a", nonce="1", algorithm=UNKNOWN'))).toBe(false);
    let answered = 0;
    while (credentials.learn(challenge(401, `realm="a", nonce="${answered}", stale=true`))) answered++;
    expect(answered).toBe(5);
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
