import type { NaptrRecord, SrvRecord } from './dns.js';

/** Types of records that are asked for here: RFC 2782, RFC 3403. */
export type AskedType = 'SRV' | 'NAPTR';
export type RecordOf<T extends AskedType> = T extends 'SRV' ? SrvRecord : NaptrRecord;

const TYPE: Record<AskedType, number> = { SRV: 33, NAPTR: 35 };
const INTERNET = 1;
const HEADER_BYTES = 12;
const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;
const CODE = 0x000f;
const NO_SUCH_NAME = 3;
const LONGEST_LABEL = 63;
const LONGEST_NAME = 255;
/** Further than any name needs; a loop of pointers ends there. */
const MOST_POINTERS = 64;

/** What a server says of a name: its records, and the shortest TTL on the way to them, in s. */
export interface DnsReply<T> {
  records: T[];
  ttlS: number;
}

/** A query with recursion (RFC 1035 4.1); `null` where the name cannot be written. */
export function writeQuery(id: number, name: string, type: AskedType): Buffer | null {
  const labels = name.replace(/\.$/, '').split('.');
  const isFit =
    labels.every((label) => label.length > 0 && label.length <= LONGEST_LABEL) && name.length < LONGEST_NAME;
  if (!isFit) return null;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const question = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  const end = Buffer.from([0, 0, TYPE[type], 0, INTERNET]);
  return Buffer.concat([header, ...question, end]);
}

/**
 * The reply to a query. `null` where it is none, cannot be read, was cut off (RFC 1035 4.2.1), or is an error other than
 * that there is no such name.
 */
export function readReply<T extends AskedType>(query: Buffer, reply: Buffer, type: T): DnsReply<RecordOf<T>> | null {
  const question = query.subarray(HEADER_BYTES).toString('latin1').toLowerCase();
  if (reply.length < query.length || reply.readUInt16BE(0) !== query.readUInt16BE(0)) return null;
  if (reply.subarray(HEADER_BYTES, query.length).toString('latin1').toLowerCase() !== question) return null;
  const flags = reply.readUInt16BE(2);
  const code = flags & CODE;
  if (!(flags & RESPONSE) || flags & TRUNCATED || (code !== 0 && code !== NO_SUCH_NAME)) return null;
  const records: RecordOf<T>[] = [];
  let ttlS = Number.POSITIVE_INFINITY;
  let at = query.length;
  for (let left = reply.readUInt16BE(6); left > 0; left--) {
    const owner = readName(reply, at);
    if (owner === null || owner.next + 10 > reply.length) return null;
    const kind = reply.readUInt16BE(owner.next);
    const data = owner.next + 10;
    at = data + reply.readUInt16BE(owner.next + 8);
    if (at > reply.length) return null;
    // Aliases on the way hold for their time, too.
    ttlS = Math.min(ttlS, reply.readUInt32BE(owner.next + 4));
    if (kind !== TYPE[type]) continue;
    const record = type === 'SRV' ? readSrv(reply, data, at) : readNaptr(reply, data, at);
    if (record === null) return null;
    records.push(record as RecordOf<T>);
  }
  return { records, ttlS: records.length > 0 ? ttlS : 0 };
}

function readSrv(reply: Buffer, at: number, end: number): SrvRecord | null {
  const target = end - at < 7 ? null : readName(reply, at + 6);
  if (target === null || target.next !== end) return null;
  return {
    priority: reply.readUInt16BE(at),
    weight: reply.readUInt16BE(at + 2),
    port: reply.readUInt16BE(at + 4),
    target: target.name,
  };
}

function readNaptr(reply: Buffer, at: number, end: number): NaptrRecord | null {
  const texts: string[] = [];
  let next = at + 4;
  for (let i = 0; i < 3; i++) {
    if (next >= end || next + 1 + reply[next] > end) return null;
    texts.push(reply.toString('latin1', next + 1, next + 1 + reply[next]));
    next += 1 + reply[next];
  }
  const replacement = readName(reply, next);
  if (replacement === null || replacement.next !== end) return null;
  const [flags, service, regexp] = texts;
  const [order, preference] = [reply.readUInt16BE(at), reply.readUInt16BE(at + 2)];
  return { order, preference, flags, service, regexp, replacement: replacement.name };
}

/** A name, with pointers to what stands earlier (RFC 1035 4.1.4), and where what follows it begins. */
function readName(message: Buffer, start: number): { name: string; next: number } | null {
  const labels: string[] = [];
  let at = start;
  let next = -1;
  let pointers = 0;
  for (let bytes = 0; bytes <= LONGEST_NAME; ) {
    if (at >= message.length) return null;
    const length = message[at];
    if (length === 0) return { name: labels.join('.'), next: next < 0 ? at + 1 : next };
    if (length >= 0xc0) {
      if (at + 1 >= message.length || ++pointers > MOST_POINTERS) return null;
      if (next < 0) next = at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      continue;
    }
    if (length > LONGEST_LABEL || at + 1 + length > message.length) return null;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
    bytes += 1 + length;
  }
  return null;
}
