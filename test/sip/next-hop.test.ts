import { describe, expect, test } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import { type NextHop, orderHops, planHops, type Reach } from '../../src/sip/next-hop.js';
import { orderByWeight } from '../../src/sip/srv-order.js';
import { parseSipUri } from '../../src/sip/uri.js';
import { TableDns, type Zone } from './table-dns.js';

const ALL: Reach = { transports: ['udp', 'tcp', 'tls'], families: [4] };

const ZONE: Zone = {
  'example.test': {
    naptr: [
      [20, 10, 's', 'SIP+D2U', '_sip._udp.example.test'],
      [10, 60, 's', 'SIP+D2T', '_sip._tcp.example.test'],
      [10, 50, 's', 'SIPS+D2T', '_sips._tcp.example.test'],
      [5, 10, 'u', 'E2U+sip', ''],
    ],
    a: ['192.0.2.99'],
  },
  '_sip._udp.example.test': {
    srv: [
      [20, 0, 5070, 'b.example.test'],
      [10, 0, 5062, 'a.example.test'],
    ],
  },
  '_sip._tcp.example.test': { srv: [[0, 0, 5064, 'a.example.test']] },
  '_sips._tcp.example.test': { srv: [[0, 0, 5065, 'b.example.test']] },
  'a.example.test': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'] },
  'b.example.test': { a: ['192.0.2.3'] },
  'plain.test': { a: ['192.0.2.7', '192.0.2.8'], aaaa: ['2001:db8::7'] },
  '_sip._udp.srv-only.test': { srv: [[1, 1, 5080, 'a.example.test']] },
  'closed.test': { a: ['192.0.2.66'] },
  '_sip._udp.closed.test': { srv: [[0, 0, 0, '.']] },
  '_sip._udp.half.test': {
    srv: [
      [1, 0, 5060, 'gone.test'],
      [2, 0, 5060, 'b.example.test'],
    ],
  },
  'no-naptr.test': { failing: ['naptr'] },
  '_sip._udp.no-naptr.test': { srv: [[1, 0, 5090, 'b.example.test']] },
};

async function find(uri: string, reach: Reach = ALL, dns = new TableDns(ZONE)): Promise<string[]> {
  const plan = await planHops(parseSipUri(uri)!, dns, reach);
  return orderHops(plan, new Rng(1)).map(written);
}

function written({ protocol, address, port }: NextHop): string {
  return `${protocol} ${address} ${port}`;
}

const UDP: Reach = { transports: ['udp'], families: [4] };

describe('a numeric host', () => {
  test.each([
    ['sip:192.0.2.5', 'udp 192.0.2.5 5060'],
    ['sip:u@192.0.2.5:5099', 'udp 192.0.2.5 5099'],
    ['sip:192.0.2.5;transport=tcp', 'tcp 192.0.2.5 5060'],
    ['sip:192.0.2.5;transport=tls', 'tls 192.0.2.5 5061'],
    ['sips:192.0.2.5', 'tls 192.0.2.5 5061'],
    ['sips:192.0.2.5;transport=tcp', 'tls 192.0.2.5 5061'],
    ['sip:[2001:db8::5]:5061', 'udp 2001:db8::5 5061'],
    ['sip:example.test;maddr=192.0.2.6', 'udp 192.0.2.6 5060'],
  ])('%s leads to %s without a query', async (uri, hop) => {
    const dns = new TableDns(ZONE);
    expect(await find(uri, ALL, dns)).toEqual([hop]);
    expect(dns.queries).toEqual([]);
  });
});

