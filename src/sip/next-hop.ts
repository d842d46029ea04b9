import { isIP } from 'node:net';
import type { Rng } from '../core/rng.js';
import type { Dns, DnsAnswer, NaptrRecord, SrvRecord } from './dns.js';
import { orderByWeight } from './srv-order.js';
import type { Protocol } from './transport.js';
import { defaultPort, type SipUri } from './uri.js';

/** Where a request can be sent to. */
export interface NextHop {
  protocol: Protocol;
  address: string;
  port: number;
}

/** What this side can send over. */
export interface Reach {
  /** Transports there are, the preferred ones first. */
  transports: readonly Protocol[];
  /** Address families there are sockets of, the preferred one first. */
  families: readonly (4 | 6)[];
}

/** One server and its addresses. */
interface WeightedHops {
  weight: number;
  hops: readonly NextHop[];
}

/**
 * All that the DNS says of a URI: groups in the order in which they are tried, each a choice by weight. Without a group
 * `reason` says why.
 */
export interface HopPlan {
  groups: readonly (readonly WeightedHops[])[];
  /** How long it holds: the least TTL of all records in it; infinite for numeric hosts. */
  ttlS: number;
  reason: string;
  /** Every query had an answer, be it that there is nothing. */
  isWhole: boolean;
}

/** RFC 3263 4.1, RFC 7118 10.4; lower case. */
const NAPTR_SERVICE: Record<string, Protocol> = {
  'sip+d2u': 'udp',
  'sip+d2t': 'tcp',
  'sips+d2t': 'tls',
  'sip+d2w': 'ws',
  'sips+d2w': 'wss',
};
const SRV_PREFIX: Partial<Record<Protocol, string>> = { udp: '_sip._udp.', tcp: '_sip._tcp.', tls: '_sips._tcp.' };
const SECURE: readonly Protocol[] = ['tls', 'wss'];

/**
 * The transports that a URI leaves open to us, the one to assume first: that of its `transport` parameter, else what we
 * prefer, for SIPS TLS (RFC 3263 4.1; RFC 3261 26.2.2 has TCP in a SIPS URI mean TLS). None when we have none that would
 * do.
 */
export function usableTransports(uri: SipUri, available: readonly Protocol[]): readonly Protocol[] {
  const { scheme, transport } = uri;
  if (scheme === 'sips') {
    const wanted = transport === 'ws' || transport === 'wss' ? 'wss' : 'tls';
    if (transport === null) return available.filter((protocol) => SECURE.includes(protocol));
    return transport !== 'udp' && available.includes(wanted) ? [wanted] : [];
  }
  if (transport !== null) return available.filter((protocol) => protocol === transport);
  return available;
}

/** The target of a URI that needs no DNS; `null` where its host is a name. */
export function numericHop(uri: SipUri, protocol: Protocol): NextHop | null {
  const address = uri.maddr ?? uri.host;
  return isIP(address) === 0 ? null : { protocol, address, port: uri.port ?? defaultPort(protocol) };
}

/** Asks the DNS where a URI leads (RFC 3263 4.1 and 4.2). Never rejects: what the DNS failed at is in the reason. */
export async function planHops(uri: SipUri, dns: Dns, reach: Reach): Promise<HopPlan> {
  const usable = usableTransports(uri, reach.transports);
  const [assumed] = usable;
  const numeric = numericHop(uri, assumed);
  if (numeric)
    return { groups: [[{ weight: 0, hops: [numeric] }]], ttlS: Number.POSITIVE_INFINITY, reason: '', isWhole: true };
  const name = uri.maddr ?? uri.host;
  const search = new Search(dns, reach);
  let groups: WeightedHops[][] = [];
  if (uri.port === null) {
    groups = uri.transport === null ? await search.byNaptr(name, usable) : [];
    if (groups.length === 0) groups = await search.bySrv(name, usable);
  }
  if (groups.length === 0 && !search.declined) {
    const hops = await search.addresses(name, uri.port ?? defaultPort(assumed), assumed);
    if (hops.length > 0) groups = [[{ weight: 0, hops }]];
  }
  return { groups, ttlS: search.ttlS, reason: groups.length > 0 ? '' : search.reason, isWhole: !search.failed };
}

