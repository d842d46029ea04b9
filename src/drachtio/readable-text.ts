import { contactOf } from '../sip/dialog.js';
import { uriOf } from '../sip/header-values.js';
import { plainText, type SipMessage } from '../sip/message.js';

/** A Contact that is one value, and begins with something that can be seen. */
const ONE_CONTACT = /^[!-+\--:<-~][^,]*$/;

/**
 * A message as drachtio-srf can read it: it knows CRLF and single blanks only, and takes every message that makes a
 * dialog to have one Contact.
 */
export function readableText(message: SipMessage): string {
  const contact = readableContact(message);
  const text = contact === null ? message.text : plainText(message, contact);
  return readableStatus(message) === message.status ? text : text.replace(/^\S+[ \t]+\d+/, 'SIP/2.0 200');
}

/**
 * The one Contact of a message that makes a dialog where it has none or more than one: the remote target of the dialog.
 * `null` where its own will do.
 */
export function readableContact(message: SipMessage): string | null {
  if (!makesDialog(message)) return null;
  const { keys, values } = message;
  const at = keys.indexOf('contact');
  if (at >= 0 && keys.indexOf('contact', at + 1) < 0 && ONE_CONTACT.test(values[at])) return null;
  const party = message.header(message.isRequest ? 'from' : 'to') ?? '';
  return `<${contactOf(message) ?? uriOf(party)}>`;
}

/**
 * Of the 2xx to an INVITE drachtio-srf knows the 200 only, for which any other stands (RFC 3261 8.1.3.2): it would leave such a
 * call up for ever.
 */
export function readableStatus({ status, cseqMethod }: SipMessage): number {
  return status > 200 && status < 300 && cseqMethod === 'INVITE' ? 200 : status;
}

/** Whether a body has several parts (RFC 2046 5.1). */
export function isSeveralBodies(message: SipMessage): boolean {
  return message.body !== '' && /multipart\//i.test(message.header('content-type') ?? '');
}

function makesDialog(message: SipMessage): boolean {
  const { status } = message;
  if (status !== 0 && (status < 101 || status > 299)) return false;
  const method = status === 0 ? message.method : message.cseqMethod;
  return method === 'INVITE' || method === 'SUBSCRIBE';
}
