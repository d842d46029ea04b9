import { describe, expect, test } from 'vitest';
import { readableText } from '../../src/drachtio/readable-text.js';
import { headerKey, headerSpelling } from '../../src/sip/header-names.js';
import { parseMessage } from '../../src/sip/message.js';
import { checkMessage } from '../../src/sip/message-check.js';
import { headerIn, reply } from '../loopback/sip-harness.js';
import { CoreBench } from './core-bench.js';

const request = (method: string, change: Record<string, string | null> = {}, more = ''): string => {
  const headers: Record<string, string | null> = {
    Via: 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa',
    From: '<sip:you@192.0.2.9>;tag=f',
    To: '<sip:me@192.0.2.1>',
    'Call-ID': 'c',
    CSeq: `1 ${method}`,
    Contact: '<sip:you@192.0.2.9>',
    ...change,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return `${method} sip:me@192.0.2.1 SIP/2.0\r\n${lines.join('\r\n')}\r\n${more}\r\n`;
};

describe('names that would break what they are written into', () => {
  test.each([
    ['Call-ID', 'a\rb', 'Invalid Call-ID'],
    ['Call-ID', 'a|b', 'Invalid Call-ID'],
    ['Call-ID', '', 'Invalid Call-ID'],
    ['From', '<sip:a@b>;tag=a|b', 'Invalid From'],
    ['From', '', 'Invalid From'],
    ['From', ';tag=a', 'Invalid From'],
    ['To', '<sip:a@b>;tag="a b"', 'Invalid To'],
    ['To', '', 'Invalid To'],
  ])('%s %j is refused', (name, value, reason) => {
    expect(checkMessage(parseMessage(request('OPTIONS', { [name]: value }))!)).toEqual({
      answerable: true,
      status: 400,
      reason,
    });
  });

  test('a header name that is no token makes no message', () => {
    expect(parseMessage(request('OPTIONS', {}, 'two words: x\r\n'))).toBeNull();
    expect(parseMessage(request('OPTIONS', {}, 'a\rb: x\r\n'))).toBeNull();
    expect(headerKey('X\0')).toBe('');
  });

  test('headers called as what every object has are headers like others', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(headerKey(name)).toBe(name.toLowerCase());
      expect(typeof headerSpelling(name)).toBe('string');
      expect(parseMessage(request('OPTIONS', {}, `${name}: x\r\n`))!.header(name.toLowerCase())).toBe('x');
    }
  });

  test('a Contact or Record-Route with blanks never becomes a Request-URI of ours', () => {
    const bench = new CoreBench();
    const invite = bench.invite();
    bench.receive(reply(invite, '200 OK', 'a', 'Contact: <sip:x@192.0.2.9 x>\r\nRecord-Route: <sip:192.0.2.9 x>'));
    bench.within(bench.core.dialogs.named('call;from-tag=me')!, 'BYE');
    expect(bench.last('BYE')).toMatch(/^BYE \S+ SIP\/2\.0\r\n/);
    expect(headerIn(bench.last('BYE'), 'Route')).toBe('');
  });
});

