import { lookup, Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import type { Dns, DnsAnswer, NaptrRecord, SrvRecord } from './dns.js';
import type { AskedType, RecordOf } from './dns-message.js';
import { queryOnce } from './dns-query.js';

/** For answers whose TTL the system does not tell: the hosts file, and SRV and NAPTR where only node could ask for them. */
const UNTOLD_TTL_S = 60;
const QUERY = { timeout: 800, tries: 2 };
const HOSTS_FILE = '/etc/hosts';
/** Codes that mean "there is no such record", as opposed to "nobody answered". */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'ENONAME', 'EAI_NONAME', 'EAI_NODATA']);
const NONE = { records: [], ttlS: 0 };

/**
 * The DNS as the machine has it, or as `server` (`address` or `address:port`) tells it. Names of the hosts file and
 * `localhost` (RFC 6761 6.3) are not asked for. Without `server`, a name that the DNS has no address for is looked up
 * as any program of the machine would.
 */
export class SystemDns implements Dns {
  private readonly resolver = new Resolver(QUERY);
  private readonly hosts = hostsFileNames();

  /** @throws Error when `server` is no address */
  constructor(private readonly server?: string) {
    if (server !== undefined) this.resolver.setServers([server]);
  }

  naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    return this.ask(name, 'NAPTR', () => this.resolver.resolveNaptr(name));
  }

  srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    return this.ask(name, 'SRV', async () =>
      (await this.resolver.resolveSrv(name)).map(({ priority, weight, port, name: target }) => ({
        priority,
        weight,
        port,
        target,
      })),
    );
  }

  a(name: string): Promise<DnsAnswer<string>> {
    return this.addresses(name, 4, () => this.resolver.resolve4(name, { ttl: true }));
  }

  aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.addresses(name, 6, () => this.resolver.resolve6(name, { ttl: true }));
  }

  private async addresses(
    name: string,
    family: 4 | 6,
    query: () => Promise<{ address: string; ttl: number }[]>,
  ): Promise<DnsAnswer<string>> {
    if (this.isLocal(name)) return this.lookUp(name, family);
    let failure: unknown = null;
    try {
      const records = await query();
      if (records.length > 0)
        return {
          records: records.map(({ address }) => address),
          ttlS: Math.min(...records.map(({ ttl }) => ttl)),
        };
    } catch (error) {
      if (!saysNothing(error)) failure = error;
    }
    const found = this.server !== undefined ? NONE : await this.lookUp(name, family);
    if (found.records.length === 0 && failure) throw failure;
    return found;
  }

  /** Asks the first server directly, which tells the TTL; node's resolver where that does not do. */
  private async ask<T extends AskedType>(
    name: string,
    type: T,
    query: () => Promise<RecordOf<T>[]>,
  ): Promise<DnsAnswer<RecordOf<T>>> {
    if (this.isLocal(name)) return NONE;
    const [server] = this.resolver.getServers();
    const told = server === undefined ? null : await queryOnce(server, name, type, QUERY.timeout);
    if (told) return told;
    try {
      return { records: await query(), ttlS: UNTOLD_TTL_S };
    } catch (error) {
      if (saysNothing(error)) return NONE;
      throw error;
    }
  }

  private async lookUp(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
    try {
      const records = await lookup(name, { family, all: true });
      return { records: records.map(({ address }) => address), ttlS: UNTOLD_TTL_S };
    } catch (error) {
      if (saysNothing(error)) return NONE;
      throw error;
    }
  }

  /** Whether the machine itself says what a name means, or the name that an SRV query is about. */
  private isLocal(name: string): boolean {
    const host = name.toLowerCase().replace(/^_sips?\._\w+\./, '');
    return host === 'localhost' || host.endsWith('.localhost') || this.hosts.has(host);
  }
}

function saysNothing(error: unknown): boolean {
  return NOTHING.has((error as NodeJS.ErrnoException).code ?? '');
}

function hostsFileNames(): Set<string> {
  const names = new Set<string>();
  let text: string;
  try {
    text = readFileSync(HOSTS_FILE, 'latin1');
  } catch {
    return names;
  }
  for (const line of text.split('\n'))
    for (const name of line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/).slice(1)) names.add(name);
  return names;
}
