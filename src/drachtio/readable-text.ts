import { contactOf } from '../sip/dialog.js';
import { uriOf } from '../sip/header-values.js';
import { plainText, type SipMessage } from '../sip/message.js';

/** A Contact that is one value, and begins with something that can be seen. */
const ONE_CONTACT = /^[!-+\--:<-~][^,]*$/;

/**
 * A message as drachtio-srf can read it: it knows CRLF and single blanks only, and takes every message that makes a
 * dialog to have one Contact. Where there is none or more than one, the remote target of the dialog stands in. Of the 2xx to an
 * INVITE it knows the 200 only, for which any other stands (RFC 3261 8.1.3.2): it would leave such a call up for ever.
 */
export function readableText(message: SipMessage): string {
  const { status, cseqMethod } = message;
  const text = withContact(message);
  return status > 200 && status < 300 && cseqMethod === 'INVITE' ? text.replace(/^\S+[ \t]+\d+/, 'SIP/2.0 200') : text;
}

function withContact(message: SipMessage): string {
  if (!makesDialog(message)) return message.text;
  const contacts = message.headers('contact');
  if (contacts.length === 1 && ONE_CONTACT.test(contacts[0])) return message.text;
  const party = message.header(message.isRequest ? 'from' : 'to') ?? '';
  return plainText(message, `<${contactOf(message) ?? uriOf(party)}>`);
}

function makesDialog(message: SipMessage): boolean {
  const { status } = message;
  if (status !== 0 && (status < 101 || status > 299)) return false;
  const method = status === 0 ? message.method : message.cseqMethod;
  return method === 'INVITE' || method === 'SUBSCRIBE';
}
