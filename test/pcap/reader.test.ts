import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.js';
import { readCapture } from '../../src/pcap/reader.js';
import { block, Files, fields, pcapFile } from './files.js';

const files = new Files();

const frames = [
  { atUs: 1_700_000_000_123_456, bytes: Uint8Array.of(1, 2, 3) },
  { atUs: 1_700_000_001_000_001, bytes: Uint8Array.of(4, 5, 6, 7), wireLength: 99 },
];
const expected = [
  { seconds: 1_700_000_000, nanoseconds: 123_456_000, linkType: 101, data: [1, 2, 3], wireLength: 3 },
  { seconds: 1_700_000_001, nanoseconds: 1_000, linkType: 101, data: [4, 5, 6, 7], wireLength: 99 },
];

async function read(content: Uint8Array) {
  const packets: object[] = [];
  const file = await readCapture(files.write('capture', content), (p) => {
    const { seconds, nanoseconds, linkType, wireLength } = p;
    packets.push({ seconds, nanoseconds, linkType, data: [...p.bytes.subarray(p.start, p.end)], wireLength });
  });
  return { ...file, list: packets };
}

const sectionBody = (bigEndian: boolean) =>
  fields(
    [
      [4, 0x1a2b3c4d],
      [2, 1],
      [2, 0],
      [4, 0xffffffff],
      [4, 0xffffffff],
    ],
    bigEndian,
  );

/** A section with one interface, whose options are given, and both frames as enhanced packets in units of its own. */
function section(bigEndian: boolean, options: Uint8Array, unitsASecond: bigint, offset = 0n): Buffer {
  const blocks = [
    block(0x0a0d0d0a, sectionBody(bigEndian), bigEndian),
    block(
      1,
      Buffer.concat([
        fields(
          [
            [2, 101],
            [2, 0],
            [4, 0],
          ],
          bigEndian,
        ),
        options,
      ]),
      bigEndian,
    ),
    block(
      5,
      fields(
        [
          [4, 0],
          [4, 0],
          [4, 0],
        ],
        bigEndian,
      ),
      bigEndian,
    ),
  ];
  for (const { atUs, bytes, wireLength } of frames) {
    const units = ((BigInt(atUs) - offset * 1_000_000n) * unitsASecond) / 1_000_000n;
    const body = fields(
      [
        [4, 0],
        [4, Number(units >> 32n)],
        [4, Number(units & 0xffffffffn)],
        [4, bytes.length],
        [4, wireLength ?? bytes.length],
        bytes,
      ],
      bigEndian,
    );
    blocks.push(block(6, body, bigEndian));
  }
  return Buffer.concat(blocks);
}

