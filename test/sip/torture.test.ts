import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { headerParam, parseVia, uriOf } from '../../src/sip/header-values.js';
import { parseMessage, type SipMessage } from '../../src/sip/message.js';
import { checkMessage } from '../../src/sip/message-check.js';
import { parseSipUri } from '../../src/sip/uri.js';
import { headerIn } from '../loopback/sip-harness.js';
import { CoreBench } from './core-bench.js';

const folder = fileURLToPath(new URL('torture/', import.meta.url));
const textOf = (name: string): string => readFileSync(`${folder}${name}.dat`, 'latin1');

/** The message once it passed the checks. */
function valid(name: string): SipMessage {
  const message = parseMessage(textOf(name))!;
  expect(checkMessage(message)).toBeNull();
  return message;
}

/** Requests that reach the application, with the RFC's section. */
const ACCEPTED = [
  ['3.1.1.3', 'esc01'],
  ['3.1.1.4', 'escnull'],
  ['3.1.1.6', 'lwsdisp'],
  ['3.1.1.7', 'longreq'],
  ['3.1.1.8', 'dblreq'],
  ['3.1.1.9', 'semiuri'],
  ['3.1.1.10', 'transports'],
  ['3.1.1.11', 'mpart01'],
  // Faulty in a way that leaves no doubt of what was meant; the RFC lets these be accepted.
  ['3.1.2.9', 'lwsstart'],
  ['3.1.2.10', 'trws'],
  ['3.1.2.12', 'baddate'],
  ['3.1.2.14', 'badaspec'],
  ['3.1.2.15', 'baddn'],
  ['3.2.1', 'badbranch'],
  // For the application to judge: schemes, body types (our trunk answers 415), credentials and Accept are its own affair.
  ['3.3.4', 'unksm2'],
  ['3.3.6', 'invut'],
  ['3.3.7', 'regaut01'],
  ['3.3.15', 'sdp01'],
  // Only a proxy may not forward it.
  ['3.3.11', 'zeromf'],
  ['3.3.12', 'cparam01'],
  ['3.3.13', 'cparam02'],
  ['3.3.14', 'regescrt'],
  ['3.4.1', 'inv2543'],
  ['5118 4.1', 'ipv6-good'],
  ['5118 4.3', 'port-ambiguous'],
  ['5118 4.4', 'port-unambiguous'],
  ['5118 4.5', 'via-received-param-no-delim'],
  ['5118 4.6', 'ipv6-in-sdp'],
  ['5118 4.8', 'mult-ip-in-sdp'],
  ['5118 4.9', 'ipv4-mapped-ipv6'],
  ['5118 4.10', 'ipv6-bug-abnf-3-colons'],
] as const;

/** Requests that are answered before the application hears of them. */
const ANSWERED = [
  // Well-formed, but of a dialog that nobody knows.
  ['3.1.1.1', 'wsinv', 481, 'Call/Transaction Does Not Exist'],
  ['3.1.1.2', 'intmeth', 501, 'Not Implemented'],
  ['3.1.1.5', 'esc02', 501, 'Not Implemented'],
  ['3.1.2.1', 'badinv01', 400, 'Invalid Via'],
  ['3.1.2.2', 'clerr', 400, 'Body shorter than Content-Length'],
  ['3.1.2.3', 'ncl', 400, 'Invalid Content-Length'],
  ['3.1.2.4', 'scalar02', 400, 'Invalid CSeq'],
  ['3.1.2.6', 'quotbal', 400, 'Invalid To'],
  ['3.1.2.7', 'ltgtruri', 400, 'Invalid Request-URI'],
  ['3.1.2.8', 'lwsruri', 400, 'Invalid Request-URI'],
  ['3.1.2.11', 'escruri', 400, 'Invalid Request-URI'],
  ['3.1.2.13', 'regbadct', 400, 'Invalid Contact'],
  ['3.1.2.16', 'badvers', 505, 'Version Not Supported'],
  ['3.1.2.17', 'mismatch01', 400, 'CSeq does not match method'],
  ['3.1.2.18', 'mismatch02', 400, 'CSeq does not match method'],
  ['3.3.1', 'insuf', 400, 'Missing from'],
  ['3.3.2', 'unkscm', 416, 'Unsupported URI Scheme'],
  ['3.3.3', 'novelsc', 416, 'Unsupported URI Scheme'],
  ['3.3.5', 'bext01', 420, 'Bad Extension'],
  ['3.3.8', 'multi01', 400, 'Several from'],
  ['3.3.9', 'mcl01', 400, 'Several content-length'],
  ['5118 4.2', 'ipv6-bad', 400, 'Invalid Request-URI'],
  // BYEs outside any dialog.
  ['5118 4.5', 'via-received-param-with-delim', 481, 'Call/Transaction Does Not Exist'],
  ['5118 4.7', 'mult-ip-in-header', 481, 'Call/Transaction Does Not Exist'],
] as const;

