import { describe, expect, it } from 'vitest';
import { CallMetrics } from '../../src/metrics/call-metrics.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { isTurnedAway } from '../../src/metrics/call-verdict.js';
import { InboundMetrics } from '../../src/metrics/inbound-metrics.js';
import { answeredRecord, failedRecord } from '../support/records.js';

const RECEIVED = { received: 9, firstMs: 1000, lastMs: 5000, peakCps: 4, refusedLate: 1, admitted: 7 };

const person = (change: Partial<CallRecord> = {}): CallRecord =>
  answeredRecord({ direction: 'inbound', dealt: 'answered', hangupBy: 'remote', byeStatus: null, ...change });

function cancelled(dealt: string, afterMs: number): CallRecord {
  const record = failedRecord(487, 'cancelled', { direction: 'inbound', dealt, outcome: 'cancelled' });
  record.timings.inviteMs = 0;
  record.timings.finalMs = afterMs;
  return record;
}

function unacknowledged(change: Partial<CallRecord> = {}): CallRecord {
  const record = person({ outcome: 'dropped', cause: 'timeout', hangupBy: 'local', ...change });
  record.timings.ackMs = null;
  return record;
}

describe('how callers behave', () => {
  it('is added up by what was dealt: given up on, never acknowledged, hung up', () => {
    const metrics = new InboundMetrics();
    const busy = failedRecord(486, 'status', { direction: 'inbound', dealt: 'busy' });
    for (const record of [
      person(),
      person({ dealt: 'machine' }),
      cancelled('answered', 3000),
      cancelled('noAnswer', 20_000),
      busy,
      unacknowledged(),
      unacknowledged({ outcome: 'stillUp' }),
    ])
      metrics.add(record);
    expect(metrics.summary(RECEIVED)).toMatchObject({
      received: 9,
      receivedCps: 2,
      peakCps: 4,
      refused: 2,
      refusedLate: 1,
      dealt: { answered: 4, machine: 1, noAnswer: 1, busy: 1 },
      cancelled: 2,
      cancelMs: { p50: expect.closeTo(3000, 0), max: 20_000 },
      abandoned: 1,
      abandonedRatio: 0.2,
      // A call that was hung up with the run may not have been acknowledged yet.
      notAcknowledged: 1,
      ackMs: { p50: 1, max: 1 },
      endedByCaller: 2,
      endedByUs: 2,
    });
  });

  it('is not measured where nothing came', () => {
    const nothing = { received: 0, firstMs: null, lastMs: null, peakCps: 0, refusedLate: 0, admitted: 0 };
    expect(new InboundMetrics().summary(nothing)).toMatchObject({
      received: 0,
      receivedCps: null,
      peakCps: null,
      abandonedRatio: null,
      cancelMs: null,
      ackMs: null,
    });
  });

  it('has no rate of a single call', () => {
    expect(new InboundMetrics().summary({ ...RECEIVED, received: 1, lastMs: 1000 }).receivedCps).toBeNull();
  });
});

describe('a call that came in', () => {
  it('tells how long it lasted, and nothing of how fast anyone else rings, answers or refuses', () => {
    const metrics = new CallMetrics();
    metrics.add(person());
    metrics.add(failedRecord(486, 'status', { direction: 'inbound', dealt: 'busy' }));
    expect(metrics.counts).toMatchObject({ attempted: 2, answered: 1, failed: 1, completed: 1 });
    expect(metrics.sip()).toMatchObject({
      acdMs: 2000,
      setupMs: null,
      pddMs: null,
      srdMs: { success: null, failure: null },
    });
    expect(metrics.load.summary()).toMatchObject({ startedCps: null, scheduleErrorMs: null });
    expect(metrics.exhaustion.verdict(2)).toMatchObject({ refusals: 0 });
    expect(metrics.targets.summary()).toEqual([]);
    expect(metrics.trend.summary().cold.calls).toBe(0);
  });

  it('is a failure of nobody where it was dealt to be turned away, unless its offer was of no use', () => {
    const failed = (dealt: string, status: number): boolean =>
      isTurnedAway(failedRecord(status, 'status', { direction: 'inbound', dealt }));
    expect([failed('busy', 486), failed('answered', 488), failed('machine', 488)]).toEqual([true, false, false]);
    expect(isTurnedAway(failedRecord(486))).toBe(false);
  });
});
