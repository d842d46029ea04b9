import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { AppError } from '../core/errors.js';
import { Rng } from '../core/rng.js';
import type { Dns } from '../sip/dns.js';
import { orderHops, planHops } from '../sip/next-hop.js';
import { parseSipUri } from '../sip/uri.js';

/** Whatever it will be called over: here it is asked only whether the name leads anywhere, and which way that is. */
const ANY_TRANSPORT = { transports: ['udp', 'tcp', 'tls', 'ws', 'wss'], families: [4] } as const;

/**
 * An address that a SIP URI leads to (RFC 3263), found once before anything is sent, so that a wrong name is told at
 * once; a name that has SRV records and no address of its own is a right one.
 */
async function resolveTarget(target: string, dns: Dns): Promise<string> {
  const uri = parseSipUri(target);
  if (uri === null)
    throw new AppError('HOST_UNKNOWN', 'What is to be called first is not a SIP URI', {
      where: target,
      expected: 'a SIP URI such as sip:proxy.example.net:5060',
      found: target,
    });
  const host = uri.maddr ?? uri.host;
  if (isIPv6(host))
    throw new AppError('ADDRESS_UNUSABLE', 'RTP is carried over IPv4 only', {
      where: host,
      expected: 'an IPv4 address or a name that has one',
      found: 'an IPv6 address',
    });
  const plan = await planHops(uri, dns, ANY_TRANSPORT);
  const [hop] = orderHops(plan, new Rng(1));
  if (hop) return hop.address;
  throw new AppError('HOST_UNKNOWN', `The host ${host} cannot be resolved`, {
    where: host,
    found: plan.reason,
    hint: 'Check the name, or give an address: --to sip:user@192.0.2.1:5060.',
  });
}

/** The local address that the system would send from towards `address`; nothing is sent. */
function localAddressTowards(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const fail = (cause: Error): void => {
      socket.close();
      reject(
        new AppError('ADDRESS_UNUSABLE', `There is no way to ${address} from this machine`, {
          where: address,
          found: cause.message,
          hint: 'Give the local address to use with --local.',
          cause,
        }),
      );
    };
    socket.once('error', fail);
    socket.connect(9, address, () => {
      const local = socket.address().address;
      socket.close();
      resolve(local);
    });
  });
}

/**
 * The local address to call `target` from, a SIP URI (the outbound proxy's where there is one): the given one, or the
 * one that the system would take. Sends nothing to the target.
 * @throws AppError HOST_UNKNOWN, ADDRESS_UNUSABLE
 */
export async function localAddressFor(target: string, given: string | undefined, dns: Dns): Promise<string> {
  const address = await resolveTarget(target, dns);
  return given ?? (await localAddressTowards(address));
}
