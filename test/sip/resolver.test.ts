import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import { Rng } from '../../src/core/rng.js';
import type { NextHop } from '../../src/sip/next-hop.js';
import { type LocateFailure, Resolver } from '../../src/sip/resolver.js';
import { parseSipUri } from '../../src/sip/uri.js';
import { TableDns, type Zone } from './table-dns.js';

const LIMITS = { timeoutMs: 8000, negativeMs: 10_000, failureMs: 3000 };

interface Found {
  hops: readonly NextHop[];
  failure: LocateFailure | null;
}

function resolverFor(zone: Zone, seed = 1) {
  const dns = new TableDns(zone);
  const clock = new ManualClock();
  const resolver = new Resolver(dns, { transports: ['udp'], families: [4] }, new Rng(seed), clock, LIMITS);
  const locate = (uri: string): Promise<Found> =>
    new Promise((resolve) => resolver.locate(parseSipUri(uri)!, (hops, failure) => resolve({ hops, failure })));
  return { dns, clock, resolver, locate };
}

const A: Zone = { 'a.test': { a: ['192.0.2.1'], ttlS: 30 } };

describe('what the DNS said', () => {
  test('is kept for its TTL and asked for again afterwards', async () => {
    const { dns, clock, locate } = resolverFor(A);
    await locate('sip:a.test');
    const queries = dns.queries.length;
    clock.set(29_999);
    expect((await locate('sip:someone@A.test')).hops).toEqual([{ protocol: 'udp', address: '192.0.2.1', port: 5060 }]);
    expect(dns.queries.length).toBe(queries);
    clock.set(30_001);
    await locate('sip:a.test');
    expect(dns.queries.length).toBe(2 * queries);
  });

  test('is told before `locate` returns once it is known, as numeric hosts are', async () => {
    const { resolver, locate } = resolverFor(A);
    await locate('sip:a.test');
    const told: string[] = [];
    resolver.locate(parseSipUri('sip:a.test')!, ([hop]) => told.push(hop.address));
    resolver.locate(parseSipUri('sip:192.0.2.9')!, ([hop]) => told.push(hop.address));
    expect(told).toEqual(['192.0.2.1', '192.0.2.9']);
  });

  test('is one answer for all who ask at the same time', async () => {
    const { dns, locate } = resolverFor(A);
    const found = await Promise.all(Array.from({ length: 50 }, (_, i) => locate(`sip:${i}@a.test`)));
    expect(found.every(({ hops }) => hops.length === 1)).toBe(true);
    expect(dns.queries.filter((query) => query === 'a a.test')).toHaveLength(1);
  });

  test('that nothing is there is kept, too', async () => {
    const { dns, clock, locate } = resolverFor({});
    expect((await locate('sip:none.test')).failure).toEqual({ kind: 'transport', reason: 'ENOTFOUND' });
    const queries = dns.queries.length;
    clock.set(9999);
    await locate('sip:none.test');
    expect(dns.queries.length).toBe(queries);
    clock.set(10_001);
    await locate('sip:none.test');
    expect(dns.queries.length).toBeGreaterThan(queries);
  });

  test('is asked for again sooner where the DNS did not answer', async () => {
    const { dns, clock, locate } = resolverFor({ 'a.test': { failing: ['naptr', 'srv', 'a'] } });
    expect((await locate('sip:a.test')).failure).toEqual({ kind: 'transport', reason: 'ETIMEOUT' });
    const queries = dns.queries.length;
    clock.set(3001);
    await locate('sip:a.test');
    expect(dns.queries.length).toBeGreaterThan(queries);
  });

  test('spreads requests by weight although it was asked once', async () => {
    const { dns, locate } = resolverFor({
      '_sip._udp.w.test': {
        srv: [
          [0, 75, 5061, 'a.test'],
          [0, 25, 5062, 'a.test'],
        ],
      },
      ...A,
    });
    let first = 0;
    for (let i = 0; i < 4000; i++) if ((await locate('sip:w.test')).hops[0].port === 5061) first++;
    expect(dns.queries.filter((query) => query.startsWith('srv'))).toHaveLength(1);
    // 76 of the 101 numbers that are drawn; four standard deviations are 110.
    expect(Math.abs(first - (4000 * 76) / 101)).toBeLessThan(110);
  });
});

describe('a DNS that never answers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is waited for no longer than the limit', async () => {
    const { dns, locate } = resolverFor({});
    const never = () => new Promise<never>(() => {});
    Object.assign(dns, { naptr: never });
    const found = locate('sip:a.test');
    await vi.advanceTimersByTimeAsync(7999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await found).failure).toEqual({ kind: 'transport', reason: 'ETIMEOUT' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a transport that we do not have is the caller’s mistake', async () => {
  const { dns, locate } = resolverFor(A);
  for (const uri of ['sips:a.test', 'sip:a.test;transport=tcp', 'sip:192.0.2.1;transport=sctp'])
    expect((await locate(uri)).failure).toMatchObject({ kind: 'mistake' });
  expect(dns.queries).toEqual([]);
});
