import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where a message claims to come from, and whom it is for. */
export interface Place {
  protocol: string;
  /** Of the sender, for Via and Contact: `host:port`. */
  here: string;
  /** Of the server: `host:port`. */
  server: string;
}

/** What names a dialog and a transaction within it; all fields are free to be wrong. */
export interface Names {
  callId: string;
  fromTag: string;
  /** `''` outside a dialog. */
  toTag: string;
  branch: string;
  cseq: number;
}

const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\n' +
  'a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n';

/** Header lines that belong to a method, and a body where it usually has one. */
const SPECIFIC: Record<string, [lines: string, body: string]> = {
  INVITE: ['Supported: 100rel, timer\r\nSession-Expires: 1800;refresher=uac\r\nContent-Type: application/sdp\r\n', SDP],
  UPDATE: ['Content-Type: application/sdp\r\n', SDP],
  PRACK: ['RAck: 1 1 INVITE\r\n', ''],
  INFO: ['Info-Package: dtmf\r\nContent-Type: application/dtmf-relay\r\n', 'Signal=5\r\nDuration=160\r\n'],
  REFER: ['Refer-To: <sip:c@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\nReferred-By: <sip:a@b>\r\n', ''],
  SUBSCRIBE: ['Event: presence\r\nExpires: 600\r\n', ''],
  NOTIFY: ['Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n', ''],
  MESSAGE: ['Content-Type: text/plain\r\n', 'Hello'],
  REGISTER: [
    'Expires: 3600\r\nAuthorization: Digest username="a", realm="b", nonce="c", uri="sip:d", response="e", qop=auth, nc=00000001, cnonce="f"\r\n',
    '',
  ],
  BYE: ['Reason: Q.850;cause=16;text="Normal"\r\n', ''],
};

export const METHODS = [...Object.keys(SPECIFIC), 'OPTIONS', 'ACK', 'CANCEL', 'PUBLISH', 'FOO'] as const;

export function requestText(method: string, user: string, place: Place, names: Names, extra = ''): string {
  const [lines, body] = SPECIFIC[method] ?? ['', ''];
  const to = names.toTag === '' ? '' : `;tag=${names.toTag}`;
  return (
    `${method} sip:${user}@${place.server} SIP/2.0\r\n` +
    `Via: SIP/2.0/${place.protocol} ${place.here};rport;branch=${names.branch}\r\n` +
    `Max-Forwards: 70\r\nFrom: "Caller" <sip:caller@${place.here}>;tag=${names.fromTag}\r\n` +
    `To: <sip:${user}@${place.server}>${to}\r\nCall-ID: ${names.callId}\r\nCSeq: ${names.cseq} ${method}\r\n` +
    `Contact: <sip:caller@${place.here};transport=${place.protocol.toLowerCase()}>\r\n${extra}${lines}` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

const EXTRAS = [
  'Record-Route: <sip:192.0.2.1;lr>, <sip:192.0.2.2:5070;lr>\r\n',
  'Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKupstream;received=192.0.2.8\r\n',
  'Require: 100rel\r\n',
  'Proxy-Require: sec-agree\r\n',
  'Replaces: unknown;to-tag=1;from-tag=2\r\n',
  'P-Asserted-Identity: "A" <sip:+49301234567@b>, <tel:+49301234567>\r\nPrivacy: id\r\n',
  'Subject: a folded\r\n\tone\r\n  with blanks\r\n',
  'Accept: application/sdp, text/*;q=0.3\r\nAllow: INVITE, ACK\r\nUser-Agent: fuzz\r\n',
] as const;

export function extraOf(choice: number): string {
  return choice < EXTRAS.length ? EXTRAS[choice] : '';
}

/** Header lines of responses by what they may bring about at the caller. */
const ANSWERS: readonly [statusLine: string, lines: string, body: string][] = [
  ['100 Trying', '', ''],
  ['180 Ringing', '', ''],
  ['183 Session Progress', 'Require: 100rel\r\nRSeq: 1\r\nContent-Type: application/sdp\r\n', SDP],
  ['200 OK', 'Content-Type: application/sdp\r\nRecord-Route: <sip:127.0.0.1:9;lr>\r\n', SDP],
  ['200 OK', 'Content-Type: application/sdp\r\n', SDP],
  ['202 Accepted', 'Content-Type: application/sdp\r\n', SDP],
  ['302 Moved Temporarily', '', ''],
  ['401 Unauthorized', 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=MD5\r\n', ''],
  ['422 Session Interval Too Small', 'Min-SE: 90\r\n', ''],
  ['481 Call/Transaction Does Not Exist', '', ''],
  ['486 Busy Here', 'Reason: Q.850;cause=17\r\n', ''],
  ['491 Request Pending', '', ''],
  ['503 Service Unavailable', 'Retry-After: 5\r\n', ''],
  ['603 Decline', '', ''],
];

export const ANSWER_COUNT = ANSWERS.length;

/** A response to a request as a plain peer would write it. */
export function answerText(request: string, choice: number, toTag: string, here: string): string {
  const [statusLine, lines, body] = ANSWERS[choice];
  const head = request
    .split('\r\n')
    .filter((line) => /^(?:via|from|call-id|cseq|to):/i.test(line))
    .map((line) => (/^to:/i.test(line) && !line.includes('tag=') ? `${line};tag=${toTag}` : line));
  return `SIP/2.0 ${statusLine}\r\n${head.join('\r\n')}\r\nContact: <sip:callee@${here}>\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The torture messages of RFC 4475 and RFC 5118, as binary text. */
export function tortureMessages(): string[] {
  const folder = fileURLToPath(new URL('../sip/torture/', import.meta.url));
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(folder + name, 'latin1'));
}
