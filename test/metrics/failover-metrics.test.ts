import { describe, expect, it } from 'vitest';
import { newRecord } from '../../src/flow/call-record.js';
import type { CallRecord, CallTry } from '../../src/metrics/call-record.js';
import { FailoverMetrics } from '../../src/metrics/failover-metrics.js';
import type { Outage } from '../../src/metrics/outage.js';
import { TargetMetrics } from '../../src/metrics/target-metrics.js';

const REFUSALS = new Set([503]);
const RUN_MS = 20_000;

let id = 0;

/** An attempt at `startedMs`; each try a target's name, and what it failed by, one second after the other. */
function attempt(startedMs: number, tries: [string, CallTry['cause'] | 486][], endedMs = startedMs + 3000): CallRecord {
  const [trunk, last] = tries.at(-1)!;
  const record = newRecord({ id: id++, direction: 'outbound', from: '1', to: '2', trunk, dueMs: 0, startedMs });
  record.tries = tries.map(([name, cause], i) => ({
    trunk: name,
    cause: cause === 486 ? 'status' : cause,
    status: cause === null ? 200 : cause === 486 ? 486 : cause === 'timeout' ? 408 : 503,
    reason: null,
    startedMs: startedMs + i * 1000,
    ms: 5,
  }));
  const { cause, status } = record.tries.at(-1)!;
  Object.assign(record, { cause, status, endedMs });
  if (last === null) Object.assign(record, { outcome: 'completed', answeredMs: startedMs + 10 });
  return record;
}

const dropped = (record: CallRecord): CallRecord => Object.assign(record, { outcome: 'dropped', cause: 'dropped' });

const outage = (given: Partial<Outage> = {}): Outage => ({
  target: 0,
  sinceMs: 5000,
  downMs: 7000,
  backMs: 12_000,
  upMs: 12_500,
  firstCallMs: 12_800,
  ...given,
});

function figures(records: CallRecord[], outages: Outage[] | null = [outage()]) {
  const metrics = new FailoverMetrics(['a', 'b'], new Set([503]), REFUSALS, outages !== null);
  for (const record of records) metrics.add(record);
  return metrics.summary(outages ?? [], RUN_MS);
}

describe('failover', () => {
  it('counts the attempts that went on, and those that were answered then', () => {
    const { failedOver, saved } = figures([
      attempt(0, [['a', null]]),
      attempt(100, [
        ['a', 'status'],
        ['b', null],
      ]),
      attempt(200, [
        ['a', 'timeout'],
        ['b', 'status'],
      ]),
    ]);
    expect({ failedOver, saved }).toEqual({ failedOver: 2, saved: 1 });
  });

  it('takes from an outage how long it took to be told, and to be used again', () => {
    expect(figures([]).eachOutage[0]).toMatchObject({ detectionMs: 2000, failBackMs: 800, recoveryMs: 0 });
    expect(
      figures([], [outage(), outage({ sinceMs: 14_000, downMs: 17_000, upMs: null, backMs: null })]),
    ).toMatchObject({ outages: 2, detectionMs: 3000, failBackMs: 800 });
    expect(figures([], [outage({ firstCallMs: null })]).failBackMs).toBeNull();
  });

  it('is recovered with the last attempt that the outage hit, once another one went well', () => {
    const hit = [
      attempt(5000, [
        ['a', 'transport'],
        ['b', null],
      ]),
      attempt(6900, [
        ['a', 'timeout'],
        ['b', null],
      ]),
    ];
    expect(figures(hit).recoveryMs).toBeNull();
    expect(figures([...hit, attempt(7100, [['b', null]])]).recoveryMs).toBe(1900);
    const refused = attempt(9000, [['b', 'status']]);
    expect(figures([...hit, refused, attempt(9100, [['b', null]])]).recoveryMs).toBe(4000);
  });

  it('does not count as hit who was busy, nor what happened before or after', () => {
    const records = [
      attempt(4000, [
        ['a', 'status'],
        ['b', null],
      ]),
      attempt(8000, [['b', 486]]),
      attempt(13_000, [['b', 'timeout']]),
      attempt(14_000, [['b', null]]),
    ];
    expect(figures(records)).toMatchObject({ recoveryMs: 0, failedAttempts: 1, refusedAttempts: 0 });
  });

  it('counts the calls of the target that were up and got lost, and no other', () => {
    const records = [
      dropped(attempt(1000, [['a', null]], 6000)),
      dropped(attempt(2000, [['a', null]], 40_000)),
      dropped(attempt(1000, [['a', null]], 4000)),
      dropped(attempt(1000, [['b', null]], 6000)),
      attempt(1000, [['a', null]], 6000),
      dropped(attempt(13_000, [['a', null]], 14_000)),
    ];
    expect(figures(records).lostCalls).toBe(2);
  });

  it('has the setup ratio second by second, of the attempts that started in it', () => {
    const failing = (ms: number): CallRecord => attempt(ms, [['a', 'status']]);
    const { setupRatioMin, eachOutage } = figures(
      [failing(100), attempt(5100, [['b', null]]), failing(5900), attempt(7100, [['b', null]]), failing(15_000)],
      [outage({ upMs: 7500 })],
    );
    expect(eachOutage[0].setupRatioBySecond).toEqual([0.5, null, 1]);
    expect(eachOutage[0]).toMatchObject({ setupRatioMin: 0.5, failedAttempts: 1, refusedAttempts: 1 });
    expect(setupRatioMin).toBe(0);
  });

  it('knows of no outage without keepalives', () => {
    const none = { outages: null, detectionMs: null, lostCalls: null, failedAttempts: null, eachOutage: [] };
    const records = [
      attempt(0, [['a', null]]),
      attempt(100, [
        ['a', 'status'],
        ['b', 'status'],
      ]),
    ];
    expect(figures(records, null)).toMatchObject({ ...none, failedOver: 1, saved: 0, setupRatioMin: 0.5 });
  });
});

describe('the figures of a target', () => {
  it('count each of its tries, and of several servers of its name the last', () => {
    const metrics = new TargetMetrics(REFUSALS);
    metrics.add(attempt(0, [['a', null]]));
    metrics.add(
      attempt(0, [
        ['a', 'transport'],
        ['b', null],
      ]),
    );
    metrics.add(
      attempt(0, [
        ['a', 'timeout'],
        ['b', 'status'],
      ]),
    );
    metrics.add(attempt(0, [['b', 486]]));
    metrics.add(dropped(attempt(0, [['a', null]])));
    const named = attempt(0, [
      ['sip:1', 'transport'],
      ['sip:2', 'status'],
      ['b', null],
    ]);
    for (const one of named.tries.slice(0, 2)) one.target = 'a';
    metrics.add(named);
    expect(metrics.summary(['a', 'b', 'c'])).toEqual([
      { target: 'a', attempted: 5, answered: 2, refused: 2, failed: 3, timedOut: 1, unreachable: 1, dropped: 1 },
      { target: 'b', attempted: 4, answered: 2, refused: 1, failed: 2, timedOut: 0, unreachable: 0, dropped: 0 },
      { target: 'c', attempted: 0, answered: 0, refused: 0, failed: 0, timedOut: 0, unreachable: 0, dropped: 0 },
    ]);
  });
});
