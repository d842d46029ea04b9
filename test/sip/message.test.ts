import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerParam, parseVia, splitList, stampVia, tagOf, uriOf } from '../../src/sip/header-values.js';
import { parseMessage } from '../../src/sip/message.js';
import { checkMessage } from '../../src/sip/message-check.js';
import { parseSipUri } from '../../src/sip/uri.js';

const lines = (...all: string[]): string => all.join('\r\n');

const OPTIONS = lines(
  'OPTIONS sip:user@example.com SIP/2.0',
  'Via: SIP/2.0/UDP host:5070;branch=z9hG4bK1',
  'From: <sip:a@b>;tag=1',
  'To: <sip:user@example.com>',
  'Call-ID: x',
  'CSeq: 7 OPTIONS',
  'Content-Length: 0',
  '',
  '',
);

describe('parsing a message', () => {
  test('reads a tortuous but valid INVITE (after RFC 4475 3.1.1.1)', () => {
    const text = lines(
      'INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0',
      'TO :',
      ' sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n',
      'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
      '  ;',
      '  tag = 98asjd8',
      'MaX-fOrWaRdS: 0068',
      'Call-ID: wsinv.ndaksdj@192.0.2.1',
      'cseq: 0009',
      '  INVITE',
      'Via  : SIP  /   2.0',
      ' /UDP',
      '    192.0.2.2;branch=390skdjuw',
      's :',
      'NewFangledHeader:   newfangled value',
      ' continued newfangled value',
      'UnknownHeaderWithUnusualValue: ;;,,;;,;',
      'Content-Type: application/sdp',
      'Route:',
      ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
      'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
      '  branch  =   z9hG4bK9ikj8  ,',
      ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
      ' z9hG4bK30239',
      'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
      '      newvalue ;',
      '  secondparam ; q = 0.33',
      'l: 4',
      '',
      'v=0\nand more than was announced',
    );
    const message = parseMessage(text)!;
    expect(message.method).toBe('INVITE');
    expect([message.fromTag, message.toTag]).toEqual(['98asjd8', '1918181833n']);
    expect([message.cseqNumber, message.cseqMethod]).toEqual([9, 'INVITE']);
    expect(message.topVia).toMatchObject({ host: '192.0.2.2', port: null, branch: '390skdjuw' });
    expect(message.headers('via')).toHaveLength(2);
    expect(parseVia(message.headers('via')[1])).toMatchObject({
      transport: 'TCP',
      host: 'spindle.example.com',
      branch: 'z9hG4bK9ikj8',
    });
    expect(message.header('subject')).toBe('');
    expect(message.header('newfangledheader')).toBe('newfangled value continued newfangled value');
    expect(uriOf(message.header('contact')!)).toBe('sip:jdrosen@example.com');
    expect(headerParam(message.header('contact')!, 'q')).toBe('0.33');
    expect(checkMessage(message)).toBeNull();
    expect(message.body).toBe('v=0\n');
  });

  test('cuts the body to its Content-Length and skips empty lines before the message', () => {
    const message = parseMessage(`\r\n\r\n${OPTIONS.replace('Content-Length: 0', 'Content-Length: 3')}abcdef`)!;
    expect(checkMessage(message)).toBeNull();
    expect(message.body).toBe('abc');
    expect(message.raw.startsWith('OPTIONS')).toBe(true);
    expect(message.raw.endsWith('\r\n\r\nabc')).toBe(true);
  });

  test('accepts bare line feeds', () => {
    const message = parseMessage(OPTIONS.replaceAll('\r\n', '\n'))!;
    expect(checkMessage(message)).toBeNull();
    expect(message.callId).toBe('x');
  });

  test.each([
    ['empty', ''],
    ['no line end', 'OPTIONS sip:x SIP/2.0'],
    ['another protocol', OPTIONS.replace(' SIP/2.0', ' HTTP/1.1')],
    ['a method with a comma', OPTIONS.replace('OPTIONS sip', 'OPT,IONS sip')],
    ['a header without colon', OPTIONS.replace('Call-ID: x', 'Call-ID x')],
    ['a header without name', OPTIONS.replace('Call-ID: x', ': x')],
    ['a status beyond 699', 'SIP/2.0 700 No\r\n\r\n'],
    ['a status of two digits', 'SIP/2.0 20 No\r\n\r\n'],
  ])('refuses %s', (_name, text) => {
    expect(parseMessage(text)).toBeNull();
  });

  test.each([
    ['Missing via', OPTIONS.replace(/Via:.*\r\n/, ''), false],
    ['Missing to', OPTIONS.replace(/To:.*\r\n/, ''), true],
    ['Missing call-id', OPTIONS.replace(/Call-ID:.*\r\n/, ''), true],
    ['Invalid Via', OPTIONS.replace('SIP/2.0/UDP host', 'SIP/3.0/UDP host'), false],
    ['Invalid CSeq', OPTIONS.replace('7 OPTIONS', '36893488147419103232 OPTIONS'), true],
    ['CSeq does not match method', OPTIONS.replace('7 OPTIONS', '7 INVITE'), true],
    ['Invalid Max-Forwards', OPTIONS.replace('Call-ID', 'Max-Forwards: 300\r\nCall-ID'), true],
    ['Invalid Content-Length', OPTIONS.replace('Length: 0', 'Length: -999'), true],
    ['Body shorter than Content-Length', OPTIONS.replace('Length: 0', 'Length: 5'), true],
    ['Invalid Request-URI', OPTIONS.replace('sip:user@example.com SIP', '<sip:user@example.com> SIP'), true],
  ])('finds fault: %s', (reason, text, answerable) => {
    expect(checkMessage(parseMessage(text)!)).toEqual({ answerable, status: 400, reason });
  });

  test('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const message = parseMessage(Buffer.from(bytes).toString('latin1'));
        if (message) checkMessage(message);
      }),
    );
    fc.assert(
      fc.property(fc.nat(OPTIONS.length - 1), fc.string({ maxLength: 8 }), (at, noise) => {
        const message = parseMessage(OPTIONS.slice(0, at) + noise + OPTIONS.slice(at + 1));
        if (message) checkMessage(message);
      }),
    );
  });

  test('gives back every header and the body as they were written', () => {
    const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{1,12}$/);
    const value = fc.stringMatching(/^[!-9;-~]([ -~]{0,20}[!-~])?$/);
    const header = fc.tuple(token, value);
    fc.assert(
      fc.property(
        fc.array(header, { maxLength: 12 }),
        fc.string({ maxLength: 60, unit: 'binary-ascii' }),
        (headers, body) => {
          const text = `${lines('INFO sip:a@b SIP/2.0', ...headers.map(([n, v]) => `${n}: ${v}`), '', '')}${body}`;
          const message = parseMessage(text)!;
          expect(message.names.map((name, i) => [name, message.values[i]])).toEqual(headers);
          expect(message.body).toBe(body);
        },
      ),
    );
  });
});

