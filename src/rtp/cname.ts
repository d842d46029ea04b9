/** The CNAME of a call (RFC 3550, section 6.5.1), in RTCP and, where we announce our SSRC, in SDP (RFC 5576). */
export function cnameOf(name: string, address: string): string {
  return `${name}@${address}`;
}
