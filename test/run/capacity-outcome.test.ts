import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../src/cli/capacity.js';
import { newRecord } from '../../src/flow/call-record.js';
import type { DimensionResult } from '../../src/load/capacity/capacity-result.js';
import { headroomTable } from '../../src/load/capacity/headroom.js';
import { capacityVerdict } from '../../src/load/capacity/verdict.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { outcomeOf } from '../../src/run/capacity-outcome.js';
import { heardReport } from '../support/records.js';

const REFUSALS = new Set([503]);

function outcome(change: Partial<CallRecord>) {
  const record = newRecord({
    id: 7,
    direction: 'outbound',
    from: 'a',
    to: 'b',
    trunk: 'sip:t',
    dueMs: 1000,
    startedMs: 1000,
  });
  record.timings.inviteMs = 1000;
  const { timings, ...rest } = change;
  Object.assign(record.timings, timings);
  return outcomeOf({ ...record, ...rest, timings: record.timings }, 2, 900, REFUSALS);
}

const timings = (change: Partial<CallRecord['timings']>) => change as CallRecord['timings'];

describe('what a search for capacity knows of a call', () => {
  it('has times since the step began, and a channel held until our BYE', () => {
    const answered = outcome({
      outcome: 'completed',
      answeredMs: 1300,
      endedMs: 6100,
      timings: timings({ provisionalMs: 1050, finalMs: 1300, byeMs: 6000 }),
    });
    expect(answered).toMatchObject({ result: 'answered', startedMs: 100, endedMs: 5100, srdMs: 50, setupMs: 300 });
  });

  it('tells a refusal from silence, and either from another failure', () => {
    const failed = (change: Partial<CallRecord>) => outcome({ outcome: 'failed', ...change }).result;
    expect(failed({ status: 503, cause: 'status' })).toBe('refused');
    expect(failed({ status: 408, cause: 'timeout' })).toBe('silent');
    expect(failed({ status: 404, cause: 'status' })).toBe('failed');
    expect(failed({ status: 503, cause: 'transport' })).toBe('failed');
  });

  it('has what refused or failed a call, and of a silent one nothing', () => {
    const response = (change: Partial<CallRecord>) => outcome({ outcome: 'failed', ...change }).response;
    expect(response({ status: 503, cause: 'status' })).toBe('503');
    expect(response({ status: 503, cause: 'transport' })).toBe('transport');
    expect(response({ status: 408, cause: 'timeout' })).toBeNull();
  });

  it('takes a call that was given up for silence where it never rang, and for a slow one where it did', () => {
    expect(outcome({ outcome: 'cancelled', endedMs: 9000 })).toMatchObject({ result: 'silent', endedMs: null });
    const rang = outcome({ outcome: 'cancelled', endedMs: 9000, timings: timings({ provisionalMs: 1100 }) });
    expect(rang).toMatchObject({ result: 'cancelled', endedMs: 8100 });
  });

  it('says nothing of audio that nobody judged', () => {
    const answered = {
      outcome: 'completed',
      answeredMs: 1300,
      endedMs: 6100,
      timings: timings({ finalMs: 1300 }),
    } as const;
    const downlink = { packetsSent: null, heard: heardReport(), edgeLost: null, evidence: null };
    expect(outcome(answered).isUnheard).toBeNull();
    expect(outcome({ ...answered, downlink }).isUnheard).toBe(false);
    expect(outcome({ ...answered, downlink, oneWay: { direction: 'uplink', cause: 'no-rtp' } }).isUnheard).toBe(true);
  });
});

describe('headroom', () => {
  const found = (change: Partial<DimensionResult>) => ({
    concurrency: {
      value: 250,
      isAtLeast: false,
      failedAt: 251,
      cause: 'channels' as const,
      isConfirmed: true,
      turnedAway: null,
      ...change,
    },
    cps: null,
    baselineAilment: null,
    srdLimitMs: null,
  });
  const exit = (change: Partial<DimensionResult>) => {
    const result = found(change);
    return exitCodeOf(capacityVerdict(result, headroomTable(result, { calls: 200, cps: undefined }, 0.2)), null);
  };

  it('is held against the expected peak, with what is asked for beyond it, and twice', () => {
    expect(
      headroomTable(found({}), { calls: 200, cps: undefined }, 0.2).map(({ level, carried }) => [level, carried]),
    ).toEqual([
      [200, 'yes'],
      [240, 'yes'],
      [400, 'no'],
    ]);
  });

  it('is not known where the search did not get as far', () => {
    const rows = headroomTable(
      found({ isAtLeast: true, failedAt: null, cause: 'max' }),
      { calls: 200, cps: undefined },
      0.2,
    );
    expect(rows.map(({ carried }) => carried)).toEqual(['yes', 'yes', 'unknown']);
  });

  it('decides the exit status: there, not there, and not known because the generator was the bottleneck', () => {
    expect(exit({})).toBe(0);
    expect(exit({ value: 239, failedAt: 240 })).toBe(1);
    expect(exit({ value: 120, isAtLeast: true, failedAt: null, cause: 'generator' })).toBe(4);
    expect(exit({ value: 120, isAtLeast: true, failedAt: null, cause: 'max' })).toBe(1);
    expect(exit({ value: 250, isAtLeast: true, failedAt: null, cause: 'generator' })).toBe(0);
  });

  it('is held against attempts a second as well, and both must be there', () => {
    const both = (cps: DimensionResult | null) => {
      const result = { ...found({}), cps };
      const rows = headroomTable(result, { calls: 200, cps: 10 }, 0.2);
      const carried = rows.filter(({ dimension }) => dimension === 'cps').map((row) => [row.level, row.carried]);
      return { carried, exit: exitCodeOf(capacityVerdict(result, rows), null) };
    };
    const held = {
      value: 13,
      isAtLeast: false,
      failedAt: 13.5,
      cause: 'cps',
      isConfirmed: true,
      turnedAway: null,
    } as const;
    expect(both(held)).toEqual({
      carried: [
        [10, 'yes'],
        [12, 'yes'],
        [20, 'no'],
      ],
      exit: 0,
    });
    expect(both({ ...held, value: 11, failedAt: 11.4 }).exit).toBe(1);
    expect(both({ ...held, value: 11, isAtLeast: true, failedAt: null, cause: 'calls' }).exit).toBe(1);
    expect(both({ ...held, value: 11, isAtLeast: true, failedAt: null, cause: 'generator' }).exit).toBe(4);
    expect(both(null).exit).toBe(1);
  });
});
