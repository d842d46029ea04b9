import { createSocket, type Socket } from 'node:dgram';

/** What a name has; names are compared without regard to case. */
export type DnsTable = Record<
  string,
  {
    a?: string[];
    aaaa?: string[];
    srv?: [priority: number, weight: number, port: number, target: string][];
    naptr?: [order: number, preference: number, flags: string, service: string, replacement: string][];
    ttlS?: number;
    /** Queries for the name get no answer at all. */
    silent?: boolean;
  }
>;

const TYPES: Record<number, 'a' | 'aaaa' | 'srv' | 'naptr'> = { 1: 'a', 28: 'aaaa', 33: 'srv', 35: 'naptr' };
const NXDOMAIN = 3;

/** A DNS server over UDP on loopback (RFC 1035) that answers A, AAAA, SRV (RFC 2782) and NAPTR (RFC 3403) from a table. */
export class DnsServer {
  /** Queries as they came, `TYPE name`. */
  readonly queries: string[] = [];

  private constructor(
    private readonly socket: Socket,
    readonly table: DnsTable,
  ) {
    socket.on('message', (query, from) => {
      const answer = this.answer(query);
      if (answer) socket.send(answer, from.port, from.address);
    });
  }

  static open(table: DnsTable): Promise<DnsServer> {
    return new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => resolve(new DnsServer(socket, table)));
    });
  }

  /** `address:port` for a resolver. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  private answer(query: Buffer): Buffer | null {
    const labels: string[] = [];
    let at = 12;
    while (query[at] !== 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
      at += 1 + query[at];
    }
    const question = query.subarray(12, at + 5);
    const name = labels.join('.').toLowerCase();
    const kind = TYPES[query.readUInt16BE(at + 1)];
    this.queries.push(`${(kind ?? 'other').toUpperCase()} ${name}`);
    const entry = this.table[name];
    if (entry?.silent) return null;
    const data = entry && kind ? recordData(entry, kind) : [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8580 | (entry ? 0 : NXDOMAIN), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data.length, 6);
    const records = data.map((rdata) => {
      const head = Buffer.alloc(12);
      head.writeUInt16BE(0xc00c, 0);
      question.copy(head, 2, question.length - 4);
      head.writeUInt32BE(entry?.ttlS ?? 60, 6);
      head.writeUInt16BE(rdata.length, 10);
      return Buffer.concat([head, rdata]);
    });
    return Buffer.concat([header, question, ...records]);
  }
}

function recordData(entry: DnsTable[string], kind: 'a' | 'aaaa' | 'srv' | 'naptr'): Buffer[] {
  switch (kind) {
    case 'a':
      return (entry.a ?? []).map((address) => Buffer.from(address.split('.').map(Number)));
    case 'aaaa':
      return (entry.aaaa ?? []).map(addressOfSix);
    case 'srv':
      return (entry.srv ?? []).map(([priority, weight, port, target]) =>
        Buffer.concat([words(priority, weight, port), encodeName(target)]),
      );
    case 'naptr':
      return (entry.naptr ?? []).map(([order, preference, flags, service, replacement]) =>
        Buffer.concat([words(order, preference), text(flags), text(service), text(''), encodeName(replacement)]),
      );
    default:
      return kind satisfies never;
  }
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) buffer.writeUInt16BE(value, i * 2);
  return buffer;
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map(text), Buffer.from([0])]);
}

function addressOfSix(address: string): Buffer {
  const [head, tail = ''] = address.split('::');
  const before = head.split(':').filter((group) => group !== '');
  const after = tail.split(':').filter((group) => group !== '');
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return words(...[...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16)));
}
