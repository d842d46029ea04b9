import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Bencodable,
  type Bencoded,
  BencodeScanner,
  MAX_DEPTH,
  readBencode,
  writeBencode,
} from '../../../src/relay/ng/bencode.js';

/** Values as they are read: dictionaries are maps. */
const values = fc.letrec<{ value: Bencoded }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text).toString('latin1')),
    fc.maxSafeInteger(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(
          fc.string({ maxLength: 8 }).map((key) => Buffer.from(key).toString('latin1')),
          tie('value'),
        ),
        {
          maxLength: 4,
        },
      )
      .map((entries) => new Map(entries)),
  ),
})).value;

const read = (text: string): Bencoded | null => readBencode(Buffer.from(text, 'latin1'));

describe('bencode', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(readBencode(writeBencode(value))).toEqual(value);
      }),
    );
  });

  it('that is cut short anywhere is none', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, at) => {
        const bytes = writeBencode(value);
        expect(readBencode(bytes.subarray(0, at % bytes.length))).toBeNull();
      }),
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readBencode(Buffer.from(bytes));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'dlie0123456789:-ab'), maxLength: 60 }), (text) => {
        const value = read(text);
        if (value !== null) expect(read(writeBencode(value).toString('latin1'))).toEqual(value);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a number without end', 'i3'],
    ['a number without digits', 'ie'],
    ['a minus alone', 'i-e'],
    ['a number with leading zeros', 'i03e'],
    ['minus zero', 'i-0e'],
    ['a number beyond what can be held', 'i9007199254740993e'],
    ['a length with leading zeros', '01:a'],
    ['a length that is negative', '-1:a'],
    ['a length beyond the bytes', '5:abc'],
    ['a length beyond anything', '99999999999999999999:a'],
    ['a length without colon', '3abc'],
    ['a list without end', 'l1:a'],
    ['a dictionary without end', 'd1:a1:b'],
    ['a key without value', 'd1:ae'],
    ['a key that is no text', 'di1e1:ae'],
    ['bytes behind the value', '1:ab'],
    ['an end alone', 'e'],
    ['something else', 'x:a'],
  ])('with %s is none', (_, text) => {
    expect(read(text)).toBeNull();
  });

  it('takes dictionaries and lists within one another up to a depth, and no further', () => {
    const nested = (depth: number): string => 'l'.repeat(depth) + 'e'.repeat(depth);
    expect(read(nested(MAX_DEPTH))).not.toBeNull();
    expect(read(nested(MAX_DEPTH + 1))).toBeNull();
    expect(read('d1:a'.repeat(60_000))).toBeNull();
    expect(read('l'.repeat(60_000))).toBeNull();
  });

  it('keeps keys that an object would stumble over', () => {
    const value = read('d9:__proto__d1:ai1ee11:constructor1:xe') as Map<string, Bencoded>;
    expect([...value.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  it('is written of plain objects in their order, with whole numbers', () => {
    const value: Bencodable = { b: 1.6, a: [new Map([['x', 'ü']])] };
    expect(writeBencode(value).toString('latin1')).toBe('d1:bi2e1:ald1:x1:üeee');
  });
});

describe('the scanner of a stream', () => {
  const dictionaries = values.filter((value) => value instanceof Map || Array.isArray(value));

  it('finds the end of a dictionary in pieces of any size', () => {
    fc.assert(
      fc.property(dictionaries, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (value, sizes) => {
        const bytes = writeBencode(value);
        const scanner = new BencodeScanner(100_000);
        let at = 0;
        for (let i = 0; at < bytes.length; i++) {
          const end = Math.min(bytes.length, at + sizes[i % sizes.length]);
          expect(scanner.scan(bytes.subarray(at, end), 0)).toBe(end === bytes.length ? 'whole' : 'more');
          at = end;
        }
        expect(scanner.length).toBe(bytes.length);
      }),
    );
  });

  it('stops at the end, whatever follows', () => {
    const scanner = new BencodeScanner(1000);
    expect(scanner.scan(Buffer.from('xd1:a1:bed1:c'), 1)).toBe('whole');
    expect(scanner.length).toBe(8);
  });

  it.each(['x', 'i3e', '1:a', 'd1x', 'dx', 'di-e', 'd99999999999999999:', 'd2000:', 'l'.repeat(MAX_DEPTH + 1)])(
    'tells at once that %s never becomes one',
    (text) => {
      expect(new BencodeScanner(1000).scan(Buffer.from(text), 0)).toBe('malformed');
    },
  );
});
