import { describe, expect, test } from 'vitest';
import { linesOf, passedHeaders, takeOut, withoutTag } from '../../src/relay/b2bua/passed-headers.js';
import { Places } from '../../src/relay/b2bua/places.js';

function invite(...lines: string[]): string {
  return ['INVITE sip:bob@relay.test SIP/2.0', ...lines, '', ''].join('\r\n');
}

describe('headers on their way to the other leg', () => {
  test('leave those behind that belong to their own', () => {
    const headers = passedHeaders(
      invite(
        'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
        'From: <sip:alice@relay.test>;tag=1',
        'To: <sip:bob@relay.test>',
        'Call-ID: 1',
        'CSeq: 1 INVITE',
        'm: <sip:alice@192.0.2.1>',
        'Max-Forwards: 70',
        'Route: <sip:192.0.2.8;lr>',
        'Record-Route: <sip:192.0.2.9;lr>',
        'Session-Expires: 1800;refresher=uac',
        'Min-SE: 90',
        'RAck: 1 1 INVITE',
        'X-Tried-Targets: <sip:192.0.2.1>',
        'l: 0',
        'X-Kept: yes',
      ),
    );
    expect(headers).toEqual({ 'X-Kept': 'yes' });
  });

  test('stay lines where there are several, and say which extensions both ends can use', () => {
    const headers = passedHeaders(
      invite(
        'Diversion: <sip:1@example.net>;reason=busy',
        'diversion: <sip:2@example.net>',
        'k: 100rel, timer, replaces, outbound',
        'Require: timer',
        's: Hello',
        'Privacy: id;header',
      ),
    );
    expect(headers).toEqual({
      Diversion: '<sip:1@example.net>;reason=busy\r\nDiversion: <sip:2@example.net>',
      supported: '100rel, replaces',
      subject: 'Hello',
      Privacy: 'id;header',
    });
  });

  test('are none where the text is no message', () => {
    expect(passedHeaders('')).toEqual({});
    expect(linesOf('no message', 'contact')).toEqual([]);
  });

  test('are taken out by any spelling', () => {
    const headers = { 'refer-TO': '<sip:c@d>', Other: '1' };
    expect(takeOut(headers, 'refer-to')).toBe('<sip:c@d>');
    expect(takeOut(headers, 'refer-to')).toBeUndefined();
    expect(headers).toEqual({ Other: '1' });
  });

  test('a From loses its tag and nothing else', () => {
    expect(withoutTag('"A;tag=no" <sip:a@b;user=phone>;tag=x-1;x=y')).toBe('"A;tag=no" <sip:a@b;user=phone>;x=y');
    expect(withoutTag('<sip:a@b>')).toBe('<sip:a@b>');
  });
});

describe('the places of the relay and its target', () => {
  const places = new Places(
    [
      { host: '198.51.100.7', port: 5080 },
      { host: '10.0.0.7', port: 5080 },
    ],
    { host: 'pbx.example.net', port: 5060 },
  );

  test('stand in for each other', () => {
    expect(places.towardsTarget('"A" <sip:alice@10.0.0.7:5080;user=phone>;x=1')).toBe(
      '"A" <sip:alice@pbx.example.net:5060;user=phone>;x=1',
    );
    expect(places.towardsPhone('<sip:bob@PBX.example.net>')).toBe('<sip:bob@198.51.100.7:5080>');
    expect(places.towardsPhone('sips:pbx.example.net:5060')).toBe('sips:198.51.100.7:5080');
  });

  test('are told from others by host and port', () => {
    for (const uri of ['sip:alice@10.0.0.7', 'sip:alice@10.0.0.7:5081', 'sip:alice@10.0.0.70:5080', 'tel:+4989'])
      expect(places.towardsTarget(uri)).toBe(uri);
    expect(places.isOwn('sip:x@198.51.100.7:5080;transport=tcp')).toBe(true);
    expect(places.isOwn('sip:x@198.51.100.7')).toBe(false);
    expect(places.isOwn('tel:+4989')).toBe(false);
  });
});
