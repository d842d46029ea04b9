import type { Rng } from '../../src/core/rng.js';

/** Changes a message; `other` is another one to take parts from. Messages are binary text, a character per byte. */
type Mutator = (text: string, rng: Rng, other: string) => string;

const below = (rng: Rng, n: number): number => Math.floor(rng.uniform() * n);
const pick = <T>(rng: Rng, list: readonly T[]): T => list[below(rng, list.length)];
const cut = (text: string, at: number, length: number, put: string): string =>
  text.slice(0, at) + put + text.slice(at + length);

const NUMBERS = [
  '0',
  '-1',
  '1',
  '255',
  '256',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '99999999999999999999',
  '1e9',
  '0x10',
  '00000000000000000001',
  '+5',
  '',
];
const ODD_BYTES = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '\x7f',
  '\x80',
  '\xff',
  '\xc3\x28',
  '\xed\xa0\x80',
  '\xfe',
  '"',
  '\\',
];
const SEPARATORS = [';', ',', '<', '>', '"', ':', '@', '=', '?', '/', '[', ']', '(', ')', '%', '%00', '%0d%0a', '\\'];
const URIS = [
  'sip:',
  'sip:@',
  'sip:a@',
  'sip:a@b@c',
  'sip:a@[::1',
  'sip:a@[::ffff:127.0.0.1]:5060',
  'sip:a@127.0.0.1:0',
  'sip:a@127.0.0.1:65536',
  'sip:a@127.0.0.1:99999999999',
  'sip:%00@127.0.0.1',
  'sip:a@127.0.0.1;maddr=127.0.0.1;transport=tls',
  'sip:a@127.0.0.1;transport=sctp',
  'sip:a@127.0.0.1?X=%0d%0aVia:x',
  'sips:a@127.0.0.1',
  'tel:+1;phone-context=b',
  'http://127.0.0.1/',
  '*',
  'sip:a@nowhere.invalid',
  'sip:a@127.0.0.1;lr;lr;lr;pxy=0000000000',
];
/** Lines that mean something to a parser, and some that must mean nothing. */
const LINES = [
  'Content-Length: 0',
  'l: 99999',
  'Content-Length: -1',
  'Via: SIP/2.0/UDP 127.0.0.1',
  'v: SIP/2.0/UDP ;branch=',
  'Max-Forwards: 0',
  'Route: <sip:127.0.0.1:9;lr>',
  'Record-Route: <',
  'To: "',
  'From: <sip:a@b>;tag=',
  'CSeq: 1',
  'Contact: *',
  'Contact: ,,,',
  'Require: ,',
  'RAck: 1 1',
  'Authorization: Digest',
  'Authorization: Digest ,,=,',
  'Proxy-Authorization: Basic',
  'WWW-Authenticate: Digest realm=',
  'Subscription-State: terminated',
  'Refer-To: <sip:',
  'Session-Expires: x;refresher=',
  'P-Asserted-Identity: ',
  ': no name',
  ' : blank name',
  'No colon at all',
  'X Y: two words',
  'Warning: 399 h "',
  'Content-Type: multipart/mixed;boundary="',
  '__proto__: 1',
  'constructor: 1',
];

/** The header lines of a message, and the rest; folded lines stay with their header. */
function taken(text: string): { lines: string[]; tail: string } {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  return { lines: head.split(/\r\n(?![ \t])/), tail: end < 0 ? '' : text.slice(end) };
}

function withLines(text: string, change: (lines: string[]) => void): string {
  const { lines, tail } = taken(text);
  change(lines);
  return lines.join('\r\n') + tail;
}

/** Replaces one match of `pattern`, which has the flag `g`. */
function atMatch(text: string, pattern: RegExp, rng: Rng, put: (found: string) => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const match = pick(rng, matches);
  return cut(text, match.index, match[0].length, put(match[0]));
}

