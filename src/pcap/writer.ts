/**
 * Capture files: classic pcap in host order with microseconds, link type RAW (the packet begins with its IP header), as
 * draft-ietf-opsawg-pcap describes them. UDP datagrams get the IP and UDP headers that they would have had on the wire,
 * checksums included. Pure: bytes come out, whoever calls writes them.
 */
const MAGIC = 0xa1b2c3d4;
const LINKTYPE_RAW = 101;
const SNAPLEN = 65_535;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const UDP = 17;
const TTL = 64;

/** A UDP datagram with its addresses: 4 bytes each for IPv4, 16 for IPv6. */
export interface CapturedDatagram {
  /** ms since 1970, UTC. */
  timeMs: number;
  source: Uint8Array;
  sourcePort: number;
  target: Uint8Array;
  targetPort: number;
  payload: Uint8Array;
}

/** What a capture file begins with. */
export function pcapHeader(): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAPLEN, true);
  view.setUint32(20, LINKTYPE_RAW, true);
  return bytes;
}

/** Bytes that a datagram takes in a file. */
export function recordBytes({ source, payload }: Pick<CapturedDatagram, 'source' | 'payload'>): number {
  const ip = source.length === 4 ? IPV4_BYTES : IPV6_BYTES;
  return RECORD_HEADER_BYTES + ip + UDP_BYTES + payload.length;
}

/** Writes a datagram's record at `at`, where there is room for `recordBytes`; returns where the next one begins. */
export function writeRecord(into: Uint8Array, at: number, datagram: CapturedDatagram): number {
  const { timeMs, source, sourcePort, target, targetPort, payload } = datagram;
  const view = new DataView(into.buffer, into.byteOffset);
  const isIpv4 = source.length === 4;
  const udpLength = UDP_BYTES + payload.length;
  const length = (isIpv4 ? IPV4_BYTES : IPV6_BYTES) + udpLength;
  const micros = Math.round(timeMs * 1000);
  view.setUint32(at, Math.floor(micros / 1e6), true);
  view.setUint32(at + 4, micros % 1e6, true);
  view.setUint32(at + 8, length, true);
  view.setUint32(at + 12, length, true);
  const ip = at + RECORD_HEADER_BYTES;
  const udp = isIpv4
    ? writeIpv4(view, into, ip, length, source, target)
    : writeIpv6(view, into, ip, udpLength, source, target);
  view.setUint16(udp, sourcePort);
  view.setUint16(udp + 2, targetPort);
  view.setUint16(udp + 4, udpLength);
  view.setUint16(udp + 6, 0);
  into.set(payload, udp + UDP_BYTES);
  const pseudo = sumOf(source, 0, source.length) + sumOf(target, 0, target.length) + UDP + udpLength;
  const checksum = folded(pseudo + sumOf(into, udp, udpLength));
  // A sum of zero is written as all ones: zero says that there is none (RFC 768).
  view.setUint16(udp + 6, checksum === 0 ? 0xffff : checksum);
  return udp + udpLength;
}

/** RFC 791, section 3.1; returns where the payload begins. */
function writeIpv4(
  view: DataView,
  into: Uint8Array,
  at: number,
  length: number,
  source: Uint8Array,
  target: Uint8Array,
): number {
  view.setUint16(at, 0x4500);
  view.setUint16(at + 2, length);
  view.setUint32(at + 4, 0x00004000); // identification 0, don't fragment
  view.setUint32(at + 8, (TTL << 24) | (UDP << 16));
  into.set(source, at + 12);
  into.set(target, at + 16);
  view.setUint16(at + 10, folded(sumOf(into, at, IPV4_BYTES)));
  return at + IPV4_BYTES;
}

/** RFC 8200, section 3. */
function writeIpv6(
  view: DataView,
  into: Uint8Array,
  at: number,
  payloadLength: number,
  source: Uint8Array,
  target: Uint8Array,
): number {
  view.setUint32(at, 0x60000000);
  view.setUint16(at + 4, payloadLength);
  view.setUint16(at + 6, (UDP << 8) | TTL);
  into.set(source, at + 8);
  into.set(target, at + 24);
  return at + IPV6_BYTES;
}

/** Sum of 16-bit words in network order, an odd byte at the end filled up with zeros (RFC 1071). */
function sumOf(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0;
  const even = length & ~1;
  for (let i = 0; i < even; i += 2) sum += (bytes[at + i] << 8) | bytes[at + i + 1];
  if (even < length) sum += bytes[at + even] << 8;
  return sum;
}

function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return ~rest & 0xffff;
}
