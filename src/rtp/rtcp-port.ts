const MOST_PORT = 65_535;

/** The port of RTCP beside that of RTP (RFC 3550, section 11); 0 where there is none above it. */
export function rtcpPortOf(rtpPort: number): number {
  return rtpPort < MOST_PORT ? rtpPort + 1 : 0;
}
