import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RegistrationResult } from '../../src/metrics/registration-metrics.js';
import type { Account } from '../../src/swarm/account-file.js';
import { type RegistrarAnswer, Registration, type RegistrationStep } from '../../src/swarm/registration.js';

const ALICE: Account = { user: 'alice', password: 'wonder', domain: null, authUser: null, realm: null };
const MD5 = 'Digest realm="test", nonce="n1", qop="auth"';

let names = 0;
const registrationOf = (account: Partial<Account> = {}, draw = 0): Registration =>
  new Registration(
    { ...ALICE, ...account },
    {
      uri: 'sip:192.0.2.1:5070',
      domain: '192.0.2.1',
      expiresMs: 600_000,
      refresh: 0.9,
      unique: () => `name-${names++}`,
      draw: () => draw,
    },
  );

function answer(status: number, headers: Record<string, string> = {}): RegistrarAnswer {
  return { status, missing: null, get: (name) => headers[name] };
}

const NONE: RegistrarAnswer = { status: 408, missing: 'timeout', get: () => undefined };

function again(step: RegistrationStep | null): Record<string, string> {
  if (step === null || !('again' in step)) throw new Error('the attempt has ended');
  return step.again;
}

function result(step: RegistrationStep | null): RegistrationResult {
  if (step === null || !('result' in step)) throw new Error('the attempt goes on');
  return step.result;
}

/** A registration that was granted so many seconds at 0. */
function registered(seconds = 600, draw = 0): Registration {
  const registration = registrationOf({}, draw);
  registration.begin('register', 0);
  result(registration.answer(answer(200, { Expires: String(seconds) }), 0));
  return registration;
}

const field = (header: string, name: string): string => new RegExp(`${name}="?([^",]+)`).exec(header)?.[1] ?? '';

