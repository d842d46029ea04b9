import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/core/clock.js';
import type { Failure } from '../../src/flow/final-response.js';
import type { Reach } from '../../src/sip/next-hop.js';
import { GroupDns } from '../../src/swarm/group-dns.js';
import { ServerBook } from '../../src/swarm/group-servers.js';
import { failoverSpec, targetsSpec } from '../../src/swarm/group-spec.js';
import { groupTarget } from '../../src/swarm/group-target.js';
import { TargetGroup, type TargetRoute } from '../../src/swarm/target-group.js';
import { healthMemory, TargetHealth } from '../../src/swarm/target-health.js';
import { TableDns, type Zone } from '../sip/table-dns.js';

const REFUSED: Failure = { cause: 'status', status: 503, reason: null, q850: null, retryAfterS: null };
const UDP: Reach = { transports: ['udp', 'tcp'], families: [4] };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A group whose targets are names of a zone. */
async function groupIn(zone: Zone, uris: Record<string, string>, reach = UDP) {
  const targets = targetsSpec.parse(Object.entries(uris).map(([name, uri], i) => ({ name, uri, priority: i + 1 })));
  const group = targets.map(groupTarget);
  const dns = new TableDns(zone);
  const log: string[] = [];
  const book = new ServerBook(group);
  const health = new TargetHealth(healthMemory(50));
  const routes = new TargetGroup(group, book.servers, failoverSpec.parse({}), health, new ManualClock(1000), 1);
  const asker = new GroupDns({
    targets: group,
    book,
    dns,
    reach,
    onChange: () => routes.take(book.servers),
    onLog: (_level, text) => log.push(text),
  });
  await asker.open();
  return { asker, book, dns, health, log, routes, zone };
}

function walk(route: TargetRoute): string[] {
  const names = [route.first.trunk];
  for (let next = route.failed(REFUSED, 1000); next; next = route.failed(REFUSED, 1000)) names.push(next.trunk);
  return names;
}

const CARRIER: Zone = {
  '_sip._udp.c.test': {
    srv: [
      [10, 60, 5070, 'a.c.test'],
      [10, 40, 5071, 'b.c.test'],
      [20, 0, 5072, 'c.c.test'],
    ],
    ttlS: 30,
  },
  'a.c.test': { a: ['192.0.2.1'] },
  'b.c.test': { a: ['192.0.2.2'] },
  'c.c.test': { a: ['192.0.2.3'] },
};
const [A, B, C] = ['carrier/192.0.2.1:5070', 'carrier/192.0.2.2:5071', 'carrier/192.0.2.3:5072'];

describe('a target whose name leads to several servers', () => {
  it('is as many targets, each called by the name and sent to by its address', async () => {
    const { book, routes } = await groupIn(CARRIER, { carrier: 'sip:100@c.test' });
    expect(book.members().map(({ trunk }) => trunk)).toEqual([A, B, C]);
    const { first } = routes.route(0, null);
    expect([A, B]).toContain(first.trunk);
    expect(first).toMatchObject({ uri: 'sip:100@c.test', proxy: `sip:${first.trunk.slice(8)};transport=udp` });
  });

  it('has its servers drawn by priority and weight, within the bound of 4 sigma', async () => {
    const { routes } = await groupIn(CARRIER, { carrier: 'sip:c.test' });
    const calls = 5000;
    const atA = Array.from({ length: calls }, (_, i) => routes.route(i, null).first.trunk).filter((one) => one === A);
    // The weights and the draw of 0 (RFC 2782): 60.4 of 101.
    expect(Math.abs(atA.length / calls - 0.6)).toBeLessThan(4 * Math.sqrt(0.24 / calls) + 0.005);
  });

  it('is left for the next target once each of its servers has failed', async () => {
    const zone = { ...CARRIER, 'other.test': { a: ['192.0.2.9'] } };
    const { routes } = await groupIn(zone, { carrier: 'sip:c.test', other: 'sip:other.test' });
    const names = walk(routes.route(0, null));
    expect([...names.slice(0, 2)].sort()).toEqual([A, B]);
    expect(names.slice(2)).toEqual([C, 'other']);
  });

  it('loses the server that is down, and no other', async () => {
    const { routes, health, book } = await groupIn(CARRIER, { carrier: 'sip:c.test' });
    const slot = book.members().find(({ trunk }) => trunk === A)!.slot;
    health.markDown(slot);
    expect(new Set(Array.from({ length: 50 }, (_, i) => routes.route(i, null).first.trunk))).toEqual(new Set([B]));
    expect(walk(routes.route(0, null))).toEqual([B, C]);
  });

  it('that all ask to be left alone is passed over, and tried where there is nothing else', async () => {
    const zone = { ...CARRIER, 'other.test': { a: ['192.0.2.9'] } };
    const { routes, health, book } = await groupIn(zone, { carrier: 'sip:c.test', other: 'sip:other.test' });
    for (const { slot, trunk } of book.members()) if (trunk !== 'other') health.leaveAlone(slot, 5000);
    expect(routes.route(0, null).first.trunk).toBe('other');
    const alone = await groupIn(CARRIER, { carrier: 'sip:c.test' });
    for (const { slot } of alone.book.members()) alone.health.leaveAlone(slot, 5000);
    expect(walk(alone.routes.route(0, null))).toHaveLength(1);
  });

  it('by A records alone has them tried in the order of the DNS (RFC 3263 4.2)', async () => {
    const zone = { 'm.test': { a: ['192.0.2.8', '192.0.2.7'] } };
    const { routes } = await groupIn(zone, { many: 'sip:m.test:5080' });
    expect(walk(routes.route(0, null))).toEqual(['many/192.0.2.8:5080', 'many/192.0.2.7:5080']);
  });

  it('over TLS keeps its name, which the certificate is held to', async () => {
    const zone: Zone = {
      '_sips._tcp.c.test': { srv: [[1, 0, 5061, 'a.c.test']] },
      'a.c.test': { a: ['192.0.2.1', '192.0.2.2'] },
    };
    const reach: Reach = { transports: ['udp', 'tls'], families: [4] };
    const { routes } = await groupIn(zone, { c: 'sips:c.test' }, reach);
    expect(routes.route(0, null).first).toMatchObject({
      trunk: 'c/tls:192.0.2.1:5061',
      proxy: 'sips:c.test:5061;maddr=192.0.2.1;transport=tls',
    });
  });
});

