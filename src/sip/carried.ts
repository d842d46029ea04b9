import { readTls } from './read-tls.js';
import type { SipSpec } from './spec.js';
import { SystemDns } from './system-dns.js';
import type { UserAgentOptions } from './user-agent.js';

/** How a profile has SIP carried, as a user agent is told it. @throws AppError FILE_UNREADABLE for a file of TLS */
export function carriedBy({
  oversize,
  mtu,
  keepAlive,
  tls,
  dns,
}: SipSpec): Pick<UserAgentOptions, 'oversize' | 'mtuBytes' | 'times' | 'tls' | 'dns'> {
  return {
    oversize,
    mtuBytes: mtu,
    times: keepAlive === undefined ? undefined : { keepAliveMs: keepAlive },
    tls: tls && readTls(tls),
    dns: new SystemDns(dns),
  };
}
