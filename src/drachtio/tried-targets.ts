import { TRIED_HEADER } from '../sip/failover.js';
import type { SrfMessage } from './srf-types.js';

/** One target of a request that was sent to several (RFC 3263 4.3), and how its attempt ended. */
export interface TriedTarget {
  uri: string;
  status: number;
  reason: string;
}

/**
 * The targets that the embedded server tried, in order and with the one that gave this final response last; none where
 * there was only one, or another server that does not tell.
 */
export function triedTargets(response: Pick<SrfMessage, 'get'>): TriedTarget[] {
  const header = response.get(TRIED_HEADER);
  if (header === undefined) return [];
  const tries = header.matchAll(/<([^<>]*)>;status=(\d{3});reason="([^"]*)"/g);
  return [...tries].map(([, uri, status, reason]) => ({ uri, status: Number(status), reason }));
}
