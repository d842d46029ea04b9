import { Resolver } from 'node:dns/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemDns } from '../../src/sip/system-dns.js';
import { DnsServer, type DnsTable } from '../support/dns-server.js';

const TABLE: DnsTable = {
  'c.test': { naptr: [[10, 20, 's', 'SIP+D2U', '_sip._udp.c.test']], ttlS: 7 },
  '_sip._udp.c.test': {
    srv: [
      [10, 60, 5060, 'a.c.test'],
      [20, 0, 5070, 'b.c.test'],
    ],
    ttlS: 5,
  },
};

let server: DnsServer;
beforeEach(async () => {
  server = await DnsServer.open(TABLE);
});
afterEach(() => server.close());

test('SRV and NAPTR records are those that node reads, with the TTL that it does not tell', async () => {
  const dns = new SystemDns(server.address);
  const judge = new Resolver();
  judge.setServers([server.address]);
  const srv = await dns.srv('_sip._udp.c.test');
  expect(srv.ttlS).toBe(5);
  expect(srv.records).toEqual(
    (await judge.resolveSrv('_sip._udp.c.test')).map(({ name, ...record }) => ({ ...record, target: name })),
  );
  const naptr = await dns.naptr('c.test');
  expect(naptr.ttlS).toBe(7);
  expect(naptr.records).toEqual(await judge.resolveNaptr('c.test'));
  expect(server.queries).toEqual(['SRV _sip._udp.c.test', 'SRV _sip._udp.c.test', 'NAPTR c.test', 'NAPTR c.test']);
});

test('a name that does not exist has no records', async () => {
  expect(await new SystemDns(server.address).srv('_sip._udp.nowhere.test')).toEqual({ records: [], ttlS: 0 });
  expect(server.queries).toEqual(['SRV _sip._udp.nowhere.test']);
});
