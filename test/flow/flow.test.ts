import { describe, expect, it } from 'vitest';
import type { SrfCallError } from '../../src/drachtio/srf-types.js';
import { CallScope } from '../../src/flow/call-scope.js';
import { failureOf } from '../../src/flow/final-response.js';
import { q850Cause, retryAfterSeconds } from '../../src/flow/reason-header.js';
import { wireDelayMs } from '../../src/flow/wire-time.js';

describe('times of the SIP server', () => {
  it('are subtracted to the microsecond, across midnight too', () => {
    expect(wireDelayMs('12:00:00.000100', '12:00:00.050350')).toBeCloseTo(50.25, 6);
    expect(wireDelayMs('23:59:59.990000', '00:00:00.010000')).toBeCloseTo(20, 6);
    expect(wireDelayMs('12:00:00.000200', '12:00:00.000100')).toBe(0);
    expect(wireDelayMs(undefined, '12:00:00.000100')).toBeNull();
    expect(wireDelayMs('12:00:01', '12:00:02')).toBe(1000);
  });

  it.each([
    'noon',
    '12:00',
    '12:00:0x',
    '12-00-00',
    '12:00:00.',
    '12:00:00,5',
    '12:00:00.00x',
    `12:00:00.${'9'.repeat(400)}`,
  ])('are not read from %s', (text) => {
    expect(wireDelayMs(text, '12:00:00.000100')).toBeNull();
  });
});

describe('Reason and Retry-After', () => {
  it.each([
    ['Q.850;cause=34;text="No circuit"', 34],
    ['SIP;cause=200, Q.850 ;text="x" ;cause=17', 17],
    ['q.850; cause = 41', 41],
    ['SIP;cause=503', null],
    [undefined, null],
  ])('%s', (header, cause) => expect(q850Cause(header)).toBe(cause));

  it.each([
    ['120', 120],
    ['18000;duration=3600', 18_000],
    ['120 (I am in a meeting)', 120],
    ['soon', null],
  ])('%s', (header, seconds) => expect(retryAfterSeconds(header)).toBe(seconds));
});

describe('a failed attempt', () => {
  const error = (status: number, headers: Record<string, string>, port = 5060, reason = 'R'): SrfCallError =>
    Object.assign(new Error('x'), {
      status,
      reason,
      res: { get: (name: string) => headers[name], status, reason, source_port: port },
    }) as unknown as SrfCallError;

  it('was refused by the far end when its response has a To tag', () => {
    expect(failureOf(error(503, { to: '<sip:a@b>;tag=1', reason: 'Q.850;cause=34', 'retry-after': '5' }))).toEqual({
      cause: 'status',
      status: 503,
      reason: 'R',
      q850: 34,
      retryAfterS: 5,
    });
  });

  it('timed out or could not be sent when our own server made the response', () => {
    expect(failureOf(error(408, { to: '<sip:a@b>', reason: 'SIP;cause=408;text="Timer B"' }))).toMatchObject({
      cause: 'timeout',
      reason: 'Timer B',
      q850: null,
    });
    expect(failureOf(error(503, { to: '<sip:a@b>' }))).toMatchObject({ cause: 'transport' });
    expect(failureOf(error(408, { to: '<sip:a@b>;tag=9' }))).toMatchObject({ cause: 'status' });
    expect(failureOf(error(487, { to: '<sip:a@b>', reason: 'SIP;cause=487;text="200 after CANCEL"' }))).toMatchObject({
      cause: 'status',
      reason: '200 after CANCEL',
    });
    // A far end that forgets the tag still refused: our server never makes a 486.
    expect(failureOf(error(486, { to: '<sip:a@b>' }))).toMatchObject({ cause: 'status', status: 486 });
  });

  it.each([
    [408, 'Request Timeout', 'timeout', 408, 'no final response within 64·T1 (Timer B)'],
    [503, 'Service Unavailable', 'transport', 503, 'the request could not be sent'],
    [503, 'DNS Error', 'transport', 503, 'DNS Error'],
    [410, 'Gone', 'transport', 503, 'Gone'],
    [416, 'Unsupported URI Scheme', 'transport', 503, 'Unsupported URI Scheme'],
  ])(
    'never left a drachtio-server that names port 0 as the origin of a tagged %s %s',
    (status, phrase, cause, as, reason) => {
      expect(failureOf(error(status, { to: '<sip:a@b>;tag=cKNFc3Hm2cjNc' }, 0, phrase))).toEqual({
        cause,
        status: as,
        reason,
        q850: null,
        retryAfterS: null,
      });
    },
  );

  it('without any response is ours', () => {
    expect(failureOf(new Error('boom') as SrfCallError)).toMatchObject({
      cause: 'internal',
      status: null,
      reason: 'boom',
    });
  });
});

describe('the scope of a call', () => {
  it('turns a throw into the end of this one call', () => {
    const thrown: unknown[] = [];
    const scope = new CallScope((e) => thrown.push(e));
    const error = new Error('x');
    scope.guarded(() => {
      throw error;
    })();
    expect(thrown).toEqual([error]);
  });
});