describe('a name', () => {
  it('that leads to one server, and an address, keep the name of the target', async () => {
    const zone = { 'one.test': { a: ['192.0.2.9'] } };
    const { book, dns, routes } = await groupIn(zone, { one: 'sip:one.test', two: 'sip:192.0.2.1:5080' });
    expect(book.members().map(({ trunk }) => trunk)).toEqual(['one', 'two']);
    expect(walk(routes.route(0, null))).toEqual(['one', 'two']);
    expect(dns.queries.filter((query) => query.includes('192.0.2.1'))).toEqual([]);
  });

  it('is asked for anew when the least TTL is over, and not before', async () => {
    const { dns, asker } = await groupIn(CARRIER, { carrier: 'sip:c.test' });
    const asked = (): number => dns.queries.filter((query) => query === 'srv _sip._udp.c.test').length;
    await vi.advanceTimersByTimeAsync(29_999);
    expect(asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked()).toBe(2);
    asker.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toBe(2);
  });

  it('gives no new calls to a server that left the DNS, and the same row of figures to one that came back', async () => {
    const { book, log, routes, zone } = await groupIn({ ...CARRIER }, { carrier: 'sip:c.test' });
    const all = zone['_sip._udp.c.test'];
    zone['_sip._udp.c.test'] = { srv: [all.srv![0], [10, 0, 5079, 'c.c.test']], ttlS: 30 };
    await vi.advanceTimersByTimeAsync(30_000);
    expect(new Set(walk(routes.route(0, null)))).toEqual(new Set([A, 'carrier/192.0.2.3:5079']));
    expect(book.members().map(({ trunk, isGone }) => `${trunk} ${isGone}`)).toEqual([
      `${A} false`,
      `${B} true`,
      `${C} true`,
      'carrier/192.0.2.3:5079 false',
    ]);
    expect(log).toEqual([
      'carrier leads to 3 servers',
      'carrier: the DNS names carrier/192.0.2.3:5079',
      `carrier: the DNS no longer names ${B}, ${C}`,
    ]);
    const slots = book.members().map(({ slot }) => slot);
    zone['_sip._udp.c.test'] = all;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(book.members().map(({ slot }) => slot)).toEqual(slots);
    expect(walk(routes.route(0, null))).toHaveLength(3);
  });

  it('keeps its servers while the DNS does not answer, and is asked for again after 3 s', async () => {
    const { dns, routes, zone } = await groupIn({ ...CARRIER }, { carrier: 'sip:c.test' });
    zone['_sip._udp.c.test'] = { ...CARRIER['_sip._udp.c.test'], failing: ['srv'] };
    await vi.advanceTimersByTimeAsync(30_000);
    expect(walk(routes.route(0, null))).toHaveLength(3);
    const before = dns.queries.length;
    await vi.advanceTimersByTimeAsync(3000);
    expect(dns.queries.length).toBeGreaterThan(before);
  });

  it('that the DNS knows no more is called by itself, for the server to say so', async () => {
    const { book, routes, zone } = await groupIn({ ...CARRIER }, { carrier: 'sip:100@c.test' });
    delete zone['_sip._udp.c.test'];
    await vi.advanceTimersByTimeAsync(30_000);
    expect(book.members().every(({ isGone }) => isGone)).toBe(true);
    expect(routes.route(0, null).first).toEqual({ uri: 'sip:100@c.test', trunk: 'carrier', proxy: undefined });
  });
});
