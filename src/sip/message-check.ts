import { STREAM_LIMITS } from './framing.js';
import type { MessageFault, SipMessage } from './message.js';
import { parseSipUri } from './uri.js';

/** Headers that every message has, and has once (RFC 3261 8.1.1, 20). */
const ONCE = ['from', 'to', 'call-id', 'cseq'];
/** Headers that a message may have once. */
const AT_MOST_ONCE = ['max-forwards', 'content-length'];
/** A parameter or a list element that is not there. */
const HOLE = /;\s*(?:[;,]|$)|,\s*(?:,|$)/;

/** What neither a Call-ID nor a tag may hold (RFC 3261 25.1); drachtio's protocol parts its fields by bars. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const NO_NAME = /[\u0000-\u0020\u007f|]/;

const fault = (reason: string): MessageFault => ({ answerable: true, status: 400, reason });

/** Longest header value, Request-URI or phrase; readers may take the square of its length. */
const MAX_VALUE_BYTES = 8192;

/**
 * Whether a message has more header lines than one on a stream may have, or longer ones than any honest one has. It is
 * not answered: an answer would repeat most of it.
 */
export function isFlood({ raw, keys, values, requestUri, reason }: SipMessage): boolean {
  if (keys.length > STREAM_LIMITS.maxHeaderLines) return true;
  if (raw.length <= MAX_VALUE_BYTES) return false;
  if (requestUri.length > MAX_VALUE_BYTES || reason.length > MAX_VALUE_BYTES) return true;
  return values.some((value) => value.length > MAX_VALUE_BYTES);
}

/**
 * Checks what RFC 3261 8.1.1, 16.3 and 18.3 ask of every message, and cuts the body to its Content-Length. `null` when
 * nothing is wrong. What can be understood all the same is let pass, as RFC 4475 suggests.
 */
export function checkMessage(message: SipMessage): MessageFault | null {
  const { keys } = message;
  if (!message.has('via')) return { answerable: false, status: 400, reason: 'Missing via' };
  if (message.topVia === null) return { answerable: false, status: 400, reason: 'Invalid Via' };
  if (message.version !== '2.0') return { answerable: true, status: 505, reason: 'Version Not Supported' };
  for (const key of ONCE) {
    const at = keys.indexOf(key);
    if (at < 0) return fault(`Missing ${key}`);
    if (keys.indexOf(key, at + 1) >= 0) return fault(`Several ${key}`);
  }
  for (const key of AT_MOST_ONCE) {
    const at = keys.indexOf(key);
    if (at >= 0 && keys.indexOf(key, at + 1) >= 0) return fault(`Several ${key}`);
  }
  if (HOLE.test(message.header('via')!)) return fault('Invalid Via');
  if (message.cseqNumber < 0) return fault('Invalid CSeq');
  const { callId, fromTag, toTag } = message;
  if (callId === '' || NO_NAME.test(callId)) return fault('Invalid Call-ID');
  if (!namesParty(message.header('from')!) || (fromTag !== null && NO_NAME.test(fromTag))) return fault('Invalid From');
  if (!namesParty(message.header('to')!) || (toTag !== null && NO_NAME.test(toTag))) return fault('Invalid To');
  return (message.isRequest ? requestFault(message) : null) ?? bodyFault(message);
}

function requestFault(message: SipMessage): MessageFault | null {
  const { requestUri } = message;
  if (message.cseqMethod !== message.method) return fault('CSeq does not match method');
  // Headers within a URI are for links, not for requests (RFC 3261 19.1.1).
  const headersAt = requestUri.indexOf('?', requestUri.lastIndexOf('@') + 1);
  if (headersAt >= 0 || /\s/.test(requestUri) || requestUri.startsWith('<')) return fault('Invalid Request-URI');
  if (/^sips?:/i.test(requestUri) && parseSipUri(requestUri) === null) return fault('Invalid Request-URI');
  const hops = message.header('max-forwards');
  if (hops !== undefined && !(/^\d{1,10}$/.test(hops) && Number(hops) <= 255)) return fault('Invalid Max-Forwards');
  const contact = message.header('contact');
  // RFC 3261 20.10: a URI with a question mark stands in brackets.
  if (contact?.includes('?') && !contact.includes('<')) return fault('Invalid Contact');
  return null;
}

function bodyFault(message: SipMessage): MessageFault | null {
  const declared = message.header('content-length');
  if (declared === undefined) return null;
  if (!/^\d{1,9}$/.test(declared)) return fault('Invalid Content-Length');
  const surplus = message.body.length - Number(declared);
  if (surplus < 0) return fault('Body shorter than Content-Length');
  if (surplus > 0) {
    message.body = message.body.slice(0, Number(declared));
    message.raw = message.raw.slice(0, message.raw.length - surplus);
  }
  return null;
}

/** Whether a From or To value names anybody, and a display name that begins with a quote also ends with one. */
function namesParty(value: string): boolean {
  if (value === '' || value.charCodeAt(0) === 0x3b) return false;
  if (value.charCodeAt(0) !== 0x22) return true;
  for (let i = 1; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c === 0x22) return true;
    if (c === 0x5c) i++;
  }
  return false;
}
