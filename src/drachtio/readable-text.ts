import { uriOf } from '../sip/header-values.js';
import { plainText, type SipMessage } from '../sip/message.js';

/** An element of a list that is not there. */
const HOLE = /^\s*(?:[;,]|$)|,\s*(?:[;,]|$)/;

/**
 * A message as drachtio-srf can read it: it knows CRLF and single blanks only, and takes every message that makes a
 * dialog to have a Contact. Where that is missing, the far end's own name stands in, as it does in the dialog. Of the 2xx to an
 * INVITE it knows the 200 only, for which any other stands (RFC 3261 8.1.3.2): it would leave such a call up for ever.
 */
export function readableText(message: SipMessage): string {
  const { status, cseqMethod } = message;
  const text = withContact(message);
  return status > 200 && status < 300 && cseqMethod === 'INVITE' ? text.replace(/^\S+[ \t]+\d+/, 'SIP/2.0 200') : text;
}

function withContact(message: SipMessage): string {
  const contact = message.header('contact');
  if (!makesDialog(message) || (contact !== undefined && !HOLE.test(contact))) return message.text;
  const party = message.header(message.isRequest ? 'from' : 'to') ?? '';
  return plainText(message, `<${uriOf(party)}>`);
}

function makesDialog(message: SipMessage): boolean {
  const { status } = message;
  if (status !== 0 && (status < 101 || status > 299)) return false;
  const method = status === 0 ? message.method : message.cseqMethod;
  return method === 'INVITE' || method === 'SUBSCRIBE';
}
