/** The Q.850 cause of a Reason header (RFC 3326), among any other protocols in it; `null` when there is none. */
export function q850Cause(header: string | undefined): number | null {
  const match = header === undefined ? null : /(?:^|,)\s*Q\.850\s*;[^,]*?cause\s*=\s*(\d{1,3})/i.exec(header);
  return match ? Number(match[1]) : null;
}

/** Retry-After in seconds (RFC 3261 20.33); comments and parameters are left out. */
export function retryAfterSeconds(header: string | undefined): number | null {
  const match = header === undefined ? null : /^\s*(\d+)/.exec(header);
  return match ? Number(match[1]) : null;
}