export const MUTATORS: Readonly<Record<string, Mutator>> = {
  flipBits: (text, rng) => {
    let result = text;
    for (let n = 1 + below(rng, 8); n > 0; n--) {
      const at = below(rng, result.length);
      result = cut(result, at, 1, String.fromCharCode(result.charCodeAt(at) ^ (1 << below(rng, 8))));
    }
    return result;
  },
  oddByte: (text, rng) => cut(text, below(rng, text.length), below(rng, 2), pick(rng, ODD_BYTES)),
  separator: (text, rng) => cut(text, below(rng, text.length), below(rng, 2), pick(rng, SEPARATORS)),
  truncate: (text, rng) => text.slice(0, below(rng, text.length)),
  remove: (text, rng) => cut(text, below(rng, text.length), below(rng, 40), ''),
  repeatPart: (text, rng) => {
    const at = below(rng, text.length);
    const part = text.slice(at, at + 1 + below(rng, 60));
    return cut(text, at, 0, part.repeat(1 + below(rng, 20)));
  },
  splice: (text, rng, other) => text.slice(0, below(rng, text.length)) + other.slice(below(rng, other.length)),
  concatenate: (text, _rng, other) => text + other,
  headerFlood: (text, rng) => {
    const count = [10, 20, 40, 100, 200, 400, 600, 3000][below(rng, 8)];
    const line = rng.uniform() < 0.5 ? `X-${below(rng, 1e6)}: flood` : pick(rng, LINES);
    return withLines(text, (lines) => lines.splice(1, 0, ...new Array<string>(count).fill(line)));
  },
  longValue: (text, rng) => {
    const filler = pick(rng, ['a', ' ', '\t', ';', ',', '<', '"', '\\', '%', ';a', ', <', '\r\n ', '(']);
    const length = [100, 300, 1000, 1000, 4000, 4000, 20_000, 60_000][below(rng, 8)];
    return withLines(text, (lines) => {
      const i = below(rng, lines.length);
      const at = below(rng, lines[i].length);
      lines[i] = cut(lines[i], at, 0, filler.repeat(Math.ceil(length / filler.length)));
    });
  },
  newNames: (text, rng) => {
    const name = () => `X-${below(rng, 2 ** 31).toString(36)}-of-some-length-${below(rng, 2 ** 31).toString(36)}`;
    return withLines(text, (lines) => {
      for (let n = 1 + below(rng, 10); n > 0; n--) lines.push(`${name()}: ${'v'.repeat(below(rng, 200))}`);
    });
  },
  fold: (text, rng) =>
    withLines(text, (lines) => {
      const i = below(rng, lines.length);
      const at = below(rng, lines[i].length);
      lines[i] = cut(lines[i], at, 0, pick(rng, ['\r\n ', '\r\n\t', '\n ', '\r\n  \r\n ', '\r\n \r\n', ' \r\n ']));
    }),
  number: (text, rng) => atMatch(text, /\d+/g, rng, () => pick(rng, NUMBERS)),
  contentLength: (text, rng) =>
    text.replace(
      /(Content-Length|\nl)(\s*:\s*)[^\r\n]*/i,
      (_, name: string, colon: string) => name + colon + pick(rng, NUMBERS),
    ),
  uri: (text, rng) => atMatch(text, /(?:sips?|tel):[^\s<>]*/gi, rng, () => pick(rng, URIS)),
  lineEnds: (text, rng) => {
    const end = pick(rng, ['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', '']);
    return rng.uniform() < 0.3 ? text.replaceAll('\r\n', end) : atMatch(text, /\r\n/g, rng, () => end);
  },
  leadingLines: (text, rng) => pick(rng, ['\r\n', '\n\n\n', '\r\n\r\n\r\n', ' ', '\0', '\r\n \r\n']) + text,
  addLine: (text, rng) => withLines(text, (lines) => lines.splice(1 + below(rng, lines.length), 0, pick(rng, LINES))),
  swapLines: (text, rng) =>
    withLines(text, (lines) => {
      const [a, b] = [below(rng, lines.length), below(rng, lines.length)];
      [lines[a], lines[b]] = [lines[b], lines[a]];
    }),
  dropLine: (text, rng) => withLines(text, (lines) => void lines.splice(below(rng, lines.length), 1)),
  doubleLine: (text, rng) =>
    withLines(text, (lines) => {
      const line = lines[below(rng, lines.length)];
      lines.splice(below(rng, lines.length + 1), 0, line);
    }),
  lineOfOther: (text, rng, other) =>
    withLines(text, (lines) => {
      const foreign = pick(rng, taken(other).lines);
      const i = below(rng, lines.length);
      const name = /^[^:]+:/.exec(foreign)?.[0].toLowerCase();
      const same = lines.findIndex((line) => name !== undefined && line.toLowerCase().startsWith(name));
      lines[same >= 0 && rng.uniform() < 0.8 ? same : i] = foreign;
    }),
  value: (text, rng, other) =>
    withLines(text, (lines) => {
      const i = 1 + below(rng, Math.max(1, lines.length - 1));
      const foreign = pick(rng, taken(other).lines);
      if (lines[i]) lines[i] = `${lines[i].split(':')[0]}:${foreign.slice(foreign.indexOf(':') + 1)}`;
    }),
  emptyValue: (text, rng) =>
    withLines(text, (lines) => {
      const i = 1 + below(rng, Math.max(1, lines.length - 1));
      if (lines[i]) lines[i] = `${lines[i].split(':')[0]}:${pick(rng, ['', ' ', ' ;', ' ,', ' <>', ' ""'])}`;
    }),
  tag: (text, rng) =>
    atMatch(text, /;tag=[^;\r\n]*/g, rng, () => pick(rng, ['', ';tag', ';tag=', ';tag="', ';tag=a;tag=b', ';TAG=x'])),
  branch: (text, rng) =>
    atMatch(text, /;branch=[^;\r\n]*/g, rng, () =>
      pick(rng, ['', ';branch', ';branch=', ';branch=z9hG4bK', ';branch=x', ';branch="q"']),
    ),
  cseq: (text, rng) =>
    text.replace(/CSeq: ?(\d+) (\w+)/i, (_, n: string, method: string) =>
      pick(rng, [
        `CSeq: ${method} ${n}`,
        `CSeq: ${n}${method}`,
        `CSeq: ${Number(n) + 1} ${method}`,
        `CSeq: ${n} ACK`,
        `CSeq: 0 ${method}`,
      ]),
    ),
  rport: (text, rng) =>
    text.replace(
      /;rport/,
      pick(rng, [';rport=1', ';rport=abc', ';received=1.2.3.4', ';maddr=127.0.0.1', '', ';ttl=255']),
    ),
  method: (text, rng) =>
    text.replace(/^\S+/, () =>
      pick(rng, ['invite', 'INVITE', 'BYE', 'CANCEL', 'ACK', 'PRACK', 'SIP/2.0', 'sip/2.0', '\xe9', '%49NVITE']),
    ),
  startLine: (text, rng, other) =>
    cut(
      text,
      0,
      text.indexOf('\r\n'),
      pick(rng, [
        taken(other).lines[0],
        '',
        'INVITE',
        'GET / HTTP/1.1',
        'SIP/2.0 200',
        'SIP/2.0 99999 x',
        'INVITE  SIP/2.0',
        'INVITE sip:a@b SIP/3.0',
      ]),
    ),
  compact: (text) =>
    text.replace(
      /\r\n(Via|From|To|Call-ID|Contact|Content-Length|Content-Type)/g,
      (_, name: string) =>
        `\r\n${{ Via: 'v', From: 'f', To: 't', 'Call-ID': 'i', Contact: 'm', 'Content-Length': 'l', 'Content-Type': 'c' }[name]}`,
    ),
};

const NAMES = Object.keys(MUTATORS);

/** One to three changes, now and then none. At most `mostBytes` long, so that it fits a datagram. */
export function mutate(text: string, other: string, rng: Rng, mostBytes = 65_000): string {
  let result = text;
  const changes = rng.uniform() < 0.04 ? 0 : 1 + below(rng, 3);
  for (let i = 0; i < changes; i++) {
    if (result === '') break;
    result = MUTATORS[NAMES[below(rng, NAMES.length)]](result, rng, other);
  }
  return result.length > mostBytes ? result.slice(0, mostBytes) : result;
}

/** Changes everything but the start line, so that it stays a response, or an ACK. */
export function mutateBelowStart(text: string, other: string, rng: Rng): string {
  const end = text.indexOf('\r\n') + 2;
  return text.slice(0, end) + mutate(text.slice(end), other, rng, 60_000);
}

/** The message with the Content-Length of its body, so that a stream stays in step. */
export function reframed(text: string): string {
  const { lines, tail } = taken(text.replace(/^[\r\n]+/, ''));
  const body = tail.slice(4);
  const kept = lines.filter((line) => !/^(?:content-length|l)[ \t]*:/i.test(line));
  return `${kept.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
