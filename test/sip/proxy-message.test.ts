import { describe, expect, test } from 'vitest';
import { parseMessage, type SipMessage } from '../../src/sip/message.js';
import {
  forwardedRequest,
  forwardedResponse,
  nextMaxForwards,
  passedBefore,
  preference,
  redirections,
  routingDigest,
} from '../../src/sip/proxy-message.js';

const message = (lines: string[], body = ''): SipMessage => parseMessage(`${lines.join('\r\n')}\r\n\r\n${body}`)!;

const REQUEST = message(
  [
    'INVITE sip:b@us SIP/2.0',
    'Via: SIP/2.0/UDP a:5060;branch=z9hG4bKa',
    'Route: <sip:us;lr>',
    'Record-Route: <sip:first;lr>',
    'f: <sip:a@a>;tag=1',
    'To: <sip:b@us>',
    'Call-ID: c',
    'CSeq: 7 INVITE',
    'Max-Forwards: 12',
    'X-Odd: kept',
    'Subject: old',
    'Content-Length: 2',
  ],
  'hi',
);

describe('a request on its way', () => {
  test('gets our Via and Record-Route on top, other Routes and one hop less; all else stays', () => {
    const text = forwardedRequest(REQUEST, {
      requestUri: 'sip:b@next',
      via: 'SIP/2.0/UDP us;branch=z9hG4bKu',
      routes: ['<sip:next;lr>'],
      recordRoutes: ['<sip:us;lr>'],
      paths: [],
      maxForwards: nextMaxForwards(REQUEST),
      maxBreadth: 5,
      headerLines: 'Subject: new\r\n',
      replaced: new Set(['subject']),
    });
    expect(text.split('\r\n')).toEqual([
      'INVITE sip:b@next SIP/2.0',
      'Via: SIP/2.0/UDP us;branch=z9hG4bKu',
      'Via: SIP/2.0/UDP a:5060;branch=z9hG4bKa',
      'Max-Forwards: 11',
      'Max-Breadth: 5',
      'Record-Route: <sip:us;lr>',
      'Record-Route: <sip:first;lr>',
      'Route: <sip:next;lr>',
      'f: <sip:a@a>;tag=1',
      'To: <sip:b@us>',
      'Call-ID: c',
      'CSeq: 7 INVITE',
      'X-Odd: kept',
      'Subject: new',
      'Content-Length: 2',
      '',
      'hi',
    ]);
  });

  test('has 70 hops before it when it does not say', () => {
    expect(nextMaxForwards(message(['OPTIONS sip:b SIP/2.0', 'Via: x']))).toBe(70);
    expect(nextMaxForwards(message(['OPTIONS sip:b SIP/2.0', 'Max-Forwards: 0']))).toBe(-1);
  });

  test('loops when it comes back to the same decision, and only spirals with another Request-URI', () => {
    const digest = routingDigest(REQUEST);
    const back = (uri: string): SipMessage =>
      message([
        `INVITE ${uri} SIP/2.0`,
        'Via: SIP/2.0/UDP far:5060;branch=z9hG4bKx',
        `Via: SIP/2.0/UDP us:5060;branch=z9hG4bKu.${digest}, SIP/2.0/UDP a:5060;branch=z9hG4bKa`,
        'Route: <sip:us;lr>',
        'From: <sip:a@a>;tag=1',
        'To: <sip:b@us>',
        'Call-ID: c',
        'CSeq: 7 INVITE',
      ]);
    const same = back('sip:b@us');
    expect(passedBefore(same, routingDigest(same), ['us:5060'])).toBe(true);
    expect(passedBefore(same, routingDigest(same), ['other:5060'])).toBe(false);
    const spiral = back('sip:b2@us');
    expect(passedBefore(spiral, routingDigest(spiral), ['us:5060'])).toBe(false);
  });
});

describe('a response on its way back', () => {
  test.each([
    [['Via: SIP/2.0/UDP us;branch=1', 'Via: SIP/2.0/UDP a;branch=2']],
    [['v: SIP/2.0/UDP us;branch=1, SIP/2.0/UDP a;branch=2']],
  ])('of %j loses our Via alone', (vias) => {
    const response = message(['SIP/2.0 486 Busy', ...vias, 'To: x'], 'body');
    expect(forwardedResponse(response, null)).toBe(
      'SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP a;branch=2\r\nTo: x\r\nContent-Length: 4\r\n\r\nbody',
    );
  });

  test('goes on by preference: 6xx, then the lowest class, within it what the caller can act upon', () => {
    const order = [302, 404, 407, 408, 500, 503, 603].sort((a, b) => preference(a) - preference(b));
    expect(order).toEqual([603, 302, 407, 404, 408, 500, 503]);
  });

  test('of 3xx names its Contacts by q, without what is no SIP URI', () => {
    const moved = message([
      'SIP/2.0 302 Moved',
      'Contact: <sip:c@x>;q=0.2, <sip:a@x?Subject=y>',
      'm: sip:b@x;q=0.5, <tel:1>',
    ]);
    expect(redirections(moved)).toEqual(['sip:a@x', 'sip:b@x', 'sip:c@x']);
  });
});
