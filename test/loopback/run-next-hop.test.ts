import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DnsServer, type DnsTable } from '../support/dns-server.js';
import { runProfile } from '../support/run-profile.js';
import { closedPort, Harness, SDP } from './sip-harness.js';

let h: Harness;
let dns: DnsServer | null;
beforeEach(() => {
  h = new Harness();
  dns = null;
});
afterEach(async () => {
  await dns?.close();
  await h.close();
});

const profile = (target: string, dns: string, proxy?: string): string => `
name: test
target: ${target}
sip: { dns: "${dns}" }
load: [{ shape: constant, cps: 5, for: 2s }]
calls: { hold: 300ms${proxy ? `, proxy: "${proxy}"` : ''} }
media: { rtpPorts: 32000-32399 }
`;

async function run(target: string, table: DnsTable, proxy?: string) {
  dns = await DnsServer.open(table);
  return runProfile(profile(target, dns.address, proxy));
}

async function answering(): Promise<number> {
  const { srf, port } = await h.endpoint();
  srf.invite(async (request, response) => {
    await srf.createUAS(request, response, { localSdp: SDP });
  });
  return port;
}

describe('a run against a name', () => {
  it('that NAPTR and SRV records know goes on to the next server where one is gone, and has figures of each', async () => {
    const [gone, port] = [await closedPort(), await answering()];
    const { summary, records } = await run('sip:trunk.example.test', {
      'trunk.example.test': { naptr: [[10, 10, 's', 'SIP+D2U', '_sip._udp.trunk.example.test']] },
      '_sip._udp.trunk.example.test': {
        srv: [
          [10, 0, gone, 'a.example.test'],
          [20, 0, port, 'b.example.test'],
        ],
      },
      'a.example.test': { a: ['127.0.0.1'] },
      'b.example.test': { a: ['127.0.0.1'] },
    });
    expect(summary.calls).toMatchObject({ attempted: 10, answered: 10, completed: 10, failed: 0 });
    expect(summary.responses).toEqual({ '200': 10 });
    const [first, second] = [gone, port].map((at) => `sip:trunk.example.test/127.0.0.1:${at}`);
    for (const record of records) {
      expect(record.tries).toMatchObject([
        { trunk: first, cause: 'transport', reason: 'transport: ECONNREFUSED' },
        { trunk: second, status: 200, reason: 'OK' },
      ]);
      expect(record.sipCallIds).toHaveLength(2);
    }
    expect(summary.trunks).toMatchObject([
      { target: first, attempted: 10, answered: 0, failed: 10 },
      { target: second, attempted: 10, answered: 10, failed: 0 },
    ]);
    expect(summary.failover).toMatchObject({ failedOver: 10, saved: 10, outages: null });
  });

  it('whose first server answers 503 counts what the second one says, within one try where it is a proxy’s', async () => {
    const [full, busy] = [await h.endpoint(), await h.endpoint()];
    full.srf.invite((_request, response) => response.send(503));
    busy.srf.invite((_request, response) => response.send(486));
    const table: DnsTable = {
      '_sip._udp.trunk.example.test': {
        srv: [
          [1, 0, full.port, 'a.example.test'],
          [2, 0, busy.port, 'a.example.test'],
        ],
      },
      'a.example.test': { a: ['127.0.0.1'] },
    };
    const { summary, records } = await run('sip:anybody.example.test', table, 'sip:trunk.example.test');
    expect(summary.responses).toEqual({ '486': 10 });
    expect(summary.failover).toBeNull();
    for (const { status, tries, sipCallIds } of records) {
      expect(status).toBe(486);
      expect(tries).toMatchObject([
        { trunk: `sip:127.0.0.1:${full.port};transport=udp`, status: 503, target: 'sip:anybody.example.test' },
        { trunk: `sip:127.0.0.1:${busy.port};transport=udp`, status: 486, target: 'sip:anybody.example.test' },
      ]);
      expect(sipCallIds).toHaveLength(1);
    }
  });

  it('with one address has one try, named as the target is', async () => {
    const port = await answering();
    const { summary, records } = await run(`sip:plain.example.test:${port}`, {
      'plain.example.test': { a: ['127.0.0.1'] },
    });
    expect(records).toHaveLength(10);
    expect(summary.failover).toBeNull();
    for (const { tries, trunk } of records)
      expect(tries).toMatchObject([{ trunk, status: 200, reason: 'OK', cause: null }]);
  });

  it('that leads nowhere is refused before anything is sent', async () => {
    await expect(run('sip:nowhere.example.test', {})).rejects.toMatchObject({
      code: 'HOST_UNKNOWN',
      exitCode: 3,
      detail: { found: 'ENOTFOUND' },
    });
  });
});
