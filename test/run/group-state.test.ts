import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { parseProfile } from '../../src/profile/read.js';
import { groupOf, groupOfOne } from '../../src/profile/targets.js';
import { GroupState } from '../../src/run/group-state.js';
import { failoverSpec, targetsSpec } from '../../src/swarm/group-spec.js';
import type { GroupReport } from '../../src/swarm/group-watch.js';
import { demoCall } from '../fixtures/run.js';
import { TableDns } from '../sip/table-dns.js';

/** The machine's clock at the start of the run. */
const START_MS = 5_000_000;
const MINUTE_MS = 60_000;

describe('a group over a long run', () => {
  it('counts what an outage cost, by the run’s clock, whether that was forgotten meanwhile or not', () => {
    const failover = failoverSpec.parse({ noResponseMs: '2s', keepalive: { every: '1s' } });
    const targets = targetsSpec.parse([{ uri: 'sip:192.0.2.1', name: 'a' }]);
    const failed: CallRecord = { ...demoCall(1), trunk: 'a', answeredMs: null, outcome: 'failed', status: 503 };
    const report: GroupReport = {
      targets: [{ isUp: true, isLeftAlone: false }],
      outages: [
        {
          target: 0,
          sinceMs: START_MS + 10_000,
          downMs: START_MS + 12_000,
          backMs: START_MS + 30_000,
          upMs: START_MS + 30_000,
          firstCallMs: START_MS + 31_000,
        },
      ],
    };
    const summaryAfter = (minutes: number) => {
      const group = new GroupState(groupOf({ targets, failover })!, new Set([503]));
      for (const startedMs of [5000, 15_000, 20_000, 40_000]) group.add({ ...failed, cause: 'status', startedMs });
      for (let i = 1; i <= minutes; i++) group.settle(report, START_MS, START_MS + i * MINUTE_MS);
      return group.summary(report, START_MS, START_MS + 20 * MINUTE_MS);
    };
    expect(summaryAfter(10)).toEqual(summaryAfter(0));
    expect(summaryAfter(10).eachOutage).toMatchObject([{ sinceMs: 10_000, detectionMs: 2000, failedAttempts: 2 }]);
  });
});

describe('a single target', () => {
  const profile = (more: string) =>
    parseProfile(`name: test\nload: [{ shape: constant, cps: 1, for: 1s }]\n${more}`, 'test');

  /** The names that figures are told by. */
  async function namesOf(target: string): Promise<string[]> {
    const group = new GroupState(groupOfOne(profile(`target: ${target}`))!, new Set([503]));
    const dns = new TableDns({
      '_sip._udp.carrier.test': {
        srv: [
          [10, 0, 5070, 'a.carrier.test'],
          [20, 0, 5080, 'b.carrier.test'],
        ],
        ttlS: 30,
      },
      'a.carrier.test': { a: ['192.0.2.1'] },
      'b.carrier.test': { a: ['192.0.2.2'] },
      'one.test': { a: ['192.0.2.3'] },
    });
    await group.resolve({ dns, reach: { transports: ['udp'], families: [4] }, onLog: () => {} }, () => {});
    group.close();
    return group.names;
  }

  it('is as many as its name leads to', async () => {
    expect(await namesOf('sip:carrier.test')).toEqual([
      'sip:carrier.test/192.0.2.1:5070',
      'sip:carrier.test/192.0.2.2:5080',
    ]);
    for (const target of ['sip:one.test', 'sip:192.0.2.4:5070']) expect(await namesOf(target)).toEqual([target]);
  });

  it('is none of ours to spread by way of a proxy, nor where accounts with domains of their own are called', () => {
    expect(groupOfOne(profile(''))).toBeNull();
    expect(groupOfOne(profile('target: sip:carrier.test\ncalls: { proxy: "sip:192.0.2.1" }'))).toBeNull();
    const accounts = 'registrations: { accounts: a.csv, registrar: "sip:192.0.2.1" }\ncalls: { toAccounts: true }';
    expect(groupOfOne(profile(`target: sip:carrier.test\n${accounts}`))).toBeNull();
  });
});