describe('a name', () => {
  test('with NAPTR has the transport of the lowest order and preference, and no record of a higher order', async () => {
    expect(await find('sip:u@example.test')).toEqual([
      'tls 192.0.2.3 5065',
      'tcp 192.0.2.1 5064',
      'tcp 192.0.2.2 5064',
    ]);
  });

  test('with NAPTR for transports that we do not have is reached by one that we do have', async () => {
    expect(await find('sip:example.test', UDP)).toEqual([
      'udp 192.0.2.1 5062',
      'udp 192.0.2.2 5062',
      'udp 192.0.2.3 5070',
    ]);
  });

  test('in a SIPS URI leads over TLS only', async () => {
    expect(await find('sips:example.test')).toEqual(['tls 192.0.2.3 5065']);
    expect(await find('sips:plain.test')).toEqual(['tls 192.0.2.7 5061', 'tls 192.0.2.8 5061']);
  });

  test('with a transport parameter skips NAPTR and asks for the SRV records of that transport', async () => {
    const dns = new TableDns(ZONE);
    expect(await find('sip:example.test;transport=tcp', ALL, dns)).toEqual([
      'tcp 192.0.2.1 5064',
      'tcp 192.0.2.2 5064',
    ]);
    expect(dns.queries).toEqual(['srv _sip._tcp.example.test', 'a a.example.test']);
  });

  test('with a port is looked up by its addresses only', async () => {
    const dns = new TableDns(ZONE);
    expect(await find('sip:example.test:5077', ALL, dns)).toEqual(['udp 192.0.2.99 5077']);
    expect(dns.queries).toEqual(['a example.test']);
  });

  test('without NAPTR has the SRV records of each transport that we have', async () => {
    const dns = new TableDns(ZONE);
    expect(await find('sip:srv-only.test', ALL, dns)).toEqual(['udp 192.0.2.1 5080', 'udp 192.0.2.2 5080']);
    expect(dns.queries.slice(0, 4)).toEqual([
      'naptr srv-only.test',
      'srv _sip._udp.srv-only.test',
      'srv _sip._tcp.srv-only.test',
      'srv _sips._tcp.srv-only.test',
    ]);
  });

  test('without SRV is reached at all its addresses, at the port that its transport has', async () => {
    expect(await find('sip:plain.test')).toEqual(['udp 192.0.2.7 5060', 'udp 192.0.2.8 5060']);
    expect(await find('sip:plain.test', { transports: ['udp'], families: [6, 4] })).toEqual([
      'udp 2001:db8::7 5060',
      'udp 192.0.2.7 5060',
      'udp 192.0.2.8 5060',
    ]);
  });

  test('whose SRV record says "." is not called, although it has an address (RFC 2782)', async () => {
    expect(await find('sip:closed.test', UDP)).toEqual([]);
    const plan = await planHops(parseSipUri('sip:closed.test')!, new TableDns(ZONE), UDP);
    expect(plan.reason).toContain('not offered');
  });

  test('with an SRV target that does not exist goes to the next one', async () => {
    expect(await find('sip:half.test', UDP)).toEqual(['udp 192.0.2.3 5060']);
  });

  test('whose NAPTR query fails is still found by SRV', async () => {
    expect(await find('sip:no-naptr.test', UDP)).toEqual(['udp 192.0.2.3 5090']);
  });

  test('that does not exist has no target, and a reason', async () => {
    expect(await planHops(parseSipUri('sip:nowhere.test')!, new TableDns(ZONE), ALL)).toMatchObject({
      isWhole: true,
      groups: [],
      reason: 'ENOTFOUND',
    });
  });

  test('holds for the least TTL of what was used', async () => {
    const zone: Zone = {
      '_sip._udp.t.test': { srv: [[0, 0, 5060, 'x.t.test']], ttlS: 300 },
      'x.t.test': { a: ['192.0.2.1'], ttlS: 20 },
    };
    expect((await planHops(parseSipUri('sip:t.test')!, new TableDns(zone), UDP)).ttlS).toBe(20);
  });
});

describe('servers of the same priority', () => {
  test.each([[[70, 20, 10]], [[1, 1, 1, 1]], [[3, 1]]])(
    'with the weights %j are first in proportion to them',
    (weights) => {
      const rng = new Rng(7);
      const rounds = 20_000;
      const firsts = weights.map(() => 0);
      const entries = weights.map((weight, index) => ({ weight, index }));
      for (let i = 0; i < rounds; i++) firsts[orderByWeight(entries, rng)[0].index]++;
      const sum = weights.reduce((a, b) => a + b);
      // RFC 2782 draws from 0 to the sum, both included, which gives the first one the extra share.
      for (const [i, first] of firsts.entries()) {
        const expected = (weights[i] + (i === 0 ? 1 : 0)) / (sum + 1);
        const deviation = Math.sqrt((expected * (1 - expected)) / rounds);
        expect(Math.abs(first / rounds - expected)).toBeLessThan(4 * deviation);
      }
    },
  );

  test('are all tried, each once, and one without weight last but for a small chance', () => {
    const rng = new Rng(3);
    let zeroFirst = 0;
    for (let i = 0; i < 5000; i++) {
      const order = orderByWeight([{ weight: 99 }, { weight: 0 }, { weight: 100 }], rng);
      expect(order.map(({ weight }) => weight).sort((a, b) => a - b)).toEqual([0, 99, 100]);
      if (order[0].weight === 0) zeroFirst++;
    }
    expect(zeroFirst).toBeGreaterThan(0);
    expect(zeroFirst).toBeLessThan(60);
  });

  test('are chosen alike from the same seed', () => {
    const entries = [1, 2, 3, 4, 5].map((weight) => ({ weight }));
    const draw = (seed: number) => {
      const rng = new Rng(seed);
      return Array.from({ length: 20 }, () => orderByWeight(entries, rng));
    };
    expect(draw(11)).toEqual(draw(11));
    expect(draw(11)).not.toEqual(draw(12));
  });
});
