import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { groupOf } from '../../src/profile/targets.js';
import { GroupState } from '../../src/run/group-state.js';
import { failoverSpec, targetsSpec } from '../../src/swarm/group-spec.js';
import type { GroupReport } from '../../src/swarm/group-watch.js';
import { demoCall } from '../fixtures/run.js';

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
