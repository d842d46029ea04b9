import { headerSpelling } from '../sip/header-names.js';
import type { SipMessage } from '../sip/message.js';

/** Lines that the server writes itself, whatever the application gave. */
const OWN_LINES = new Set([
  'via',
  'route',
  'record-route',
  'rseq',
  'content-length',
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
]);

/** Headers in which the host `localhost` stands for the address of the server. */
const NAMES_US = new Set([
  'from',
  'to',
  'contact',
  'p-asserted-identity',
  'p-preferred-identity',
  'remote-party-id',
  'referred-by',
  'reply-to',
]);

const LOCALHOST = /(sips?:(?:[^@<>\s]*@)?)localhost(?=[;>?\s,]|$)/gi;

/** `sip:x@localhost` → `sip:x@host`. A port that the application gave stays its own affair. */
export function replaceLocalhost(value: string, host: string): string {
  return value.includes('localhost') ? value.replace(LOCALHOST, (_, before: string) => before + host) : value;
}

const LOCALHOST_CONTACT = /sips?:((?:[^@<>\s]*@)?)localhost((?:;[^>?\s,]*)?)(?=[>?\s,]|$)/gi;

/**
 * A Contact in which `localhost` stands for the URI by which the other side reaches us: its scheme and port, and its
 * transport unless the Contact names one.
 */
export function reachableContact(value: string, reachedAt: string): string {
  if (!value.includes('localhost')) return value;
  const semicolon = reachedAt.indexOf(';');
  const place = semicolon < 0 ? reachedAt : reachedAt.slice(0, semicolon);
  const transport = semicolon < 0 || !value.includes('<') ? '' : reachedAt.slice(semicolon);
  const scheme = place.slice(0, place.indexOf(':') + 1);
  return value.replace(LOCALHOST_CONTACT, (_, user: string, parameters: string) => {
    const named = /;transport=/i.test(parameters);
    return `${scheme}${user}${place.slice(scheme.length)}${parameters}${named ? '' : transport}`;
  });
}

/** A bare `sip:` URI gets brackets, so that parameters added behind it are the header's. */
export function bracketed(value: string): string {
  return value.startsWith('sip') && !value.includes('<') && !value.includes(';') ? `<${value}>` : value;
}

export interface HeaderContext {
  /** Address without port, for From and the like. */
  host: string;
  /** The URI by which the other side reaches us: `localhost` stands for it in a Contact. `null` where there is none. */
  contact: string | null;
  /** Whether the message must have a Contact. */
  needsContact: boolean;
}

/**
 * The application's header lines as they leave, with CRLF: own ones dropped, names in their usual spelling, Contact and
 * Content-Type supplied. `null` when there is a body of unknown type.
 */
export function applicationLines(message: SipMessage, context: HeaderContext): string | null {
  let lines = '';
  let hasContact = false;
  let hasType = false;
  const { keys, names, values } = message;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (OWN_LINES.has(key)) continue;
    let value = values[i];
    if (key === 'contact') {
      hasContact = true;
      if (context.contact !== null) value = reachableContact(bracketed(value), context.contact);
    } else if (key === 'content-type') hasType = true;
    else if (NAMES_US.has(key)) value = replaceLocalhost(value, context.host);
    lines += `${headerSpelling(names[i])}: ${value}\r\n`;
  }
  if (context.needsContact && !hasContact) lines = `Contact: <${context.contact}>\r\n${lines}`;
  if (message.body !== '' && !hasType) {
    if (!message.body.startsWith('v=0')) return null;
    lines += 'Content-Type: application/sdp\r\n';
  }
  return lines;
}
