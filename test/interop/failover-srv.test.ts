import { afterEach, expect, it } from 'vitest';
import { DnsServer } from '../support/dns-server.js';
import { runProfile } from '../support/run-profile.js';
import { endKamailioAfterEach, Kamailio } from './kamailio.js';
import { endSippAfterEach, Sipp, scenarioWith } from './sipp.js';
import { EVERY_MS, endCapturesAfterEach, expectAsOnTheWire, NO_RESPONSE_MS, Wire } from './wire.js';

endSippAfterEach();
endKamailioAfterEach();
endCapturesAfterEach();

let dns: DnsServer | null = null;
afterEach(async () => {
  await dns?.close();
  dns = null;
});

const CPS = 8;
/** What becomes of the servers, in ms after the first call. */
const KILLED_MS = 1500;
const LEFT_MS = 3500;
const LASTS_S = 6;
/** Of the records: for so long, and the time that asking anew takes, a server that left the DNS gets calls. */
const TTL_S = 1;
const ASKING_MS = 500;

it('between Kamailios that one name leads to by SRV: one is killed, one leaves the DNS; figures are those of a capture', async () => {
  const servers = await Promise.all([1, 2, 3].map(() => Kamailio.start('failover')));
  const [killed, leaving, backup] = servers;
  const scenario = scenarioWith('callee-answers', '[last_Via:]\n', '[last_Via:]\n[last_Record-Route:]\n');
  const trunk = await Sipp.callee(10_000, ['-sf', scenario]);
  const wire = await new Wire(['lo'], servers).ready();
  const table = await DnsServer.open({
    'carrier.test': { naptr: [[10, 10, 's', 'SIP+D2U', '_sip._udp.carrier.test']], ttlS: TTL_S },
    '_sip._udp.carrier.test': {
      srv: [
        [10, 60, killed.port, 'sbc.carrier.test'],
        [10, 40, leaving.port, 'sbc.carrier.test'],
        [20, 0, backup.port, 'sbc.carrier.test'],
      ],
      ttlS: TTL_S,
    },
    'sbc.carrier.test': { a: ['127.0.0.1'], ttlS: TTL_S },
  });
  dns = table;
  let leftMs = 0;

  const { records, summary, timeline } = await runProfile(
    `
name: failover-srv
targets: [{ uri: "sip:100@carrier.test", name: carrier }]
failover:
  noResponseMs: ${NO_RESPONSE_MS}
  keepalive: { every: ${EVERY_MS}, failures: 2 }
sip: { dns: "${table.address}" }
load: [{ shape: constant, cps: ${CPS}, for: ${LASTS_S}s }]
calls: { hold: 1500ms, audio: none, headers: { X-Next: "sip:127.0.0.1:${trunk.port}" } }
media: { rtpPorts: 17300-17699, rtcp: { enabled: false } }
gates: [failover.outages == 1]
`,
    {},
    () => {
      setTimeout(() => killed.signal('SIGKILL'), KILLED_MS);
      setTimeout(() => {
        leftMs = Date.now();
        table.table['_sip._udp.carrier.test'].srv!.splice(1, 1);
      }, LEFT_MS);
    },
  );
  await wire.stop();

  const requests = wire.requests(trunk.port);
  const first = records.find(({ id }) => id === 0)!;
  const zeroMs = requests.find(({ callId }) => callId === first.sipCallIds[0])!.sentMs - first.startedMs;
  expect(summary.calls.attempted).toBe(CPS * LASTS_S);
  expect(summary.calls.failed).toBe(0);
  expect(summary.gates.map(({ pass }) => pass)).toEqual([true]);

  const names = servers.map(({ port }) => `carrier/127.0.0.1:${port}`);
  const ofServers = servers.map(({ uri }) => requests.filter(({ target }) => target === uri));
  expect(summary.trunks).toHaveLength(servers.length);
  for (const [i, own] of ofServers.entries()) {
    const invites = own.filter(({ method }) => method === 'INVITE');
    const inTime = invites.filter(({ sentMs, takenMs }) => takenMs !== null && takenMs - sentMs < NO_RESPONSE_MS);
    expect(invites.length).toBeGreaterThan(0);
    expect(summary.trunks.find(({ target }) => target === names[i])).toMatchObject({
      attempted: invites.length,
      answered: inTime.length,
      failed: invites.length - inTime.length,
    });
  }

  const [outage] = summary.failover!.eachOutage;
  expect(outage).toMatchObject({ target: names[0], upMs: null });
  expect(outage.lostCalls).toBeGreaterThan(0);
  expectAsOnTheWire(outage, ofServers[0], zeroMs, records, true);

  // By priority: the server of the second one has calls only once the first two have failed or left.
  const firstAtBackup = ofServers[2].find(({ method }) => method === 'INVITE')!;
  expect(firstAtBackup.sentMs).toBeGreaterThan(leftMs);

  // Who left the DNS gets no new call and no OPTIONS once the records' time is over, and is not down for it.
  const late = ofServers[1].filter(({ sentMs }) => sentMs > leftMs + TTL_S * 1000 + ASKING_MS);
  expect(late.filter(({ method }) => method !== 'BYE')).toEqual([]);
  expect(late.filter(({ method }) => method === 'BYE').length).toBeGreaterThan(0);
  const states = timeline.map(({ targets }) => targets.find(({ target }) => target === names[1])?.state);
  expect(new Set(states)).toEqual(new Set(['up', 'gone']));
});
