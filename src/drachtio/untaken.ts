import { METHODS, type Refusal, SUPPORTED } from '../sip/request-checks.js';

/** What comes with INVITE, whether or not an application names it. */
const WITH_INVITE = new Set(['ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE']);

/**
 * The answer to a request that no application takes, though there are some: OPTIONS is told what is taken (RFC 3261
 * 11.2), a NOTIFY belongs to no subscription (RFC 6665 4.1.3), any other method is not allowed (RFC 3261 8.2.1).
 */
export function answerUntaken(method: string, takes: (method: string) => boolean): Refusal {
  if (method === 'NOTIFY') return { status: 481, phrase: 'Subscription Does Not Exist', lines: '' };
  const calls = takes('INVITE');
  const allowed = METHODS.filter((name) => name === 'OPTIONS' || takes(name) || (calls && WITH_INVITE.has(name)));
  const lines = `Allow: ${allowed.join(', ')}\r\n`;
  if (method !== 'OPTIONS') return { status: 405, phrase: 'Method Not Allowed', lines };
  return { status: 200, phrase: 'OK', lines: `${lines}Accept: application/sdp\r\nSupported: ${SUPPORTED}\r\n` };
}
