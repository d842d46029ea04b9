import type { RequestHead } from './client-transaction.js';
import { parseMessage, type SipMessage } from './message.js';

/**
 * The lines that every response copies from its request (RFC 3261 8.2.6.2): Vias, From, To with our tag, Call-ID, CSeq.
 * With `recordRoutes` also the Record-Route lines, which a dialog-creating response repeats (12.1.1).
 */
export function responseHead(request: SipMessage, startLine: string, toTag: string, recordRoutes: boolean): string {
  let text = `${startLine}\r\n`;
  const { keys, values } = request;
  let hasFrom = false;
  let hasTo = false;
  let rest = '';
  for (let i = 0; i < keys.length; i++) {
    switch (keys[i]) {
      case 'via':
        text += `Via: ${values[i]}\r\n`;
        break;
      case 'record-route':
        if (recordRoutes) rest += `Record-Route: ${values[i]}\r\n`;
        break;
      case 'from':
        if (hasFrom) break;
        hasFrom = true;
        rest += `From: ${values[i]}\r\n`;
        break;
      case 'to':
        if (hasTo) break;
        hasTo = true;
        rest += request.toTag === null && toTag !== '' ? `To: ${values[i]};tag=${toTag}\r\n` : `To: ${values[i]}\r\n`;
        break;
      case 'call-id':
        rest += `Call-ID: ${values[i]}\r\n`;
        break;
      case 'cseq':
        rest += `CSeq: ${values[i]}\r\n`;
        break;
    }
  }
  return text + rest;
}

/** A response without body; `headerLines` each with CRLF. */
export function plainResponse(
  request: SipMessage,
  status: number,
  reason: string,
  toTag: string,
  headerLines = '',
): string {
  return `${responseHead(request, `SIP/2.0 ${status} ${reason}`, toTag, false)}${headerLines}Content-Length: 0\r\n\r\n`;
}

/** The CANCEL of an INVITE that ended in another way, for an application that knows no other word for it. */
export function cancelOf(invite: SipMessage, reason: string): SipMessage | null {
  const head = responseHead(invite, `CANCEL ${invite.requestUri} SIP/2.0`, '', false);
  const cseq = `CSeq: ${invite.cseqNumber} CANCEL`;
  return parseMessage(`${head.replace(/^CSeq:.*$/m, cseq)}Reason: ${reason}\r\nContent-Length: 0\r\n\r\n`);
}

/** Of the responses that this side gives itself. */
const PHRASES: Record<number, string> = {
  408: 'Request Timeout',
  487: 'Request Terminated',
  491: 'Request Pending',
  503: 'Service Unavailable',
};

/**
 * A response that nobody sent: what RFC 3261 8.1.3.1 has the core assume after a timeout (408) or a transport error
 * (503). It has no To tag, and a Reason header says why.
 */
export function localResponse(head: RequestHead, status: number, cause: string): string {
  const to = head.to.replace(/;\s*tag=[^;]*/i, '');
  return (
    `SIP/2.0 ${status} ${PHRASES[status]}\r\nVia: ${head.via}\r\nFrom: ${head.from}\r\nTo: ${to}\r\nCall-ID: ${head.callId}\r\n` +
    `CSeq: ${head.cseq} ${head.method}\r\nReason: SIP;cause=${status};text="${cause}"\r\nContent-Length: 0\r\n\r\n`
  );
}
