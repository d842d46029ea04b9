import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readReply, writeQuery } from '../../src/sip/dns-message.js';

const SRV = writeQuery(0x1234, '_sip._udp.c.test', 'SRV')!;
const NAPTR = writeQuery(7, 'c.test', 'NAPTR')!;

/** A reply with these answers, each after the pointer to the name that was asked for. */
function reply(query: Buffer, answers: { type: number; ttlS: number; data: number[] }[], flags = 0x8580): Buffer {
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(answers.length, 6);
  const records = answers.map(({ type, ttlS, data }) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(ttlS, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, Buffer.from(data)]);
  });
  return Buffer.concat([head, query.subarray(12), ...records]);
}

/** `a.c.test`: a label, and a pointer to where `c.test` stands in the question, at 12 + 5 + 5. */
const A_C_TEST = [1, 0x61, 0xc0, 22];
const srv = (ttlS: number, port: number, target = A_C_TEST) => ({
  type: 33,
  ttlS,
  data: [0, 10, 0, 60, port >> 8, port & 0xff, ...target],
});

describe('a query', () => {
  test('asks for one name and type, with recursion (RFC 1035 4.1)', () => {
    expect(NAPTR.toString('hex')).toBe('000701000001000000000000' + '0163' + '0474657374' + '00' + '0023' + '0001');
  });

  test('is none for a name that cannot be written', () => {
    for (const name of ['', 'a..b', `${'x'.repeat(64)}.test`, `${'abc.'.repeat(70)}test`])
      expect(writeQuery(1, name, 'SRV')).toBeNull();
  });
});

describe('a reply', () => {
  test('has its records with names put together from pointers, and the shortest TTL', () => {
    expect(readReply(SRV, reply(SRV, [srv(300, 5060), srv(20, 5070, [0])]), 'SRV')).toEqual({
      records: [
        { priority: 10, weight: 60, port: 5060, target: 'a.c.test' },
        { priority: 10, weight: 60, port: 5070, target: '' },
      ],
      ttlS: 20,
    });
  });

  test('has NAPTR records by their texts and replacement (RFC 3403 4.1)', () => {
    const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
    const data = [0, 10, 0, 20, ...text('s'), ...text('SIP+D2U'), ...text(''), 4, ...Buffer.from('_sip'), 0xc0, 12];
    expect(readReply(NAPTR, reply(NAPTR, [{ type: 35, ttlS: 9, data }]), 'NAPTR')).toEqual({
      records: [{ order: 10, preference: 20, flags: 's', service: 'SIP+D2U', regexp: '', replacement: '_sip.c.test' }],
      ttlS: 9,
    });
  });

  test('counts the time of an alias on the way, and passes over what was not asked for', () => {
    const alias = { type: 5, ttlS: 4, data: A_C_TEST };
    expect(readReply(SRV, reply(SRV, [alias, srv(60, 5060)]), 'SRV')).toMatchObject({ records: [{}], ttlS: 4 });
  });

  test('that there is no such name, or no such record, is an answer; a failure and a cut-off one are none', () => {
    const none = { records: [], ttlS: 0 };
    expect(readReply(SRV, reply(SRV, [], 0x8583), 'SRV')).toEqual(none);
    expect(readReply(SRV, reply(SRV, []), 'SRV')).toEqual(none);
    for (const flags of [0x8582, 0x8585, 0x8780, 0x0100])
      expect(readReply(SRV, reply(SRV, [srv(60, 5060)], flags), 'SRV')).toBeNull();
  });

  test('to another query is none', () => {
    const other = writeQuery(0x1234, '_sip._tcp.c.test', 'SRV')!;
    expect(readReply(SRV, reply(other, [srv(60, 5060)]), 'SRV')).toBeNull();
    expect(readReply(SRV, reply(writeQuery(9, '_sip._udp.c.test', 'SRV')!, [srv(60, 5060)]), 'SRV')).toBeNull();
  });

  test('with pointers that lead in a circle or out of it, or with lengths that lie, is none', () => {
    const circle = [0xc0, 12 + SRV.length - 12 + 12 + 6];
    expect(readReply(SRV, reply(SRV, [srv(60, 5060, circle)]), 'SRV')).toBeNull();
    expect(readReply(SRV, reply(SRV, [srv(60, 5060, [0xff, 0xff])]), 'SRV')).toBeNull();
    expect(readReply(SRV, reply(SRV, [srv(60, 5060, [9, 0x61])]), 'SRV')).toBeNull();
    const whole = reply(SRV, [srv(60, 5060), srv(60, 5061)]);
    for (let bytes = 0; bytes < whole.length; bytes++)
      expect(readReply(SRV, whole.subarray(0, bytes), 'SRV')).toBeNull();
  });

  test('of any bytes after the question is read or refused, and never throws', () => {
    const arbitrary = fc.uint8Array({ maxLength: 120 });
    fc.assert(
      fc.property(
        arbitrary,
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom('SRV', 'NAPTR'),
        (bytes, answers, type) => {
          const query = type === 'SRV' ? SRV : NAPTR;
          const message = Buffer.concat([reply(query, []), Buffer.from(bytes)]);
          message.writeUInt16BE(answers, 6);
          const told = readReply(query, message, type as 'SRV');
          expect(told === null || told.records.length <= answers).toBe(true);
        },
      ),
      { numRuns: 500, seed: 3 },
    );
  });
});
