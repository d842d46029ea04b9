import { describe, expect, test } from 'vitest';
import { type Challenge, chooseChallenge, digestResponse } from '../../src/sip/digest.js';

const field = (value: string, name: string): string | undefined =>
  new RegExp(`(?:^Digest |, )${name}=(?:"([^"]*)"|([^",]*))`)
    .exec(value)
    ?.slice(1)
    .find((text) => text !== undefined);

describe('a digest', () => {
  const GET = { method: 'GET', uri: '/dir/index.html' };
  const rfc7616 = (algorithm: string): Challenge => ({
    realm: 'http-auth@example.org',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
    algorithm,
    qop: true,
    stale: false,
  });

  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('is that of RFC 7616 3.9.1 for %s', (algorithm, response) => {
    const user = { username: 'Mufasa', password: 'Circle of Life' };
    const value = digestResponse(rfc7616(algorithm), user, GET, 1, 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ');
    expect(field(value, 'response')).toBe(response);
    expect(field(value, 'algorithm')).toBe(algorithm);
    expect([field(value, 'nc'), field(value, 'qop')]).toEqual(['00000001', 'auth']);
    expect(field(value, 'opaque')).toBe('FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS');
  });

  test('is that of RFC 2617 3.5', () => {
    const challenge = { ...rfc7616('MD5'), realm: 'testrealm@host.com', nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' };
    const user = { username: 'Mufasa', password: 'Circle Of Life' };
    const value = digestResponse(challenge, user, GET, 1, '0a4f113b');
    expect(field(value, 'response')).toBe('6629fae49393a05397450978507c4ef1');
  });

  test('names no cnonce and no count where the server offers no qop, and no algorithm where it named none', () => {
    const challenge = { ...rfc7616('MD5'), algorithm: null, qop: false };
    const value = digestResponse(challenge, { username: 'a"b\\', password: 'c' }, GET, 3, 'x');
    expect(value).not.toMatch(/cnonce|nc=|qop|algorithm/);
    expect(value).toContain('username="a\\"b\\\\"');
  });

  test('counts the uses of a nonce in hexadecimal', () => {
    const value = digestResponse(rfc7616('SHA-256'), { username: 'a', password: 'b' }, GET, 26, 'x');
    expect(field(value, 'nc')).toBe('0000001a');
  });
});

describe('the challenge to answer', () => {
  test('is the topmost of an algorithm that we know', () => {
    const header =
      'Digest realm="a", nonce="0", algorithm=UNKNOWN,Digest realm="a, b", nonce="1", qop="auth,auth-int", ' +
      'algorithm=SHA-256,DIGEST realm="a", nonce="2", algorithm=MD5';
    expect(chooseChallenge(header)).toEqual({
      realm: 'a, b',
      nonce: '1',
      opaque: null,
      algorithm: 'SHA-256',
      qop: true,
      stale: false,
    });
  });

  test.each([
    ['of another scheme', 'Basic realm="a"'],
    ['that wants the body protected', 'Digest realm="a", nonce="1", qop="auth-int"'],
    ['without a nonce', 'Digest realm="a"'],
    ['that is none', ''],
  ])('is not one %s', (_, header) => {
    expect(chooseChallenge(header)).toBeNull();
  });

  test('tells of a nonce that grew old, and of an MD5 that goes without saying', () => {
    const challenge = chooseChallenge('Digest nonce=plain , stale=TRUE, realm="say \\"hi\\"", opaque=""');
    expect(challenge).toMatchObject({ stale: true, algorithm: null, realm: 'say "hi"', nonce: 'plain', opaque: '' });
  });
});
