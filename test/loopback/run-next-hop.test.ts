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

const profile = (target: string, dns: string): string => `
name: test
target: ${target}
sip: { dns: "${dns}" }
load: [{ shape: constant, cps: 5, for: 2s }]
calls: { hold: 300ms }
media: { rtpPorts: 32000-32399 }
`;

async function run(target: string, table: DnsTable) {
  dns = await DnsServer.open(table);
  return runProfile(profile(target, dns.address));
}

async function answering(): Promise<number> {
  const { srf, port } = await h.endpoint();
  srf.invite(async (request, response) => {
    await srf.createUAS(request, response, { localSdp: SDP });
  });
  return port;
}

describe('a run against a name', () => {
  it('that only NAPTR and SRV records know finds the trunk, goes on to the next server where one is gone, and tells', async () => {
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
    for (const record of records) {
      expect(record.tries).toMatchObject([
        { trunk: `sip:127.0.0.1:${gone};transport=udp`, status: 503, reason: 'transport: ECONNREFUSED' },
        { trunk: `sip:127.0.0.1:${port};transport=udp`, status: 200, reason: 'OK' },
      ]);
      expect(record.sipCallIds).toHaveLength(1);
    }
  });

  it('whose first server answers 503 counts what the second one says', async () => {
    const [full, busy] = [await h.endpoint(), await h.endpoint()];
    full.srf.invite((_request, response) => response.send(503));
    busy.srf.invite((_request, response) => response.send(486));
    const { summary, records } = await run('sip:trunk.example.test', {
      '_sip._udp.trunk.example.test': {
        srv: [
          [1, 0, full.port, 'a.example.test'],
          [2, 0, busy.port, 'a.example.test'],
        ],
      },
      'a.example.test': { a: ['127.0.0.1'] },
    });
    expect(summary.responses).toEqual({ '486': 10 });
    for (const { status, tries } of records) {
      expect(status).toBe(486);
      expect(tries.map((one) => one.status)).toEqual([503, 486]);
    }
  });

  it('with one address has one try, named as the target is', async () => {
    const port = await answering();
    const { records } = await run(`sip:plain.example.test:${port}`, { 'plain.example.test': { a: ['127.0.0.1'] } });
    expect(records).toHaveLength(10);
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