test.each(['<>', '< >', 'sip:a b', '"x" <sip:a b>'])(
  'a call without a Contact whose From is %s would never hear of its end: it is refused',
  (from) => {
    const bench = new CoreBench();
    bench.receive(request('INVITE', { From: `${from};tag=f`, Contact: null }));
    expect(bench.requests).toEqual([]);
    expect(bench.last('SIP/2.0 4')).toMatch(/^SIP\/2\.0 400 Bad Request - Missing Contact\r\n/);
    bench.receive(request('INVITE', { From: `${from};tag=g`, Via: 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb' }));
    expect(bench.requests).toHaveLength(1);
  },
);

describe('floods', () => {
  test('a message of more header lines than a stream may have is dropped and counted, not answered', () => {
    const bench = new CoreBench();
    bench.receive(request('OPTIONS', {}, 'v: SIP/2.0/UDP a\r\n'.repeat(506)));
    expect(bench.requests).toHaveLength(1);
    bench.receive(request('OPTIONS', { CSeq: '2 OPTIONS' }, 'v: SIP/2.0/UDP a\r\n'.repeat(507)));
    expect(bench.layer.stats.malformed).toBe(1);
    expect(bench.sent).toEqual([]);
  });

  test('a header value, Request-URI or phrase of more than 8 KB makes a message that is dropped, too', () => {
    const bench = new CoreBench();
    const long = 'x'.repeat(8192);
    bench.receive(request('OPTIONS', { Subject: long }));
    expect(bench.requests).toHaveLength(1);
    bench.receive(request('OPTIONS', { CSeq: '2 OPTIONS', Subject: `${long}x` }));
    bench.receive(request('OPTIONS', { CSeq: '3 OPTIONS' }).replace('sip:me', `sip:${long}`));
    bench.receive(`SIP/2.0 200 ${long}x\r\nVia: SIP/2.0/UDP a;branch=b\r\n\r\n`);
    expect(bench.layer.stats).toMatchObject({ malformed: 3, strays: 0 });
    expect(bench.requests).toHaveLength(1);
    expect(bench.sent).toEqual([]);
  });

  test('a folded value of many blanks is read as quickly as it is long', () => {
    // The square of this length would take hours.
    const message = parseMessage(request('OPTIONS', { Subject: `a\r\n b${' '.repeat(5_000_000)}c` }))!;
    expect(message.header('subject')).toHaveLength(2 + 1 + 5_000_000 + 1);
  });

  test('what is remembered of a message does not keep the message', () => {
    const keep = (n: number): void => {
      const name = `X-a-name-of-some-length-${n}`;
      parseMessage(request('OPTIONS', {}, `${name}: ${'x'.repeat(100_000)}\r\n`));
    };
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1500; n++) keep(n);
    // 1,500 messages would be 150 MB, which no collection in between could free.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6);
  });
});

describe('a transaction that is over', () => {
  test('is told to whoever was asked, so that no late answer is tried', () => {
    const bench = new CoreBench();
    const ended: string[] = [];
    bench.core.handler.onServerEnd = ({ method }) => ended.push(method);
    bench.receive(request('OPTIONS'));
    bench.pass(64_000);
    expect(ended).toEqual(['OPTIONS']);
    expect(bench.requests[0].transaction.request).toBeNull();
  });

  test('a BYE that leads nowhere ends its dialog all the same', () => {
    const bench = new CoreBench();
    const invite = bench.invite();
    bench.receive(reply(invite, '200 OK', 'a', 'Contact: <gopher:x>'));
    const dialog = bench.core.dialogs.named('call;from-tag=me')!;
    bench.within(dialog, 'BYE');
    expect(bench.core.dialogs.size).toBe(0);
  });
});

describe('what an application is given to read', () => {
  const text = (raw: string): string => readableText(parseMessage(raw)!);

  test('is the message as it came, where it is plain', () => {
    const raw = request('INVITE');
    expect(text(raw)).toBe(raw);
  });

  test.each([
    ['lines that end with LF', request('OPTIONS').replaceAll('\r\n', '\n')],
    ['a folded line', request('OPTIONS').replace('From: ', 'From:\r\n ')],
    ['blanks in the start line', request('OPTIONS').replace('OPTIONS ', 'OPTIONS   ')],
    ['no end of the headers', request('OPTIONS').slice(0, -2)],
    ['half a line end at the end', request('OPTIONS').slice(0, -1)],
  ])('is written anew, where it has %s', (_what, raw) => {
    expect(text(raw)).toBe(request('OPTIONS'));
  });

  test('is a 200, where any 2xx says that the call is answered (RFC 3261 8.1.3.2)', () => {
    const answer = (status: string, method = 'INVITE'): string =>
      text(request(method).replace(/^.*\r\n/, `${status}\r\n`)).split('\r\n')[0];
    expect(answer('SIP/2.0 202 Accepted')).toBe('SIP/2.0 200 Accepted');
    expect(answer('SIP/2.0   299')).toBe('SIP/2.0 200');
    expect(answer('SIP/2.0 200 202 OK')).toBe('SIP/2.0 200 202 OK');
    expect(answer('SIP/2.0 302 Moved')).toBe('SIP/2.0 302 Moved');
    expect(answer('SIP/2.0 202 Accepted', 'SUBSCRIBE')).toBe('SIP/2.0 202 Accepted');
  });

  test('has a Contact wherever a dialog comes of it', () => {
    for (const contact of [null, '', ';x', ','])
      expect(headerIn(text(request('INVITE', { Contact: contact })), 'Contact')).toBe('<sip:you@192.0.2.9>');
    for (const contact of [
      '<sip:a@b>, ',
      '\u00a0sip:a@b',
      '<sip:a@b>,\u00a0',
      'sip:a@b,;x',
      '<sip:a@b>\r\nContact: ;x',
    ])
      expect(headerIn(text(request('INVITE', { Contact: contact })), 'Contact')).toBe('<sip:a@b>');
    for (const contact of ['"A" <sip:a@b>;x', 'sip:a@b;x=1', '<'])
      expect(text(request('INVITE', { Contact: contact }))).toBe(request('INVITE', { Contact: contact }));
    const answer = request('INVITE', { Contact: null }).replace(/^.*\r\n/, 'SIP/2.0 200 OK\r\n');
    expect(headerIn(text(answer), 'Contact')).toBe('<sip:me@192.0.2.1>');
    expect(text(request('OPTIONS', { Contact: null }))).not.toContain('Contact');
  });
});
