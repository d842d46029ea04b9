/** A UDP datagram within a captured frame. The same object is used for the next one. */
export class UdpView {
  source = '';
  destination = '';
  sourcePort = 0;
  destinationPort = 0;
  /** The payload lies in the frame's bytes, from `start` to `end`. */
  start = 0;
  end = 0;
  /** The capture has less of the payload than the wire had (snaplen). */
  isCutOff = false;
}

/** What a frame turned out to be. */
export type FrameKind =
  | 'udp'
  /** IP, of another protocol. */
  | 'other'
  /** A part of an IP datagram after its first one; they are not put together. */
  | 'fragment'
  /** Too short for its headers, or wrong within them. */
  | 'broken'
  /** A link type that is not known. */
  | 'unknown-link';

/** The LINKTYPEs of tcpdump.org's registry that are read here. */
const LinkType = {
  null: 0,
  ethernet: 1,
  rawOfBsd: 12,
  rawOfOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** Tags of VLANs: 802.1Q, 802.1ad and what was used before it. */
const ETHERTYPE_VLANS = new Set([0x8100, 0x88a8, 0x9100]);
const UDP = 17;
const UDP_HEADER_BYTES = 8;
/** Extension headers of IPv6 that may stand before UDP: hop-by-hop, routing, destination options. */
const IPV6_OPTIONS = new Set([0, 43, 60]);
const IPV6_FRAGMENT = 44;

/** Reads frames of several link types as far as UDP (RFC 768 over RFC 791 and 8200). Names of addresses are kept, as they come again. */
export class FrameReader {
  readonly udp = new UdpView();
  private readonly names = new Map<string, string>();

  /** Looks into a frame; with `udp` as the answer `this.udp` holds what was found. */
  read(linkType: number, bytes: Uint8Array, start: number, end: number): FrameKind {
    switch (linkType) {
      case LinkType.ethernet:
        return this.network(bytes, start + 12, start + 14, end);
      case LinkType.linuxCooked:
        return this.network(bytes, start + 14, start + 16, end);
      case LinkType.linuxCooked2:
        return this.network(bytes, start, start + 20, end);
      case LinkType.raw:
      case LinkType.rawOfBsd:
      case LinkType.rawOfOpenBsd:
      case LinkType.ipv4:
      case LinkType.ipv6:
        return this.ip(bytes, start, end);
      // The address family, in one byte order or the other: the version of IP says the same.
      case LinkType.null:
      case LinkType.loop:
        return end - start < 4 ? 'broken' : this.ip(bytes, start + 4, end);
      default:
        return 'unknown-link';
    }
  }

  /**
   * Reads on behind the header of a link. Each tag of a VLAN is two bytes and the EtherType of what follows.
   *
   * @param typeAt where the EtherType lies, and `start` what it is of
   */
  private network(bytes: Uint8Array, typeAt: number, start: number, end: number): FrameKind {
    let at = start;
    if (at > end) return 'broken';
    let etherType = wordAt(bytes, typeAt);
    while (ETHERTYPE_VLANS.has(etherType)) {
      if (at + 4 > end) return 'broken';
      etherType = wordAt(bytes, at + 2);
      at += 4;
    }
    return etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6 ? this.ip(bytes, at, end) : 'other';
  }

  private ip(bytes: Uint8Array, start: number, end: number): FrameKind {
    if (start >= end) return 'broken';
    const version = bytes[start] >> 4;
    if (version === 4) return this.ipv4(bytes, start, end);
    if (version === 6) return this.ipv6(bytes, start, end);
    return 'broken';
  }

  private ipv4(bytes: Uint8Array, start: number, end: number): FrameKind {
    const headerBytes = (bytes[start] & 0x0f) * 4;
    if (headerBytes < 20 || end - start < headerBytes) return 'broken';
    const offset = ((bytes[start + 6] & 0x1f) << 8) | bytes[start + 7];
    if (offset > 0) return 'fragment';
    if (bytes[start + 9] !== UDP) return 'other';
    this.udp.source = this.name(bytes, start + 12, 4);
    this.udp.destination = this.name(bytes, start + 16, 4);
    return this.datagram(bytes, start + headerBytes, end);
  }

  private ipv6(bytes: Uint8Array, start: number, end: number): FrameKind {
    if (end - start < 40) return 'broken';
    let protocol = bytes[start + 6];
    let at = start + 40;
    while (IPV6_OPTIONS.has(protocol) || protocol === IPV6_FRAGMENT) {
      if (at + 8 > end) return 'broken';
      if (protocol === IPV6_FRAGMENT && ((bytes[at + 2] << 8) | bytes[at + 3]) >> 3 > 0) return 'fragment';
      const length = protocol === IPV6_FRAGMENT ? 8 : (bytes[at + 1] + 1) * 8;
      protocol = bytes[at];
      at += length;
    }
    if (protocol !== UDP) return 'other';
    this.udp.source = this.name(bytes, start + 8, 16);
    this.udp.destination = this.name(bytes, start + 24, 16);
    return this.datagram(bytes, at, end);
  }

  /** Its own length counts: a frame may be padded behind it. */
  private datagram(bytes: Uint8Array, start: number, end: number): FrameKind {
    if (end - start < UDP_HEADER_BYTES) return 'broken';
    const { udp } = this;
    const length = (bytes[start + 4] << 8) | bytes[start + 5];
    if (length < UDP_HEADER_BYTES) return 'broken';
    udp.sourcePort = (bytes[start] << 8) | bytes[start + 1];
    udp.destinationPort = (bytes[start + 2] << 8) | bytes[start + 3];
    udp.start = start + UDP_HEADER_BYTES;
    udp.end = Math.min(end, start + length);
    udp.isCutOff = udp.end < start + length;
    return 'udp';
  }

  private name(bytes: Uint8Array, at: number, length: number): string {
    let key = '';
    for (let i = at; i < at + length; i++) key += String.fromCharCode(bytes[i]);
    let name = this.names.get(key);
    if (name === undefined) {
      name = length === 4 ? bytes.subarray(at, at + 4).join('.') : ipv6Text(bytes, at);
      this.names.set(key, name);
    }
    return name;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/** An IPv6 address in its shortest form (RFC 5952): the longest run of zero groups left out. */
function ipv6Text(bytes: Uint8Array, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1]);
  let best = { from: 0, length: 0 };
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (from + length < 8 && groups[from + length] === 0) length++;
    if (length > best.length) best = { from, length };
  }
  const text = (list: number[]): string => list.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.from))}::${text(groups.slice(best.from + best.length))}`;
}