/** Responses, which belong to no request of ours: well-formed ones are counted as strays, others as malformed. */
const RESPONSES = [
  ['3.1.1.12', 'unreason', 'strays'],
  ['3.1.1.13', 'noreason', 'strays'],
  ['3.1.2.5', 'scalarlg', 'malformed'],
  ['3.1.2.19', 'bigcode', 'malformed'],
  ['3.3.10', 'bcast', 'strays'],
] as const;

let bench: CoreBench;
beforeEach(() => {
  bench = new CoreBench();
});

describe('torture messages of RFC 4475 and RFC 5118', () => {
  test.each(ACCEPTED)('%s %s reaches the application', (_section, name) => {
    bench.receive(textOf(name));
    expect(bench.requests).toHaveLength(1);
    expect(bench.sent.filter(({ text }) => !text.startsWith('SIP/2.0 100'))).toEqual([]);
  });

  test.each(ANSWERED)('%s %s is answered %i %s', (_section, name, status, phrase) => {
    bench.receive(textOf(name));
    expect(bench.requests).toEqual([]);
    expect(bench.sent).toHaveLength(1);
    const [line] = bench.sent[0].text.split('\r\n');
    expect(line).toBe(`SIP/2.0 ${status} ${status === 400 ? 'Bad Request - ' : ''}${phrase}`);
    expect(bench.sent[0].text.length).toBeLessThan(textOf(name).length + 250);
  });

  test.each(RESPONSES)('%s %s is counted among the %s and answered by nothing', (_section, name, counter) => {
    bench.receive(textOf(name));
    expect(bench.layer.stats).toMatchObject({ strays: 0, malformed: 0, [counter]: 1 });
    expect(bench.sent).toEqual([]);
  });

  test('every file is in one of the lists', () => {
    const listed = [...ACCEPTED, ...ANSWERED, ...RESPONSES].map(([, name]) => `${name}.dat`).sort();
    expect(readdirSync(folder).sort()).toEqual(listed);
    expect(listed).toHaveLength(60);
  });
});

