import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { AppError } from '../core/errors.js';
import { readTarget } from '../swarm/target.js';

/** Host of a SIP URI's host part, without port and parameters. */
function hostOf(hostPart: string): string {
  const host = hostPart.replace(/;.*$/, '');
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d+$/, '');
}

/** Resolves the target's host once, before anything is sent, so that a wrong name is told at once. */
async function resolveHost(host: string): Promise<string> {
  if (isIPv4(host)) return host;
  if (isIPv6(host))
    throw new AppError('ADDRESS_UNUSABLE', 'RTP is carried over IPv4 only', {
      where: host,
      expected: 'an IPv4 address or a name that has one',
      found: 'an IPv6 address',
    });
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch (cause) {
    throw new AppError('HOST_UNKNOWN', `The host ${host} cannot be resolved`, {
      where: host,
      found: (cause as NodeJS.ErrnoException).code ?? String(cause),
      hint: 'Check the name, or give an address: --to sip:user@192.0.2.1:5060.',
      cause,
    });
  }
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
 * The local address to call `target` from: the given one, or the one that the system would take. Sends nothing.
 * @throws AppError HOST_UNKNOWN, ADDRESS_UNUSABLE
 */
export async function localAddressFor(target: string, given: string | undefined): Promise<string> {
  const address = await resolveHost(hostOf(readTarget(target)!.host));
  return given ?? (await localAddressTowards(address));
}
