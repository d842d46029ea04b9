import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Intake } from '../../src/trunk/intake.js';
import { HandTrunk } from '../support/trunk-by-hand.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('what comes in', () => {
  it('has the most calls of any second, wherever that begins', () => {
    const intake = new Intake(undefined);
    for (const atMs of [0, 900, 1000, 1899, 1899.5, 1900, 5000]) intake.come(atMs);
    expect(intake.counts()).toMatchObject({ received: 7, peakCps: 4, firstMs: 0, lastMs: 5000, refusedLate: 0 });
  });

  it('is taken up to a number of calls, and the rest is refused without a record', async () => {
    const hand = new HandTrunk({}, null, { most: 2 });
    const calls = [hand.call(), hand.call(), hand.call()];
    await pass(0);
    expect(calls.map(({ status }) => status)).toEqual([200, 200, 503]);
    expect(hand.trunk.counts).toMatchObject({ admitted: 2, intake: { received: 3, refusedLate: 1 } });
  });

  it('gets 503 while the run is paused, which counts for nothing later', async () => {
    const hand = new HandTrunk({}, null, { most: 2 });
    hand.trunk.setPaused(true);
    expect(hand.call().status).toBe(503);
    hand.trunk.setPaused(false);
    const calls = [hand.call(), hand.call(), hand.call()];
    await pass(0);
    expect(calls.map(({ status }) => status)).toEqual([200, 200, 503]);
  });

  it('is counted also where the trunk has no channel for it', async () => {
    const hand = new HandTrunk({ channels: 1 }, null, { most: undefined });
    hand.call();
    await pass(0);
    expect(hand.call().status).toBe(503);
    expect(hand.trunk.counts).toMatchObject({ admitted: 1, refusedFull: 1, intake: { received: 2, refusedLate: 0 } });
  });

  it('is not counted by a trunk that is called by its own run', () => {
    expect(new HandTrunk().trunk.counts.intake).toBeNull();
  });
});

describe('the record of a call that came in', () => {
  it('says what was dealt, when our 200 was acknowledged, and who hung up', async () => {
    const hand = new HandTrunk();
    const call = hand.call();
    await pass(0);
    const answeredMs = Date.now();
    await pass(30);
    call.acknowledge();
    await pass(50);
    // A re-INVITE's.
    call.acknowledge();
    call.hangUp();
    await pass(0);
    const [record] = hand.records;
    expect(record).toMatchObject({ dealt: 'answered', outcome: 'completed', hangupBy: 'remote', cause: null });
    expect(record.timings).toMatchObject({ finalMs: answeredMs, ackMs: answeredMs + 30, byeMs: answeredMs + 80 });
  });

  it('is of a dropped call where the server gave up on the ACK', async () => {
    const hand = new HandTrunk();
    const call = hand.call();
    await pass(32_000);
    call.hangUp('SIP;cause=200;text="ACK timeout"');
    await pass(0);
    expect(hand.records).toMatchObject([
      { outcome: 'dropped', hangupBy: 'local', cause: 'timeout', reason: 'the far end never acknowledged the 200' },
    ]);
    expect(hand.records[0].timings.ackMs).toBeNull();
  });

  it('names the outcome that was dealt, and when the caller cancelled', async () => {
    const hand = new HandTrunk({ outcomes: { noAnswer: '100%' } });
    const call = hand.call();
    const calledMs = Date.now();
    await pass(4000);
    call.cancel();
    await pass(0);
    expect(hand.records).toMatchObject([{ dealt: 'noAnswer', outcome: 'cancelled' }]);
    expect(hand.records[0].timings.finalMs! - calledMs).toBe(4000);
  });
});
