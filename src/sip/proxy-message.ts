import { createHash } from 'node:crypto';
import { headerSpelling } from './header-names.js';
import { splitList } from './header-values.js';
import type { SipMessage } from './message.js';

/** What a proxy changes in a request on its way (RFC 3261 16.6). */
export interface Forwarding {
  requestUri: string;
  /** Whole value of our Via. */
  via: string;
  /** Route values that are left; they replace those of the request. */
  routes: readonly string[];
  /** Our Record-Route values, the one nearest to the callee first; none unless we stay in the dialog. */
  recordRoutes: readonly string[];
  /** Our Path values in a REGISTER (RFC 3327), the one nearest to the registrar first. */
  paths: readonly string[];
  maxForwards: number;
  /** How many branches the request may still have at a time, ours included (RFC 5393 5). */
  maxBreadth: number;
  /** Header lines with CRLF that replace those of the same name. */
  headerLines: string;
  /** Lower-case names of those. */
  replaced: ReadonlySet<string>;
}

const OWN_LINES = new Set(['via', 'route', 'record-route', 'max-forwards', 'max-breadth', 'content-length']);
/** Of RFC 3261 16.3: a request without one starts here. */
const DEFAULT_MAX_FORWARDS = 70;
/** Of RFC 5393 5.3.3. */
const DEFAULT_MAX_BREADTH = 60;

/** The request as it leaves towards one target; headers that we do not know stay as they are. */
export function forwardedRequest(request: SipMessage, forwarding: Forwarding): string {
  const { requestUri, via, routes, recordRoutes, paths, maxForwards, maxBreadth, headerLines, replaced } = forwarding;
  const { keys, names, values, method, body } = request;
  let text = `${method} ${requestUri} SIP/2.0\r\nVia: ${via}\r\n`;
  for (let i = 0; i < keys.length; i++) if (keys[i] === 'via') text += `Via: ${values[i]}\r\n`;
  text += `Max-Forwards: ${maxForwards}\r\nMax-Breadth: ${maxBreadth}\r\n`;
  for (const path of paths) text += `Path: ${path}\r\n`;
  for (const route of recordRoutes) text += `Record-Route: ${route}\r\n`;
  for (let i = 0; i < keys.length; i++) if (keys[i] === 'record-route') text += `Record-Route: ${values[i]}\r\n`;
  for (const route of routes) text += `Route: ${route}\r\n`;
  for (let i = 0; i < keys.length; i++)
    if (!OWN_LINES.has(keys[i]) && !replaced.has(keys[i])) text += `${names[i]}: ${values[i]}\r\n`;
  return `${text}${headerLines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A response on its way back, without our Via (RFC 3261 16.7 step 3), with a status of our own where one is given. */
export function forwardedResponse(response: SipMessage, startLine: string | null, moreLines = ''): string {
  const { keys, names, values, status, reason, body } = response;
  let text = `${startLine ?? `SIP/2.0 ${status} ${reason}`}\r\n`;
  let first = true;
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] === 'content-length') continue;
    if (keys[i] === 'via' && first) {
      first = false;
      const rest = splitList(values[i]).slice(1);
      if (rest.length > 0) text += `Via: ${rest.join(', ')}\r\n`;
    } else text += `${headerSpelling(names[i])}: ${values[i]}\r\n`;
  }
  return `${text}${moreLines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Max-Forwards for the next hop; negative when the request must not go on (RFC 3261 16.3 step 3). */
export function nextMaxForwards(request: SipMessage): number {
  const value = request.header('max-forwards');
  return value === undefined ? DEFAULT_MAX_FORWARDS : Number(value) - 1;
}

/** How many branches a request may have at a time from here on; 0 when it must not go on (RFC 5393 5.3.3). */
export function breadthOf(request: SipMessage): number {
  const value = request.header('max-breadth');
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : DEFAULT_MAX_BREADTH;
}

/**
 * What decides a request's way, as one word (RFC 5393 4.2.2): a request that comes back with the same word loops, one
 * with another Request-URI only spirals.
 */
export function routingDigest(request: SipMessage): string {
  const fields = [request.requestUri, request.callId, request.fromTag, request.toTag, request.cseqNumber];
  for (const key of ['route', 'proxy-require', 'proxy-authorization']) fields.push(...request.headers(key));
  return createHash('md5').update(fields.join('\n')).digest('hex').slice(0, 16);
}

/** Whether a Via of ours, by `host:port`, carries that word in its branch. */
export function passedBefore(request: SipMessage, digest: string, sentBys: readonly string[]): boolean {
  for (const line of request.headers('via'))
    for (const via of splitList(line)) {
      const sentBy = /^SIP\s*\/\s*2\.0\s*\/\s*\w+\s+([^\s;]+)/.exec(via)?.[1];
      if (sentBy !== undefined && sentBys.includes(sentBy) && via.includes(`.${digest}`)) return true;
    }
  return false;
}

/** Which of two final responses a proxy rather sends on (RFC 3261 16.7 step 6); the lower figure. */
export function preference(status: number): number {
  if (status >= 600) return 0;
  const specific = status === 401 || status === 407 || status === 415 || status === 420 || status === 484;
  return Math.floor(status / 100) * 10 + (specific ? 0 : status === 503 || status === 408 ? 2 : 1);
}

/** The SIP URIs of a redirection's Contacts, by falling `q` (RFC 3261 16.7 step 4). */
export function redirections(response: SipMessage): string[] {
  const found: { uri: string; q: number }[] = [];
  for (const line of response.headers('contact'))
    for (const value of splitList(line)) {
      const uri = /<([^<>]+)>/.exec(value)?.[1] ?? value.replace(/;.*$/, '').trim();
      const q = /;\s*q\s*=\s*([01](?:\.\d*)?)/i.exec(value.slice(value.indexOf('>') + 1))?.[1];
      if (/^sips?:/i.test(uri)) found.push({ uri: uri.replace(/\?.*$/, ''), q: q === undefined ? 1 : Number(q) });
    }
  return found.sort((a, b) => b.q - a.q).map(({ uri }) => uri);
}
