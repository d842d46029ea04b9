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

/** The lower-case long form of a header name as it was written: `f`, `FROM` and `From` are all `from`. */
export function headerKey(written: string): string {
  const known = keys.get(written);
  if (known !== undefined) return known;
  const lower = written.toLowerCase();
  const key = COMPACT[lower] ?? lower;
  if (keys.size < MAX_KNOWN) keys.set(written, key);
  return key;
}

/** The usual spelling of a header on the wire. A name that carries capitals of its own keeps them. */
export function headerSpelling(written: string): string {
  const known = spellings.get(written);
  if (known !== undefined) return known;
  const key = headerKey(written);
  let spelling = IRREGULAR[key];
  if (spelling === undefined) {
    spelling = /[A-Z]/.test(written)
      ? written
      : key.replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase());
  }
  if (spellings.size < MAX_KNOWN) spellings.set(written, spelling);
  return spelling;
}