describe('a capture file', () => {
  it.each([
    ['µs, little-endian', {}],
    ['µs, big-endian', { bigEndian: true }],
    ['ns, little-endian', { nanoseconds: true }],
    ['ns, big-endian', { nanoseconds: true, bigEndian: true }],
  ])('in pcap is read packet by packet: %s', async (_, style) => {
    expect(await read(pcapFile(frames, style))).toEqual({
      format: 'pcap',
      packets: 2,
      trailingBytes: 0,
      list: expected,
    });
  });

  it.each([
    ['µs by default', Buffer.alloc(0), 1_000_000n, 0n],
    ['ns', Buffer.from([9, 0, 1, 0, 9, 0, 0, 0]), 1_000_000_000n, 0n],
    ['an offset', Buffer.from([14, 0, 8, 0, 0, 0xe1, 0xf5, 0x05, 0, 0, 0, 0]), 1_000_000n, 100_000_000n],
  ])('in pcapng has times as its interface says: %s', async (_, options, units, offset) => {
    expect(await read(section(false, options, units, offset))).toEqual({
      format: 'pcapng',
      packets: 2,
      trailingBytes: 0,
      list: expected,
    });
  });

  it('in pcapng may have units of powers of two, to within one of them', async () => {
    const { list } = await read(section(false, Buffer.from([9, 0, 1, 0, 0x80 | 20, 0, 0, 0]), 1n << 20n));
    const [first] = list as { seconds: number; nanoseconds: number }[];
    expect(first.seconds).toBe(1_700_000_000);
    expect(Math.abs(first.nanoseconds - 123_456_000)).toBeLessThan(1e9 / 2 ** 20);
  });

  it('in pcapng has no times where its interface puts them beyond any calendar', async () => {
    const options = Buffer.from([14, 0, 8, 0, 255, 255, 255, 255, 255, 255, 255, 127]);
    const { list } = await read(section(false, options, 1_000_000n));
    expect((list as { seconds: number | null }[]).map(({ seconds }) => seconds)).toEqual([null, null]);
  });

  it('in pcapng may have sections of both byte orders, each with interfaces of its own', async () => {
    const none = Buffer.alloc(0);
    const both = Buffer.concat([section(true, none, 1_000_000n), section(false, none, 1_000_000n)]);
    expect((await read(both)).list).toEqual([...expected, ...expected]);
  });

  it('in pcapng may have packets without a time, cut off as their interface says', async () => {
    const content = Buffer.concat([
      block(0x0a0d0d0a, sectionBody(false)),
      block(
        1,
        fields([
          [2, 101],
          [2, 0],
          [4, 2],
        ]),
      ),
      block(3, fields([[4, 9], Uint8Array.of(7, 8)])),
    ]);
    expect((await read(content)).list).toEqual([
      { seconds: null, nanoseconds: 0, linkType: 101, data: [7, 8], wireLength: 9 },
    ]);
  });

  it('is read through gzip, and where a packet lies across two pieces of the file', async () => {
    const big = Array.from({ length: 3000 }, (_, i) => ({
      atUs: i * 1000,
      bytes: new Uint8Array(1000).fill(i & 0xff),
    }));
    const plain = await read(pcapFile(big));
    expect(plain.packets).toBe(3000);
    expect((plain.list as { data: number[] }[]).every(({ data }, i) => data.every((byte) => byte === (i & 0xff)))).toBe(
      true,
    );
    expect(await read(gzipSync(pcapFile(big)))).toEqual(plain);
  });

  it('that was cut off gives what is whole, and says how much is left', async () => {
    const whole = pcapFile(frames);
    expect(await read(whole.subarray(0, whole.length - 1))).toMatchObject({ packets: 1, trailingBytes: 19 });
    const sectioned = section(false, Buffer.alloc(0), 1_000_000n);
    expect(await read(sectioned.subarray(0, sectioned.length - 2))).toMatchObject({ packets: 1 });
    // Gzipped, too: here in the midst of what does not shrink.
    const noisy = Array.from({ length: 50 }, (_, i) => ({
      atUs: i,
      bytes: Uint8Array.from({ length: 500 }, (_, k) => (k * k * (i + 7) * 31) >> 3),
    }));
    const gzipped = gzipSync(pcapFile(noisy));
    const cut = await read(gzipped.subarray(0, gzipped.length >> 1));
    expect(cut.packets).toBeGreaterThan(5);
    expect(cut.packets).toBeLessThan(45);
    expect(cut.trailingBytes).toBeGreaterThan(0);
  });

  it('without a packet is one all the same', async () => {
    expect(await read(pcapFile([]))).toMatchObject({ format: 'pcap', packets: 0, trailingBytes: 0 });
  });
});

describe('a file that is no capture', () => {
  const refused = async (content: Uint8Array): Promise<AppError> => {
    const error = await read(content).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AppError);
    return error as AppError;
  };

  it.each([
    ['empty', Buffer.alloc(0)],
    ['short', Buffer.from('pcap')],
    ['text', Buffer.from('INVITE sip:100@192.0.2.1 SIP/2.0\r\n')],
  ])('is refused with its name: %s', async (_, content) => {
    const error = await refused(content);
    expect(error.code).toBe('FILE_UNREADABLE');
    expect(error.detail.where).toContain('capture');
    expect(error.detail.found).toContain('no pcap');
  });

  it('is refused where it breaks, with the place', async () => {
    const content = pcapFile(frames);
    content.writeUInt32LE(0x7fffffff, 24 + 8);
    expect((await refused(content)).detail.found).toMatch(/2147483647 bytes at byte 24$/);
    const header = block(0x0a0d0d0a, sectionBody(false));
    expect(
      (await refused(Buffer.concat([header, Buffer.from([6, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])]))).detail.found,
    ).toMatch(/a block of 3 bytes at byte 28$/);
    const stranger = block(
      6,
      fields([
        [4, 5],
        [4, 0],
        [4, 0],
        [4, 0],
        [4, 0],
      ]),
    );
    expect((await refused(Buffer.concat([header, stranger]))).detail.found).toContain('interface 5');
    const long = block(
      6,
      fields([
        [4, 0],
        [4, 0],
        [4, 0],
        [4, 400],
        [4, 400],
      ]),
    );
    const described = block(
      1,
      fields([
        [2, 1],
        [2, 0],
        [4, 0],
      ]),
    );
    expect((await refused(Buffer.concat([header, described, long]))).detail.found).toContain('longer than its block');
  });

  it('that is not there is told as such', async () => {
    await expect(readCapture('no/such/file.pcap', () => {})).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