describe('what they mean', () => {
  test('wsinv: folds, blanks and compact names', () => {
    const message = valid('wsinv');
    expect([message.fromTag, message.toTag, message.cseqNumber]).toEqual(['from-wsinv', 'to-wsinv', 11]);
    expect(message.topVia).toMatchObject({ transport: 'UDP', host: '192.0.2.50', branch: 'oldstyle' });
    expect(message.headers('via')).toHaveLength(2);
    expect(headerParam(message.header('contact')!, 'q')).toBe('0.33');
    expect(message.header('unheard-of')).toBe('first line second line');
  });

  test('intmeth: a method and a Call-ID of odd characters are read whole', () => {
    const message = valid('intmeth');
    expect(message.method).toBe("!odd-Method0123_*+`.%x'~");
    expect(message.fromTag).toBe("_t~1'+`*%!-.");
    expect(message.topVia!.branch).toBe("z9hG4bK-.!%66*_+`'~");
    expect(parseSipUri(message.requestUri)!.host).toBe('example.com');
  });

  test('esc01, escnull, semiuri: escapes and semicolons stay within the user part', () => {
    expect(parseSipUri(valid('esc01').requestUri)).toMatchObject({
      user: 'sips%3Auser%40example.com',
      host: 'example.net',
    });
    expect(parseSipUri(uriOf(valid('esc01').header('contact')!))).toMatchObject({
      host: '192.0.2.50',
      looseRouting: true,
    });
    expect(valid('escnull').headers('contact').map(uriOf)).toEqual(['sip:%00@192.0.2.50', 'sip:%00%00@192.0.2.50']);
    expect(parseSipUri(valid('semiuri').requestUri)).toMatchObject({
      user: 'user;par=u%40example.net',
      host: 'example.com',
    });
  });

  test('esc02: escapes in names of methods and headers are no escapes', () => {
    const message = valid('esc02');
    expect(message.method).toBe('RE%47IST%45R');
    expect(message.headers('contact')).toEqual(['<sip:alias1@192.0.2.50>']);
  });

  test('lwsdisp, badaspec, baddn: the URI is found whatever stands before it', () => {
    expect(uriOf(valid('lwsdisp').header('from')!)).toBe('sip:tester@example.net');
    expect(uriOf(valid('badaspec').header('to')!)).toBe('sip:watson@example.org');
    expect(uriOf(valid('baddn').header('from')!)).toBe('sip:bell@example.com');
    expect(valid('baddn').fromTag).toBe('43');
  });

  test('longreq: nothing is too long, no line is lost', () => {
    const message = valid('longreq');
    expect(message.headers('via')).toHaveLength(34);
    expect(message.callId).toHaveLength(8 + 240);
    expect(message.body).toContain('m=audio');
  });

  test('dblreq: the message ends where its Content-Length says', () => {
    bench.receive(textOf('dblreq'));
    expect(bench.requests.map(({ method }) => method)).toEqual(['REGISTER']);
    expect(bench.requests[0].transaction.request!.raw).not.toContain('INVITE');
  });

  test('mpart01: a binary body comes through byte by byte', () => {
    const { body } = valid('mpart01');
    for (let byte = 0; byte < 256; byte++) expect(body).toContain(String.fromCharCode(byte));
    expect(body).toHaveLength(Number(valid('mpart01').header('content-length')));
  });

  test('bext01: the 420 lists what was required of us, not of proxies', () => {
    bench.receive(textOf('bext01'));
    expect(headerIn(bench.sent[0].text, 'Unsupported')).toBe('nothingSupportsThis, norThis');
  });

  test('badbranch: without anything behind the cookie requests are told apart by their other fields', () => {
    bench.receive(textOf('badbranch'));
    bench.receive(textOf('badbranch').replaceAll('badbranch@', 'other@'));
    bench.receive(textOf('badbranch'));
    expect(bench.requests).toHaveLength(2);
    expect(bench.layer.stats.retransmissionsReceived).toBe(1);
  });

  test('inv2543: a caller without tag and branch is answered, and its retransmission known', () => {
    bench.receive(textOf('inv2543'));
    bench.receive(textOf('inv2543'));
    expect(bench.requests).toHaveLength(1);
    const dialog = bench.respond('INVITE', 200)!;
    expect(dialog.routeSet).toEqual(['<sip:UserB@example.com;maddr=ss1.example.com>']);
    expect(dialog.remoteTag).toBe('');
  });

  test('a port belongs to an IPv6 address only behind its brackets', () => {
    expect(parseSipUri(valid('port-ambiguous').requestUri)).toMatchObject({ host: '2001:db8::10:5070', port: null });
    expect(parseSipUri(valid('port-unambiguous').requestUri)).toMatchObject({ host: '2001:db8::10', port: 5070 });
  });

  test('Vias name IPv6 addresses in brackets, their `received` with or without', () => {
    for (const name of ['via-received-param-with-delim', 'via-received-param-no-delim']) {
      const line = valid(name).header('via')!;
      expect(parseVia(line)).toMatchObject({ host: '[2001:db8::9:1]', port: null });
      expect(line).toMatch(/received=\[?2001:db8::9:255/);
    }
    expect(valid('ipv4-mapped-ipv6').topVia).toMatchObject({ host: '[::ffff:192.0.2.50]', port: 19823 });
    expect(
      valid('mult-ip-in-header')
        .headers('via')
        .map((line) => parseVia(line)!.transport),
    ).toEqual(['UDP', 'UDP', 'TCP']);
  });
});
