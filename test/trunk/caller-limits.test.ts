import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallerLimits } from '../../src/trunk/caller-limits.js';
import { trunkSpec } from '../../src/trunk/spec.js';
import { HandTrunk } from '../support/trunk-by-hand.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('limits of each caller', () => {
  it('turn away what is beyond its channels, and nobody else’s calls', async () => {
    const hand = new HandTrunk({ perCaller: { channels: 2, status: 503, cause: 34 } });
    const calls = [hand.call('1'), hand.call('1'), hand.call('1'), hand.call('2')];
    await pass(0);
    expect(calls.map(({ status }) => status)).toEqual([200, 200, 503, 200]);
    expect(calls[2].responses).toEqual([{ status: 503, headers: { Reason: 'Q.850;cause=34' } }]);
    calls[0].hangUp();
    await pass(0);
    const next = hand.call('1');
    await pass(0);
    expect(next.status).toBe(200);
    expect(hand.trunk.counts).toMatchObject({ inUse: 3, refusedFull: 0, refusedPerCaller: { full: 1, tooFast: 0 } });
  });

  it('turn away what is beyond its rate, by the asserted number where there is one', async () => {
    const hand = new HandTrunk({ perCaller: { cps: 1 } });
    const asserted = { 'p-asserted-identity': '<sip:9@192.0.2.9>' };
    const calls = [hand.call('1', asserted), hand.call('2', asserted), hand.call('1')];
    await pass(0);
    expect(calls.map(({ status }) => status)).toEqual([200, 403, 200]);
    await pass(1000);
    const later = hand.call('2', asserted);
    await pass(0);
    expect(later.status).toBe(200);
    expect(hand.trunk.counts.refusedPerCaller).toEqual({ full: 0, tooFast: 1 });
  });

  it('cost the trunk neither channel nor rate, nor do the trunk’s limits cost the caller any', async () => {
    const hand = new HandTrunk({ channels: 1, perCaller: { channels: 1, cps: 2 } });
    const first = hand.call('1');
    hand.call('1');
    for (let i = 0; i < 5; i++) expect(hand.call('2').status).toBe(503);
    await pass(0);
    first.hangUp();
    await pass(0);
    const second = hand.call('2');
    await pass(0);
    expect(second.status).toBe(200);
    expect(hand.trunk.counts).toMatchObject({ refusedFull: 5, refusedPerCaller: { full: 1, tooFast: 0 } });
  });

  it('forget callers whom they need not remember', () => {
    const limits = new CallerLimits({ channels: 1, cps: 1 });
    for (let i = 0; i < 10_000; i++) {
      limits.take(`${i}`, i * 10);
      if (i !== 5) limits.release(`${i}`);
    }
    // A sweep every 1,000 calls, with 100 callers in the second before it, and the one whose call is up.
    expect(limits.size).toBeLessThan(1200);
    expect(limits.refusal('5', 1_000_000)).toBe('full');
    expect(limits.refusal('6', 1_000_000)).toBeNull();
  });
});

describe('a trunk under load', () => {
  it('rings later in proportion to its use above a share of its channels', async () => {
    const hand = new HandTrunk({ channels: 10, slowdown: { above: '80%', upTo: '4s' } });
    const calls = Array.from({ length: 10 }, () => hand.call());
    const rung = (): number => calls.filter(({ responses }) => responses.length > 0).length;
    expect(rung()).toBe(8);
    await pass(1999);
    expect(rung()).toBe(8);
    await pass(1);
    expect(rung()).toBe(9);
    await pass(1999);
    expect(rung()).toBe(9);
    await pass(1);
    expect(rung()).toBe(10);
    expect(hand.trunk.counts.slowed).toBe(2);
  });
});

describe('limits that cannot be', () => {
  it.each([
    [{ perCaller: { status: 503 } }, /needs `channels` or `cps`/],
    [{ perCaller: { cps: 1, status: 200 } }, /400 to 699/],
    [{ slowdown: { above: '100%', upTo: '4s' } }, /below 100 %/],
  ])('are refused: %j', (spec, message) => {
    expect(trunkSpec.safeParse(spec).error?.message).toMatch(message);
  });
});
