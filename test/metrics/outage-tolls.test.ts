import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/core/rng.js';
import type { CallRecord } from '../../src/metrics/call-record.js';
import { FailoverMetrics } from '../../src/metrics/failover-metrics.js';
import type { Outage } from '../../src/metrics/outage.js';
import { type Mark, OutageTolls } from '../../src/metrics/outage-tolls.js';
import { demoCall } from '../fixtures/run.js';

const MINUTE_MS = 60_000;

function outage(target: number, sinceMs: number, upMs: number | null): Outage {
  return { target, sinceMs, downMs: sinceMs + 1000, backMs: upMs, upMs, firstCallMs: upMs };
}

function mark(kind: Mark['kind'], atMs: number, target: string | null = null, fromMs = atMs): Mark {
  return { kind, target, fromMs, toMs: atMs, startedMs: atMs, isHit: kind !== 'lost call' };
}

describe('what outages cost', () => {
  const OUTAGES = [outage(0, 10_000, 20_000), outage(1, 15_000, null)];

  it('is counted by time, and by target where one is meant', () => {
    const tolls = new OutageTolls(['a', 'b']);
    for (const one of [mark('attempt', 12_000), mark('refusal', 16_000), mark('attempt', 9000)]) tolls.add(one);
    for (const target of ['a', 'b']) tolls.add(mark('try', 17_000, target));
    tolls.add(mark('lost call', 30_000, 'a', 5000));
    tolls.add(mark('lost call', 30_000, 'b', 25_000));
    tolls.add(mark('lost call', 9999, 'a', 5000));
    expect(tolls.toll(0, OUTAGES[0])).toEqual({ failed: 2, refused: 1, lost: 1, hits: 3, lastHitMs: 17_000 });
    expect(tolls.toll(1, OUTAGES[1])).toEqual({ failed: 1, refused: 1, lost: 1, hits: 2, lastHitMs: 17_000 });
  });

  it('is counted once, and then forgotten, when all outages of its time are known; what no outage hit is forgotten too', () => {
    const tolls = new OutageTolls(['a', 'b']);
    for (const atMs of [9000, 12_000, 16_000, 40_000]) tolls.add(mark('attempt', atMs));
    const before = OUTAGES.map((one, i) => tolls.toll(i, one));
    for (let again = 0; again < 3; again++) tolls.settle(OUTAGES, 30_000);
    expect(tolls.kept).toBe(1);
    expect(OUTAGES.map((one, i) => tolls.toll(i, one))).toEqual(before);
  });
});

const CALL = demoCall(1);

/** An attempt at `a`, and where that fails at `b`, with what became of it. */
function attempt(rng: Rng, startedMs: number): CallRecord {
  const kind = rng.uniform();
  const wentOn = rng.uniform() < 0.3;
  const answered = kind < 0.8;
  const endedMs = startedMs + 10 + 300_000 * rng.uniform();
  const one = { status: 503, reason: null, cause: 'status' as const, ms: 5 };
  return {
    ...CALL,
    trunk: wentOn ? 'b' : 'a',
    startedMs,
    answeredMs: answered ? startedMs + 10 : null,
    endedMs,
    outcome: answered ? (kind < 0.2 ? 'dropped' : 'completed') : 'failed',
    status: answered ? 200 : 503,
    cause: answered ? null : kind < 0.9 ? 'status' : 'timeout',
    tries: [
      ...(wentOn ? [{ ...one, trunk: 'a', startedMs }] : []),
      { ...one, trunk: wentOn ? 'b' : 'a', startedMs: startedMs + 5 },
    ],
  };
}

describe('failover over a long run', () => {
  it('has the same figures whether old marks were forgotten or not, and keeps those of the last minutes alone', () => {
    const metrics = () => new FailoverMetrics(['a', 'b'], new Set([503]), new Set([503]), true);
    const [lean, full] = [metrics(), metrics()];
    const rng = new Rng(11);
    const outages = [outage(0, 100_000, 400_000), outage(1, 350_000, 380_000), outage(0, 2_000_000, null)];
    const records = Array.from({ length: 6000 }, (_, i) => attempt(rng, i * 600)).sort(
      (a, b) => a.endedMs! - b.endedMs!,
    );
    let nextMs = MINUTE_MS;
    let most = 0;
    for (const record of records) {
      for (; record.endedMs! >= nextMs; nextMs += MINUTE_MS) {
        const known = outages
          .filter(({ downMs }) => downMs <= nextMs)
          .map((one) => ({ ...one, upMs: one.upMs !== null && one.upMs <= nextMs ? one.upMs : null }));
        lean.settle(known, nextMs - 2 * MINUTE_MS);
        most = Math.max(most, lean.kept);
      }
      for (const one of [lean, full]) one.add(record);
    }
    expect(lean.summary(outages, nextMs)).toEqual(full.summary(outages, nextMs));
    expect(full.kept).toBeGreaterThan(3000);
    // 100 attempts a minute, each with two marks at most.
    expect(most).toBeLessThan(2 * 100 * 3);
    expect(full.summary(outages, nextMs).lostCalls).toBeGreaterThan(100);
  });
});