describe('header values', () => {
  test('a tag in a display name or in the URI is not the tag', () => {
    expect(tagOf('"evil;tag=1" <sip:a@b;tag=2>;x=y;TAG=3')).toBe('3');
    expect(tagOf('sip:a@b;tag=4')).toBe('4');
    expect(tagOf('<sip:a@b;tag=5>')).toBeNull();
    expect(tagOf('<sip:a@b>;tagged=5')).toBeNull();
  });

  test('lists split at commas outside quotes and brackets', () => {
    expect(splitList('"a, b" <sip:x,y@z>;q=1, <sip:c>,sip:d')).toEqual(['"a, b" <sip:x,y@z>;q=1', '<sip:c>', 'sip:d']);
    expect(splitList(' ')).toEqual([]);
  });

  test('received and rport are written into the top Via only', () => {
    const line = 'SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa, SIP/2.0/UDP other;rport';
    expect(stampVia(line, parseVia(line)!, '192.0.2.1', 5566)).toBe(
      'SIP/2.0/UDP 10.0.0.1;rport=5566;branch=z9hG4bKa;received=192.0.2.1, SIP/2.0/UDP other;rport',
    );
    const plain = 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKb';
    expect(stampVia(plain, parseVia(plain)!, '192.0.2.1', 9)).toBe(plain);
  });
});

describe('URIs', () => {
  test('the parts that routing needs', () => {
    expect(parseSipUri('sip:bob;x=1:pw@[2001:db8::1]:5070;transport=TCP;lr;maddr=1.2.3.4?Subject=x')).toEqual({
      scheme: 'sip',
      user: 'bob;x=1',
      host: '2001:db8::1',
      port: 5070,
      transport: 'tcp',
      maddr: '1.2.3.4',
      looseRouting: true,
    });
    expect(parseSipUri('SIPS:example.com')).toMatchObject({
      scheme: 'sips',
      user: null,
      host: 'example.com',
      port: null,
    });
  });

  test.each(['tel:+123', 'sip:', 'sip:a@b:99999', 'http://x', 'sip:a b@c'])('%s is none', (text) => {
    expect(parseSipUri(text)).toBeNull();
  });
});
