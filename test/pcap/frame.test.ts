import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/pcap/frame.js';
import { ipv4 } from './files.js';

const payload = Uint8Array.of(0xaa, 0xbb, 0xcc);
const packet = ipv4(['192.0.2.1', 4000], ['198.51.100.7', 5000], payload);
const found = { source: '192.0.2.1', sourcePort: 4000, destination: '198.51.100.7', destinationPort: 5000 };

function read(linkType: number, ...parts: (Uint8Array | number[])[]) {
  const bytes = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const reader = new FrameReader();
  const kind = reader.read(linkType, bytes, 0, bytes.length);
  const { start, end, ...udp } = reader.udp;
  return kind === 'udp' ? { ...udp, payload: [...bytes.subarray(start, end)] } : kind;
}

const mac = new Array(12).fill(2);
const whole = { ...found, payload: [...payload], isCutOff: false };

/** IPv6 with given headers before UDP. */
function ipv6(next: number, headers: number[], body: number[]): number[] {
  const source = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  const destination = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 2];
  return [0x60, 0, 0, 0, 0, headers.length + body.length, next, 64, ...source, ...destination, ...headers, ...body];
}
const datagram = [0x0f, 0xa0, 0x13, 0x88, 0, 11, 0, 0, ...payload];
const found6 = {
  source: '2001:db8::1',
  sourcePort: 4000,
  destination: 'fe80::200:ff:fe00:2',
  destinationPort: 5000,
  isCutOff: false,
  payload: [...payload],
};

describe('a frame', () => {
  it.each<[string, number, number[]]>([
    ['Ethernet', 1, [...mac, 8, 0]],
    ['Ethernet with a VLAN', 1, [...mac, 0x81, 0, 0, 5, 8, 0]],
    ['Ethernet with two VLANs', 1, [...mac, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]],
    ['Linux cooked', 113, [0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]],
    ['Linux cooked with a VLAN', 113, [0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 5, 8, 0]],
    ['Linux cooked 2 with a VLAN', 276, [0x81, 0, ...new Array(18).fill(0), 0, 5, 8, 0]],
    ['Linux cooked 2', 276, [8, 0, ...new Array(18).fill(0)]],
    ['raw IP', 101, []],
    ['raw IPv4', 228, []],
    ['loopback of BSD', 0, [2, 0, 0, 0]],
    ['loopback of OpenBSD', 108, [0, 0, 0, 2]],
  ])('of %s is read as far as UDP', (_, linkType, header) => {
    expect(read(linkType, header, packet)).toEqual(whole);
  });

  it('may be padded behind its datagram', () => {
    expect(read(1, [...mac, 8, 0], packet, new Array(15).fill(0))).toEqual(whole);
  });

  it('with options in its IPv4 header is read behind them', () => {
    const withOptions = [...packet.subarray(0, 20), 1, 1, 1, 1, ...packet.subarray(20)];
    withOptions[0] = 0x46;
    expect(read(101, withOptions)).toEqual(whole);
  });

  it.each<[string, number, number[]]>([
    ['plain', 17, []],
    ['with hop-by-hop options', 0, [17, 0, 0, 0, 0, 0, 0, 0]],
    ['with routing and destination options', 43, [60, 0, 0, 0, 0, 0, 0, 0, 17, 1, ...new Array(14).fill(0)]],
    ['the first of its fragments', 44, [17, 0, 0, 1, 0, 0, 0, 9]],
  ])('of IPv6 is read: %s', (_, next, headers) => {
    expect(read(101, ipv6(next, headers, datagram))).toEqual(found6);
    expect(read(229, ipv6(next, headers, datagram))).toEqual(found6);
    expect(read(1, [...mac, 0x86, 0xdd], ipv6(next, headers, datagram))).toEqual(found6);
  });

  it('that was captured in part says so', () => {
    expect(read(101, packet.subarray(0, packet.length - 1))).toEqual({
      ...whole,
      payload: [0xaa, 0xbb],
      isCutOff: true,
    });
  });

  it('that is no UDP, a later fragment, broken or of an unknown link is told as that', () => {
    const tcp = Uint8Array.from(packet);
    tcp[9] = 6;
    expect(read(101, tcp)).toBe('other');
    const fragment = Uint8Array.from(packet);
    fragment[7] = 1;
    expect(read(101, fragment)).toBe('fragment');
    expect(read(101, ipv6(44, [17, 0, 0, 8, 0, 0, 0, 9], datagram))).toBe('fragment');
    expect(read(1, [...mac, 8, 6, 0, 0])).toBe('other');
    expect(read(101, [0x45, 0])).toBe('broken');
    expect(read(101, [0x10, 0, 0])).toBe('broken');
    expect(read(147, packet)).toBe('unknown-link');
  });

  it('of any bytes whatever is never read beyond its end', () => {
    const reader = new FrameReader();
    const links = fc.constantFrom(0, 1, 12, 101, 108, 113, 228, 229, 276, 999);
    fc.assert(
      fc.property(links, fc.uint8Array({ maxLength: 120 }), fc.nat(40), (link, bytes, lead) => {
        const from = Math.min(lead, bytes.length);
        if (reader.read(link, bytes, from, bytes.length) !== 'udp') return;
        expect(reader.udp.start).toBeGreaterThanOrEqual(from);
        expect(reader.udp.end).toBeLessThanOrEqual(bytes.length);
        expect(reader.udp.end).toBeGreaterThanOrEqual(reader.udp.start);
      }),
      { seed: 11, numRuns: 3000 },
    );
  });
});
