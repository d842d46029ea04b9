import { createSocket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import { AppError } from '../core/errors.js';
import { Rng } from '../core/rng.js';
import type { Dns } from '../sip/dns.js';
import { orderHops, planHops } from '../sip/next-hop.js';
import { parseSipUri } from '../sip/uri.js';

/** Whatever it will be called over: here it is asked only whether the name leads anywhere, and which way that is. */
const ANY_TRANSPORT = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;

/**
 * An address that a SIP URI leads to (RFC 3263), found once before anything is sent, so that a wrong name is told at
 * once; a name that has SRV records and no address of its own is a right one.
 */
async function resolveTarget(target: string, given: string | undefined, dns: Dns): Promise<string> {
  const uri = parseSipUri(target);
  if (uri === null)
    throw new AppError('HOST_UNKNOWN', 'What is to be called first is not a SIP URI', {
      where: target,
      expected: 'a SIP URI such as sip:proxy.example.net:5060',
      found: target,
    });
  const host = uri.maddr ?? uri.host;
  if (given !== undefined && isIP(host) !== 0 && isIP(host) !== isIP(given))
    throw new AppError('ADDRESS_UNUSABLE', 'What is to be called and the local address are of different families', {
      where: `--local ${given}`,
      expected: `an ${isIPv6(host) ? 'IPv6' : 'IPv4'} address, as ${host} is one`,
      found: given,
    });
  const families = given === undefined ? ([4, 6] as const) : ([isIPv6(given) ? 6 : 4] as const);
  const plan = await planHops(uri, dns, { transports: ANY_TRANSPORT, families });
  const [hop] = orderHops(plan, new Rng(1));
  if (hop) return hop.address;
  throw new AppError('HOST_UNKNOWN', `The host ${host} cannot be resolved`, {
    where: host,
    found: plan.reason,
    hint: 'Check the name, or give an address: --to sip:user@192.0.2.1:5060.',
  });
}

/**
 * Refuses addresses that are not of the local address's family: no far end could be told of both in one description, or
 * reach them.
 * @param given addresses by where they were given
 * @throws AppError ARGUMENT_INVALID
 */
export function checkFamily(local: string, given: Readonly<Record<string, string | undefined>>): void {
  for (const [where, address] of Object.entries(given)) {
    if (address === undefined || isIPv6(address) === isIPv6(local)) continue;
    const family = isIPv6(local) ? 'IPv6' : 'IPv4';
    throw new AppError('ARGUMENT_INVALID', `${where} and the local address are of different families`, {
      where: `${where} ${address}`,
      expected: `an ${family} address, as ${local} is one`,
      found: address,
      hint: 'Give the local address with --local.',
    });
  }
}

/** The local address that the system would send from towards `address`; nothing is sent. */
function localAddressTowards(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
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
 * The local address to call `targets` from, SIP URIs (the outbound proxy's where there is one): the given one, or the one
 * that the system would take, which has to be the same for all. Sends nothing to the targets.
 * @throws AppError HOST_UNKNOWN, ADDRESS_UNUSABLE
 */
export async function localAddressFor(
  targets: readonly string[],
  given: string | undefined,
  dns: Dns,
): Promise<string> {
  let local = given;
  for (const target of targets) {
    const address = await resolveTarget(target, given, dns);
    if (given !== undefined) continue;
    const found = await localAddressTowards(address);
    local ??= found;
    if (found !== local)
      throw new AppError('ADDRESS_UNUSABLE', 'The targets are reached from different local addresses', {
        where: target,
        expected: `${local}, from which ${targets[0]} is reached`,
        found,
        hint: 'Give one from which all of them can be reached with --local.',
      });
  }
  return local!;
}
