/** RFC 2782. */
export interface SrvRecord {
  priority: number;
  weight: number;
  port: number;
  /** `.` or empty: the service is decidedly not offered. */
  target: string;
}

/** RFC 3403 4.1. */
export interface NaptrRecord {
  order: number;
  preference: number;
  flags: string;
  service: string;
  regexp: string;
  replacement: string;
}

/** Records of one name and kind; none when the DNS says that there are none. */
export interface DnsAnswer<T> {
  records: readonly T[];
  ttlS: number;
}

/** What RFC 3263 asks of the DNS. A query that got no answer (timeout, SERVFAIL) rejects. */
export interface Dns {
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  srv(name: string): Promise<DnsAnswer<SrvRecord>>;
  a(name: string): Promise<DnsAnswer<string>>;
  aaaa(name: string): Promise<DnsAnswer<string>>;
}
