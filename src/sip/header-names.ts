import { ownCopy } from './own-copy.js';

/** RFC 3261 20 (and registered extensions): one-letter forms of header names. */
const COMPACT: Record<string, string> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Names whose usual spelling is not "every word with a capital". */
const IRREGULAR: Record<string, string> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
  'mime-version': 'MIME-Version',
  rack: 'RAck',
  rseq: 'RSeq',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
};

/** Spellings seen so far; bounded, because the other side chooses them. */
const MAX_KNOWN = 2048;
const keys = new Map<string, string>();
const spellings = new Map<string, string>();
/** RFC 3261 25.1: header names are tokens. */
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/**
 * The lower-case long form of a header name as it was written: `f`, `FROM` and `From` are all `from`. `''` for what is no
 * header name.
 */
export function headerKey(written: string): string {
  const known = keys.get(written);
  if (known !== undefined) return known;
  if (!TOKEN.test(written)) return '';
  const name = ownCopy(written);
  const lower = name.toLowerCase();
  const key = Object.hasOwn(COMPACT, lower) ? COMPACT[lower] : lower;
  if (keys.size < MAX_KNOWN) keys.set(name, key);
  return key;
}

/** A header name as it was written, and its key. */
export interface HeaderName {
  readonly written: string;
  readonly key: string;
}

/** Names by a mark that costs next to nothing; of several with the same mark the first one stays. */
const marked: (HeaderName | undefined)[] = new Array(512).fill(undefined);

/** The header name at that place of a text; `null` for what is none. A known one is not cut out of the text again. */
export function headerNameAt(text: string, from: number, to: number): HeaderName | null {
  const middle = text.charCodeAt((from + to) >> 1);
  const mark = (text.charCodeAt(from) * 5 + middle * 11 + text.charCodeAt(to - 1) * 3 + (to - from) * 37) & 511;
  const known = marked[mark];
  if (known?.written.length === to - from && text.startsWith(known.written, from)) return known;
  const written = ownCopy(text.slice(from, to));
  const key = headerKey(written);
  if (key === '') return null;
  const name = { written, key };
  marked[mark] ??= name;
  return name;
}

/** The usual spelling of a header on the wire. A name that carries capitals of its own keeps them. */
export function headerSpelling(written: string): string {
  const known = spellings.get(written);
  if (known !== undefined) return known;
  const key = headerKey(written);
  let spelling = Object.hasOwn(IRREGULAR, key) ? IRREGULAR[key] : undefined;
  if (spelling === undefined) {
    spelling = /[A-Z]/.test(written)
      ? ownCopy(written)
      : key.replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase());
  }
  if (spellings.size < MAX_KNOWN) spellings.set(ownCopy(written), spelling);
  return spelling;
}
