import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../src/pcap/reader.js';
import { type CapturedDatagram, pcapHeader, recordBytes, writeRecord } from '../../src/pcap/writer.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const TIME_MS = 1_700_000_000_123.456;

function datagram(more: Partial<CapturedDatagram> = {}): CapturedDatagram {
  return {
    timeMs: TIME_MS,
    source: Uint8Array.of(192, 0, 2, 1),
    sourcePort: 4000,
    target: Uint8Array.of(198, 51, 100, 7),
    targetPort: 5001,
    payload: Uint8Array.of(1, 2, 3, 4, 5),
    ...more,
  };
}

function file(...datagrams: CapturedDatagram[]): Uint8Array {
  const header = pcapHeader();
  const bytes = new Uint8Array(header.length + datagrams.reduce((sum, one) => sum + recordBytes(one), 0));
  bytes.set(header);
  let at = header.length;
  for (const one of datagrams) at = writeRecord(bytes, at, one);
  expect(at).toBe(bytes.length);
  return bytes;
}

/** Ones' complement sum of 16-bit words, written apart from the writer's on purpose. */
function ones(bytes: Uint8Array): number {
  let sum = 0;
  for (const [i, byte] of bytes.entries()) {
    sum += i % 2 === 0 ? byte * 256 : byte;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

const V6 = { source: new Uint8Array(16).fill(0x20), target: new Uint8Array(16).fill(0x30) };

describe('a capture that was written', () => {
  it('is read again by what reads captures, with time and addresses', async () => {
    const path = join(temporaryFolder(), 'one.pcap');
    writeFileSync(path, file(datagram(), datagram(V6)));
    const packets: { timeUs: number; bytes: Uint8Array; linkType: number }[] = [];
    const read = await readCapture(path, ({ seconds, nanoseconds, linkType, bytes, start, end, wireLength }) => {
      expect(wireLength).toBe(end - start);
      packets.push({ timeUs: seconds! * 1e6 + nanoseconds / 1000, bytes: bytes.slice(start, end), linkType });
    });
    expect(read).toEqual({ format: 'pcap', packets: 2, trailingBytes: 0 });
    for (const { timeUs, linkType } of packets) {
      expect(timeUs).toBe(Math.round(TIME_MS * 1000));
      expect(linkType).toBe(101);
    }
    const [v4, v6] = packets.map(({ bytes }) => bytes);
    expect([...v4.slice(0, 4)]).toEqual([0x45, 0, 0, 33]);
    expect([...v4.slice(12, 24)]).toEqual([192, 0, 2, 1, 198, 51, 100, 7, 0x0f, 0xa0, 0x13, 0x89]);
    expect([...v4.slice(28)]).toEqual([1, 2, 3, 4, 5]);
    expect([...v6.slice(0, 8)]).toEqual([0x60, 0, 0, 0, 0, 13, 17, 64]);
    expect([...v6.slice(8, 40)]).toEqual([...V6.source, ...V6.target]);
    expect([...v6.slice(48)]).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    ['IPv4, odd length', datagram(), 20],
    ['IPv4, even length', datagram({ payload: Uint8Array.of(0xff, 0xff) }), 20],
    ['IPv4, nothing in it', datagram({ payload: new Uint8Array(0) }), 20],
    ['IPv6', datagram(V6), 40],
  ])('has the checksums of the wire: %s', (_name, one, ip) => {
    const packet = file(one).slice(24 + 16);
    if (ip === 20) expect(ones(packet.slice(0, 20))).toBe(0xffff);
    const udp = packet.slice(ip);
    const pseudo = [...one.source, ...one.target, 0, 17, udp.length >> 8, udp.length & 0xff];
    expect(ones(Uint8Array.from([...pseudo, ...udp]))).toBe(0xffff);
  });

  it('never says of a UDP checksum that there is none', () => {
    // Payloads that run through all sums meet the one that comes out as zero.
    for (let n = 0; n < 0x10000; n++) {
      const packet = file(datagram({ payload: Uint8Array.of(n >> 8, n & 0xff) }));
      if (packet[24 + 16 + 26] === 0 && packet[24 + 16 + 27] === 0) throw new Error(`zero at ${n}`);
    }
  });
});
