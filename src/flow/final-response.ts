import type { SrfCallError } from '../drachtio/srf-types.js';
import { q850Cause, retryAfterSeconds } from './reason-header.js';

/** How an attempt failed. */
export interface Failure {
  cause: 'status' | 'timeout' | 'transport' | 'internal';
  status: number | null;
  reason: string | null;
  q850: number | null;
  retryAfterS: number | null;
}

/**
 * Reads a failed attempt. A final response without a To tag was made by our own server: RFC 3261 8.2.6.2 has every
 * other one tagged. Timer B gives 408, a transport error 503 (8.1.3.1).
 */
export function failureOf(error: SrfCallError): Failure {
  const response = error.res;
  const status = error.status ?? response?.status ?? null;
  if (status === null) return { cause: 'internal', status: null, reason: error.message, q850: null, retryAfterS: null };
  const local = response !== undefined && !/;\s*tag=/i.test(response.get('to') ?? '');
  const cause = local && status === 408 ? 'timeout' : local && status === 503 ? 'transport' : 'status';
  return {
    cause,
    status,
    reason: local ? localReason(response?.get('reason'), cause) : (error.reason ?? response?.reason ?? null),
    q850: local ? null : q850Cause(response?.get('reason')),
    retryAfterS: retryAfterSeconds(response?.get('retry-after')),
  };
}

function localReason(header: string | undefined, cause: Failure['cause']): string {
  const text = header === undefined ? null : /text="([^"]*)"/.exec(header);
  if (text) return text[1];
  return cause === 'timeout' ? 'no final response within 64·T1 (Timer B)' : 'the request could not be sent';
}