describe('an account', () => {
  it('registers its address of record under the registrar, with the time that it wants', () => {
    const registration = registrationOf();
    const headers = registration.begin('register', 0);
    expect(registration.uri).toBe('sip:192.0.2.1:5070');
    expect(headers).toMatchObject({
      To: '<sip:alice@192.0.2.1>',
      From: expect.stringMatching(/^<sip:alice@192\.0\.2\.1>;tag=name-\d+$/),
      CSeq: '1 REGISTER',
      Contact: '<sip:alice@localhost>',
      Expires: '600',
    });
    expect(headers).not.toHaveProperty('Authorization');
  });

  it('registers at its own domain where it has one, and answers by its own name', () => {
    const registration = registrationOf({ domain: 'example.net', authUser: 'alice-1' });
    expect(registration.begin('register', 0).To).toBe('<sip:alice@example.net>');
    const { Authorization } = again(registration.answer(answer(401, { 'WWW-Authenticate': MD5 }), 5));
    expect([registration.uri, field(Authorization, 'username'), field(Authorization, 'uri')]).toEqual([
      'sip:example.net',
      'alice-1',
      'sip:example.net',
    ]);
  });

  it.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
  ])('answers a challenge by %s within the same call, and counts it as one attempt', (algorithm, hash) => {
    const registration = registrationOf();
    const first = registration.begin('register', 100);
    const challenge = `${MD5}, algorithm=${algorithm}`;
    const second = again(registration.answer(answer(401, { 'WWW-Authenticate': challenge }), 110));
    expect([second['Call-ID'], second.From, second.CSeq]).toEqual([first['Call-ID'], first.From, '2 REGISTER']);
    const { Authorization: header } = second;
    const digest = (text: string): string => createHash(hash).update(text).digest('hex');
    const [a1, a2] = [digest('alice:test:wonder'), digest('REGISTER:sip:192.0.2.1:5070')];
    const expected = digest(`${a1}:n1:00000001:${field(header, 'cnonce')}:auth:${a2}`);
    expect(field(header, 'response')).toBe(expected);
    expect(result(registration.answer(answer(200), 130))).toEqual({
      kind: 'register',
      isOk: true,
      status: 200,
      response: '200',
      delayMs: 30,
      challenges: 1,
      otherRealm: null,
      isFirst: true,
      change: 1,
    });
  });

  it('answers a challenge of its realm alone, and tells of another one', () => {
    const both = `Digest realm="elsewhere", nonce="n0", qop="auth", ${MD5}`;
    const registration = registrationOf({ realm: 'test' });
    registration.begin('register', 0);
    const { Authorization } = again(registration.answer(answer(401, { 'WWW-Authenticate': both }), 0));
    expect([field(Authorization, 'realm'), field(Authorization, 'nonce')]).toEqual(['test', 'n1']);
    expect(result(registration.answer(answer(200), 0))).toMatchObject({ isOk: true, otherRealm: null });

    const stranger = registrationOf({ realm: 'Test' });
    stranger.begin('register', 0);
    const refused = result(stranger.answer(answer(401, { 'WWW-Authenticate': MD5 }), 0));
    expect(refused).toMatchObject({ isOk: false, status: 401, challenges: 0, otherRealm: 'test' });
  });

  it('refreshes with the nonce that it has, counted up, and answers a stale one', () => {
    const registration = registrationOf();
    registration.begin('register', 0);
    registration.answer(answer(401, { 'WWW-Authenticate': MD5 }), 0);
    registration.answer(answer(200), 0);
    const refresh = registration.begin('refresh', 500_000);
    expect([refresh.CSeq, field(refresh.Authorization, 'nonce'), field(refresh.Authorization, 'nc')]).toEqual([
      '3 REGISTER',
      'n1',
      '00000002',
    ]);
    const stale = 'Digest realm="test", nonce="n2", qop="auth", stale=true';
    const anew = again(registration.answer(answer(401, { 'WWW-Authenticate': stale }), 500_010));
    expect([field(anew.Authorization, 'nonce'), field(anew.Authorization, 'nc')]).toEqual(['n2', '00000001']);
    expect(result(registration.answer(answer(200), 500_020))).toMatchObject({ kind: 'refresh', isOk: true, change: 0 });
  });

  it('does not try credentials again that were refused', () => {
    const registration = registrationOf();
    registration.begin('register', 0);
    again(registration.answer(answer(401, { 'WWW-Authenticate': MD5 }), 0));
    const refused = result(registration.answer(answer(401, { 'WWW-Authenticate': MD5.replace('n1', 'n2') }), 0));
    expect(refused).toMatchObject({ isOk: false, response: '401', change: 0 });
    expect([registration.dueMs, registration.isRegistered]).toEqual([null, false]);
  });

  it('asks for the longer time that the registrar wants, from then on', () => {
    const registration = registrationOf();
    registration.begin('register', 0);
    expect(again(registration.answer(answer(423, { 'Min-Expires': '3600' }), 0)).Expires).toBe('3600');
    result(registration.answer(answer(200, { Expires: '3600' }), 0));
    expect(registration.begin('refresh', 0).Expires).toBe('3600');
  });

  it('gives up on a registrar that wants longer without end, or no longer time at all', () => {
    const endless = registrationOf();
    endless.begin('register', 0);
    for (let n = 1; n <= 3; n++) again(endless.answer(answer(423, { 'Min-Expires': String(600 + n) }), 0));
    expect(result(endless.answer(answer(423, { 'Min-Expires': '700' }), 0)).response).toBe('423');
    const none = registrationOf();
    none.begin('register', 0);
    expect(result(none.answer(answer(423), 0)).response).toBe('423');
  });

  it.each([
    ['Contact of its own among others', { Contact: '<sip:alice@h:9>;expires=60, <sip:alice@h:1;ob>;expires=100' }, 100],
    ['shortest of others', { Contact: '<sip:alice@h:9>;expires=90, <sip:alice@h:8>;expires=70' }, 70],
    ['Expires header', { Expires: '50', Contact: '<sip:alice@h:1>' }, 50],
    ['time that was asked for', {}, 600],
    ['least time of a second', { Expires: '0' }, 1],
  ])('is refreshed by the %s', (_what, headers: Record<string, string>, grantedS) => {
    const registration = registrationOf();
    registration.begin('register', 0);
    registration.contact = 'sip:alice@h:1';
    registration.answer(answer(200, headers), 1000);
    expect(registration.dueMs).toBeCloseTo(1000 + grantedS * 900);
  });

  it('is refreshed up to a tenth earlier, as it draws', () => {
    expect([registered(100, 0).dueMs, registered(100, 0.999_999).dueMs!]).toEqual([90_000, expect.closeTo(81_000, 0)]);
  });

  it.each([
    ['408', answer(408)],
    ['503', answer(503)],
    ['no answer', NONE],
  ])('comes again after %s, and is lost where that is too late', (_what, failure) => {
    const long = registered(600);
    long.begin('refresh', 540_000);
    expect(result(long.answer(failure, 540_000))).toMatchObject({ isOk: false, change: 0 });
    expect([long.dueMs, long.isRegistered]).toEqual([570_000, true]);
    const short = registered(100);
    short.begin('refresh', 90_000);
    expect(result(short.answer(failure, 90_000))).toMatchObject({ isOk: false, change: -1 });
    expect([short.dueMs, short.isRegistered]).toEqual([120_000, false]);
  });

  it('obeys Retry-After', () => {
    const registration = registrationOf();
    registration.begin('register', 0);
    registration.answer(answer(503, { 'Retry-After': '7' }), 100);
    expect(registration.dueMs).toBe(7100);
  });

  it('is lost at once when its refresh is forbidden, and never comes again', () => {
    const registration = registered();
    registration.begin('refresh', 0);
    expect(result(registration.answer(answer(403), 0))).toMatchObject({ response: '403', change: -1 });
    expect(registration.dueMs).toBeNull();
  });

  it('is taken off with the time 0, and stays so', () => {
    const registration = registered();
    expect(registration.begin('unregister', 0).Expires).toBe('0');
    expect(result(registration.answer(answer(200), 0))).toMatchObject({ kind: 'unregister', isOk: true, change: -1 });
    expect([registration.isRegistered, registration.dueMs]).toEqual([false, null]);
  });

  it('that forgets begins anew: another call, and no nonce', () => {
    const registration = registrationOf();
    const first = registration.begin('register', 0);
    registration.answer(answer(401, { 'WWW-Authenticate': MD5 }), 0);
    registration.answer(answer(200), 0);
    registration.forget();
    const anew = registration.begin('register', 0);
    expect(anew).toMatchObject({ CSeq: '1 REGISTER' });
    expect(anew).not.toHaveProperty('Authorization');
    expect(anew['Call-ID']).not.toBe(first['Call-ID']);
    expect(result(registration.answer(answer(200), 0))).toMatchObject({ isFirst: false, change: 0 });
  });

  it('takes no notice of an answer that it does not wait for', () => {
    expect(registered().answer(answer(403), 0)).toBeNull();
  });
});