/** Targets in the order in which one request tries them. */
export function orderHops(plan: HopPlan, rng: Rng): NextHop[] {
  return plan.groups.flatMap((group) => orderByWeight(group, rng).flatMap((server) => server.hops));
}

/** The queries for one URI. */
class Search {
  ttlS = Number.POSITIVE_INFINITY;
  /** An SRV record said that the service is not offered, and no other one says that it is. */
  declined = false;
  private failure = '';

  constructor(
    private readonly dns: Dns,
    private readonly reach: Reach,
  ) {}

  /** A query had no answer. */
  get failed(): boolean {
    return this.failure !== '';
  }

  get reason(): string {
    if (this.failure !== '') return this.failure;
    return this.declined ? 'SIP is not offered there (SRV)' : 'ENOTFOUND';
  }

  /** Of the records that name a transport of ours, those of the lowest order, by preference (RFC 3403 4.1). */
  async byNaptr(name: string, usable: readonly Protocol[]): Promise<WeightedHops[][]> {
    const records = await this.ask<NaptrRecord>(this.dns.naptr(name));
    const fitting = records
      .filter((record) => /^s$/i.test(record.flags) && usable.includes(protocolOf(record)))
      .sort((a, b) => a.order - b.order || a.preference - b.preference);
    const first = fitting.filter((record) => record.order === fitting[0].order);
    const found = await Promise.all(first.map((record) => this.servers(record.replacement, protocolOf(record))));
    return found.flat();
  }

  /** SRV records of each transport that we have. */
  async bySrv(name: string, usable: readonly Protocol[]): Promise<WeightedHops[][]> {
    const found = await Promise.all(
      usable.map((protocol) => {
        const prefix = SRV_PREFIX[protocol];
        return prefix === undefined ? [] : this.servers(prefix + name, protocol);
      }),
    );
    return found.flat();
  }

  /** A and AAAA records of a name. */
  async addresses(name: string, port: number, protocol: Protocol): Promise<NextHop[]> {
    const found = await Promise.all(
      this.reach.families.map((family) => this.ask(family === 4 ? this.dns.a(name) : this.dns.aaaa(name))),
    );
    return found.flat().map((address) => ({ protocol, address, port }));
  }

  /** The servers of an SRV name, a group for each priority. */
  private async servers(name: string, protocol: Protocol): Promise<WeightedHops[][]> {
    const records = await this.ask<SrvRecord>(this.dns.srv(name));
    const offered = records.filter(({ target }) => target !== '.' && target !== '');
    if (records.length > 0 && offered.length === 0) this.declined = true;
    const servers = await Promise.all(
      offered.map(async ({ priority, weight, port, target }) => ({
        priority,
        weight,
        hops: isIP(target) === 0 ? await this.addresses(target, port, protocol) : [{ protocol, address: target, port }],
      })),
    );
    const groups = new Map<number, WeightedHops[]>();
    for (const { priority, weight, hops } of servers.sort((a, b) => a.priority - b.priority)) {
      if (hops.length === 0) continue;
      const group = groups.get(priority);
      if (group) group.push({ weight, hops });
      else groups.set(priority, [{ weight, hops }]);
    }
    return [...groups.values()];
  }

  private async ask<T>(query: Promise<DnsAnswer<T>>): Promise<readonly T[]> {
    try {
      const { records, ttlS } = await query;
      if (records.length > 0) this.ttlS = Math.min(this.ttlS, ttlS);
      return records;
    } catch (error) {
      this.failure ||= (error as NodeJS.ErrnoException).code ?? String(error);
      return [];
    }
  }
}

function protocolOf(record: NaptrRecord): Protocol {
  return NAPTR_SERVICE[record.service.toLowerCase()];
}
