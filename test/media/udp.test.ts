import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, PacketMemory, parseIpv4 } from '../../src/media/udp.js';

describe('IPv4 addresses', () => {
  it('survive being read and written', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(formatIpv4(parseIpv4(address)!)).toBe(address);
      }),
    );
  });

  it('are small integers for V8, also above 127', () => {
    expect(parseIpv4('192.168.0.1')).toBe(0xc0a80001 | 0);
  });

  it.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'localhost', '::1', ' 1.2.3.4'])('are not read from %j', (text) => {
    expect(parseIpv4(text)).toBeNull();
  });
});

describe('packet memory', () => {
  it('copies exactly the bytes asked for, whatever the alignment of either side', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 80 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 3 }),
        (packet, offset, at, shift) => {
          const source = new PacketMemory(new Uint8Array(new ArrayBuffer(200), shift, 100));
          source.bytes.set(packet, offset);
          const target = PacketMemory.allocate(100);
          target.bytes.fill(0xaa);
          target.write(at, source, offset, packet.length);
          expect(target.bytes.subarray(at, at + packet.length)).toEqual(packet);
          expect(target.bytes.subarray(0, at).every((byte) => byte === 0xaa)).toBe(true);
          expect(target.bytes.subarray(at + packet.length).every((byte) => byte === 0xaa)).toBe(true);
        },
      ),
    );
  });
});
