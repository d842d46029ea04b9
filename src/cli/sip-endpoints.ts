import { isIP } from 'node:net';
import { AppError } from '../core/errors.js';
import type { LocalEndpoint } from '../sip/open-transports.js';
import { defaultPort, parseSipUri, type SipUri } from '../sip/uri.js';

const PROTOCOLS = ['udp', 'tcp', 'tls'] as const;

/**
 * The local endpoints that a SIP URI names, such as `sip:[::1]:5060` (UDP and TCP) or `sips:192.0.2.8` (TLS).
 * @throws AppError ARGUMENT_INVALID
 */
export function sipEndpoints(option: string, text: string): LocalEndpoint[] {
  const uri = parseSipUri(text);
  const protocols = uri ? protocolsOf(uri) : [];
  const known = PROTOCOLS.filter((one) => protocols.includes(one));
  if (!uri || uri.user !== null || isIP(uri.host) === 0 || known.length === 0)
    throw new AppError('ARGUMENT_INVALID', `${option} has a wrong value`, {
      where: option,
      expected: 'a SIP URI with an address of this machine, such as sip:[::1]:5060 or sip:192.0.2.8:5080;transport=tcp',
      found: text,
    });
  return known.map((protocol) => ({ protocol, address: uri.host, port: uri.port ?? defaultPort(protocol) }));
}

/** TCP in a SIPS URI means TLS, and nothing else can be meant (RFC 3261 26.2.2). */
function protocolsOf({ scheme, transport }: SipUri): readonly string[] {
  if (scheme === 'sip') return transport === null ? ['udp', 'tcp'] : [transport];
  return transport === null || transport === 'tcp' || transport === 'tls' ? ['tls'] : [];
}
