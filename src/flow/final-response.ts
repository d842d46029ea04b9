import type { SrfCallError, SrfResult } from '../drachtio/srf-types.js';
import { q850Cause, retryAfterSeconds } from './reason-header.js';

/** How an attempt failed. */
export interface Failure {
  cause: 'status' | 'timeout' | 'transport' | 'internal';
  status: number | null;
  reason: string | null;
  q850: number | null;
  retryAfterS: number | null;
}

/** What the embedded server answers itself; 487 is for an INVITE that we cancelled and that was answered all the same. */
const EMBEDDED_STATUSES = new Set([408, 487, 503]);

/**
 * Whether the SIP server made a response itself because none came from the far end: Timer B or F (408), or a request
 * that could not be delivered (503; RFC 3261 8.1.3.1). The embedded server leaves their To tag out, which 8.2.6.2 has
 * every other one carry; a drachtio-server adds a tag, but names port 0 as where they came from.
 */
export function isLocal(response: SrfResult): boolean {
  if (response.source_port === 0) return true;
  return EMBEDDED_STATUSES.has(response.status) && !/;\s*tag=/i.test(response.get('to') ?? '');
}

/** Reads a failed attempt. */
export function failureOf(error: SrfCallError): Failure {
  const response = error.res;
  const status = error.status ?? response?.status ?? null;
  if (status === null) return { cause: 'internal', status: null, reason: error.message, q850: null, retryAfterS: null };
  if (response && isLocal(response)) return localFailure(response, status);
  return {
    cause: 'status',
    status,
    reason: error.reason ?? response?.reason ?? null,
    q850: q850Cause(response?.get('reason')),
    retryAfterS: retryAfterSeconds(response?.get('retry-after')),
  };
}

/** Phrases by which a server says no more than that it made the response itself. */
const PLAIN_PHRASES = new Set(['Request Timeout', 'Service Unavailable']);

function localFailure(response: SrfResult, status: number): Failure {
  // What is neither a timeout nor the end of a cancelled call (a drachtio-server has 410 for a broken TCP connection and
  // 416 for a scheme that it does not serve) is a request that was never delivered.
  const cause = status === 408 ? 'timeout' : status === 487 ? 'status' : 'transport';
  const text = /text="([^"]*)"/.exec(response.get('reason') ?? '')?.[1];
  const phrase = PLAIN_PHRASES.has(response.reason) ? null : response.reason;
  const usual = cause === 'timeout' ? 'no final response within 64·T1 (Timer B)' : 'the request could not be sent';
  return {
    cause,
    status: cause === 'transport' ? 503 : status,
    reason: text ?? phrase ?? usual,
    q850: null,
    retryAfterS: null,
  };
}
