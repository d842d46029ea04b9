import type { Dns, DnsAnswer, NaptrRecord, SrvRecord } from '../../src/sip/dns.js';
import type { DnsTable } from '../support/dns-server.js';

type Kind = 'naptr' | 'srv' | 'a' | 'aaaa';

/** Names and their records; `failing` kinds get no answer. */
export type Zone = Record<string, DnsTable[string] & { failing?: Kind[] }>;

/** A DNS in memory that writes down what it is asked. */
export class TableDns implements Dns {
  readonly queries: string[] = [];

  constructor(private readonly zone: Zone) {}

  async naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    const { naptr = [], ttlS = 60 } = this.entry('naptr', name);
    const records = naptr.map(([order, preference, flags, service, replacement]) => ({
      order,
      preference,
      flags,
      service,
      regexp: '',
      replacement,
    }));
    return { records, ttlS };
  }

  async srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    const { srv = [], ttlS = 60 } = this.entry('srv', name);
    return { records: srv.map(([priority, weight, port, target]) => ({ priority, weight, port, target })), ttlS };
  }

  async a(name: string): Promise<DnsAnswer<string>> {
    const { a = [], ttlS = 60 } = this.entry('a', name);
    return { records: a, ttlS };
  }

  async aaaa(name: string): Promise<DnsAnswer<string>> {
    const { aaaa = [], ttlS = 60 } = this.entry('aaaa', name);
    return { records: aaaa, ttlS };
  }

  private entry(kind: Kind, name: string): Zone[string] {
    this.queries.push(`${kind} ${name}`);
    const entry = this.zone[name] ?? {};
    if (entry.failing?.includes(kind)) throw Object.assign(new Error('no answer'), { code: 'ETIMEOUT' });
    return entry;
  }
}
