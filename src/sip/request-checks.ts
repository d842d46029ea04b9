import { targetOf } from './dialog.js';
import { splitList } from './header-values.js';
import type { SipMessage } from './message.js';

/** Methods that an application on this stack can be given. */
export const METHODS: readonly string[] = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'PRACK',
  'UPDATE',
  'INFO',
  'REFER',
  'SUBSCRIBE',
  'NOTIFY',
  'PUBLISH',
  'MESSAGE',
];
const KNOWN = new Set(METHODS);

/** Every method, as an Allow header lists them (RFC 3261 20.5). */
const ALLOW = `Allow: ${METHODS.join(', ')}\r\n`;

/** Extensions that the stack itself knows, whatever the application does. */
export const SUPPORTED = '100rel, replaces, timer';

/** Schemes of Request-URIs whose meaning an application can know (RFC 3261 19.1, RFC 3966). */
const SCHEME = /^(?:sips?|tel):/i;

/**
 * Option tags that are registered. Whether such an extension is supported is for the application to say; what is not
 * even registered nobody here can support.
 */
const REGISTERED = new Set(
  (
    '100rel 199 answermode early-session eventlist explicitsub from-change geolocation-http geolocation-sip gin gruu ' +
    'histinfo ice join multiple-refer norefersub nosub outbound path policy precondition pref privacy recipient-list-invite ' +
    'recipient-list-message recipient-list-subscribe record-aware replaces resource-priority sdp-anat sec-agree siprec ' +
    'tdialog timer trickle-ice uui'
  ).split(' '),
);

/** A refusal: status, phrase, and the header lines that explain it. */
export interface Refusal {
  status: number;
  phrase: string;
  lines: string;
}

/** Methods whose answer makes a dialog, within which we send requests. */
const MAKES_DIALOG = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/** RFC 3261 8.2.1 to 8.2.2.3: method, Request-URI scheme, required extensions; 12.1.1: a Contact. `null` when the application may judge. */
export function refusalOf(request: SipMessage): Refusal | null {
  if (!KNOWN.has(request.method)) return { status: 501, phrase: 'Not Implemented', lines: ALLOW };
  if (!SCHEME.test(request.requestUri)) return { status: 416, phrase: 'Unsupported URI Scheme', lines: '' };
  if (request.toTag === null && MAKES_DIALOG.has(request.method) && targetOf(request) === null)
    return { status: 400, phrase: 'Bad Request - Missing Contact', lines: '' };
  if (request.method === 'CANCEL' || !request.has('require')) return null;
  const unknown = request
    .headers('require')
    .flatMap(splitList)
    .filter((tag) => !REGISTERED.has(tag.toLowerCase()));
  if (unknown.length === 0) return null;
  return { status: 420, phrase: 'Bad Extension', lines: `Unsupported: ${unknown.join(', ')}\r\n` };
}

/** Whether a header that lists option tags (`require`, `supported`) names one. */
export function listsOption(message: SipMessage, key: string, option: string): boolean {
  if (!message.has(key)) return false;
  return message
    .headers(key)
    .flatMap(splitList)
    .some((tag) => tag.toLowerCase() === option);
}
