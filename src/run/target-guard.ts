import { BlockList, isIP, isIPv6 } from 'node:net';
import { AppError } from '../core/errors.js';
import type { Dns } from '../sip/dns.js';
import { type NextHop, planHops } from '../sip/next-hop.js';
import { parseSipUri } from '../sip/uri.js';

/** Attempts a second that nobody has to be asked for. */
export const FREE_CPS = 10;

/** Where the public internet is not: one's own machine and networks, those of one's carrier, laboratories and documents. */
const PRIVATE: readonly string[] = [
  '127.0.0.0/8', // loopback
  '10.0.0.0/8', // RFC 1918
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16', // link-local
  '100.64.0.0/10', // RFC 6598, carrier-grade NAT
  '192.0.2.0/24', // RFC 5737, documentation
  '198.51.100.0/24',
  '203.0.113.0/24',
  '198.18.0.0/15', // RFC 2544, benchmarks
  '::1/128',
  'fc00::/7', // RFC 4193
  'fe80::/10', // link-local
  '2001:db8::/32', // RFC 3849, documentation
  '3fff::/20', // RFC 9637, documentation
];

const privateNetworks = networksOf(PRIVATE);

/** Whether an address may be of anybody's, and not of this machine, its network or a laboratory. */
export function isPublic(address: string): boolean {
  return !contains(privateNetworks, address);
}

/** Where a run sends requests, and the most of them in any second. */
export interface Destination {
  /** SIP URI of the next hop. */
  uri: string;
  cps: number;
}

/**
 * Refuses a load of more than 10 attempts a second on a public address that nobody has allowed. A name is what it leads to
 * (RFC 3263), all of it; one that leads nowhere is left to whoever calls it.
 * @param allow hosts, addresses and networks as `a.b.c.d/n`
 * @returns whether a destination is free only because of its low rate
 * @throws AppError TARGET_NOT_ALLOWED
 */
export async function guardTargets(
  destinations: readonly Destination[],
  { allow, yes, dns }: { allow: readonly string[]; yes: boolean; dns: Dns },
): Promise<boolean> {
  if (yes) return false;
  const allowed = networksOf(allow.filter((entry) => isIP(entry.split('/')[0]) !== 0));
  const hosts = new Set(allow.map((entry) => entry.toLowerCase()));
  let isGuarded = false;
  for (const { uri, cps } of destinations) {
    const parsed = parseSipUri(uri);
    if (parsed === null || hosts.has(parsed.host.toLowerCase())) continue;
    const { groups } = await planHops(parsed, dns, {
      transports: ['udp', 'tcp', 'tls', 'ws', 'wss'],
      families: [4, 6],
    });
    const addresses = groups.flat().flatMap(({ hops }) => hops.map(({ address }: NextHop) => address));
    const stranger = addresses.find((address) => isPublic(address) && !contains(allowed, address));
    if (stranger === undefined) continue;
    isGuarded = true;
    if (cps <= FREE_CPS) continue;
    throw new AppError('TARGET_NOT_ALLOWED', 'The target has a public address, and nobody said that it may be loaded', {
      where: uri,
      expected: `${FREE_CPS} attempts a second at most, or leave to send more`,
      found: `up to ${Math.ceil(cps)} attempts a second to ${stranger}`,
      hint: `If it is yours to load: --yes, or \`allow: [${parsed.host}]\` in the profile.`,
    });
  }
  return isGuarded;
}

function networksOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address, bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** An IPv4 address in IPv6 form (RFC 4291 2.5.5.2) is the IPv4 address. */
function contains(list: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}
