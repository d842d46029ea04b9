import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, isIpv6Number, parseAddress, readIpv6, writeIpv6 } from '../../src/media/addresses.js';

/** The canonical text of an IPv6 address, as the URL parser has it. */
function canonical(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

const hostIpv6 = fc.ipV6().filter((text) => canonical(text) !== '::');
const hostIpv4 = fc.ipV4().filter((text) => !text.startsWith('0.'));

describe('addresses as numbers', () => {
  it('are read and written in both families, whatever the form they came in', () => {
    fc.assert(
      fc.property(hostIpv6, hostIpv4, (six, four) => {
        expect(formatAddress(parseAddress(six)!)).toBe(canonical(six));
        expect(formatAddress(parseAddress(four)!)).toBe(four);
        expect(isIpv6Number(parseAddress(six)!)).toBe(true);
        expect(isIpv6Number(parseAddress(four)!)).toBe(false);
      }),
    );
  });

  it('are the same for the same address, and different for different ones', () => {
    fc.assert(
      fc.property(hostIpv6, hostIpv6, (a, b) => {
        expect(parseAddress(a) === parseAddress(b)).toBe(canonical(a) === canonical(b));
      }),
    );
    expect(parseAddress('2001:DB8:0:0::1')).toBe(parseAddress('2001:db8::1'));
    expect(parseAddress('::ffff:192.0.2.1')).toBe(parseAddress('::ffff:c000:201'));
  });

  it('are 32 bits, which V8 passes on without allocating', () => {
    fc.assert(fc.property(hostIpv6, (text) => Object.is(parseAddress(text)! | 0, parseAddress(text))));
  });

  it('lie in memory as the kernel has them', () => {
    const memory = new Int32Array(8);
    const number = parseAddress('2001:db8::1:2')!;
    writeIpv6(memory, 2, number);
    expect([...new Uint8Array(memory.buffer, 8, 16)]).toEqual([
      0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2,
    ]);
    expect([memory[0], memory[1], memory[6], memory[7]]).toEqual([0, 0, 0, 0]);
    expect(readIpv6(memory, 2)).toBe(number);
  });

  it('are 0 for the unspecified address, to which nothing is sent', () => {
    expect([parseAddress('0.0.0.0'), parseAddress('::'), parseAddress('0:0::0')]).toEqual([0, 0, 0]);
  });

  it.each(['', 'localhost', '1.2.3', '0.0.0.1', '0.1.2.3', 'fe80::1%lo', ':::', '1::2::3', '[::1]', '12345::'])(
    'are not read from %j',
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );

  it('stay those of the far ends when strangers come from ever more addresses', () => {
    const known = parseAddress('2001:db8::77')!;
    const memory = new Int32Array(4);
    writeIpv6(memory, 0, known);
    const stranger = new Int32Array([1, 2, 3, 0]);
    let kept = 0;
    for (stranger[3] = 0; stranger[3] < 40_000; stranger[3]++) if (readIpv6(stranger, 0) !== -1) kept++;
    expect(kept).toBeGreaterThan(1000);
    expect(kept).toBeLessThan(20_000);
    expect(readIpv6(memory, 0)).toBe(known);
    // There is room for a far end that is described now.
    const described = parseAddress('2001:db8::78')!;
    expect(formatAddress(described)).toBe('2001:db8::78');
  });
});
