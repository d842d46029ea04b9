import type { RequestHead } from './client-transaction.js';
import { tagOf } from './header-values.js';

/** A whole request (RFC 3261 8.1.1). */
export function requestText(head: RequestHead, headerLines: string, body: string): string {
  const { method, requestUri, via, from, to, callId, cseq, routes } = head;
  let text = `${method} ${requestUri} SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\n`;
  for (const route of routes) text += `Route: ${route}\r\n`;
  return `${text}From: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n${headerLines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The tag of a From value, or a new one appended to it. */
export function withTag(value: string, tag: () => string): string {
  return tagOf(value) === null ? `${value};tag=${tag()}` : value;
}
