import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission } from '../../src/trunk/admission.js';
import { trunkSpec } from '../../src/trunk/spec.js';
import { HandTrunk } from '../support/trunk-by-hand.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

async function answered(hand: HandTrunk) {
  const call = hand.call();
  await pass(0);
  expect(call.status).toBe(200);
  return call;
}

describe('a script', () => {
  it('begins with the first call, however late that comes', async () => {
    const hand = new HandTrunk({ script: [{ at: '1s', do: 'refuse' }] });
    await pass(60_000);
    await answered(hand);
    await pass(999);
    await answered(hand);
    await pass(1);
    expect(hand.call().status).toBe(503);
    expect(hand.trunk.counts.script).toMatchObject({ state: 'refuse', refused: 1 });
  });

  it('that refuses does so with its status, cause and Retry-After, to OPTIONS too, until it serves', async () => {
    const hand = new HandTrunk({
      script: [
        { at: 0, do: 'refuse', status: 480, cause: 41, retryAfter: '1500ms' },
        { at: '1s', do: 'refuse' },
        { at: '2s', do: 'serve' },
      ],
    });
    expect(hand.ping().status).toBe(200);
    const headers = { Reason: 'Q.850;cause=41', 'Retry-After': '2' };
    expect(hand.call().responses).toEqual([{ status: 480, headers }]);
    expect(hand.ping().responses).toEqual([{ status: 480, headers }]);
    await pass(1000);
    expect(hand.call().responses).toEqual([{ status: 503, headers: {} }]);
    await pass(1000);
    await answered(hand);
    expect(hand.ping().status).toBe(200);
    expect(hand.trunk.counts).toMatchObject({ admitted: 1, script: { state: 'serve', refused: 2 } });
  });

  it('lets calls that are up go on while it refuses', async () => {
    const hand = new HandTrunk({ script: [{ at: '1s', do: 'refuse' }] });
    const call = await answered(hand);
    await pass(1000);
    expect(hand.trunk.counts.inUse).toBe(1);
    call.hangUp();
    await pass(0);
    expect(hand.records).toMatchObject([{ outcome: 'completed' }]);
  });

  it.each([
    ['keep', 0],
    ['stop', 2],
  ])('that is silent cuts the line; RTP of the calls that are up: %s', async (rtp, impairments) => {
    const hand = new HandTrunk({
      script: [
        { at: '1s', do: 'silence', rtp },
        { at: '2s', do: 'serve' },
      ],
    });
    await answered(hand);
    await answered(hand);
    await pass(1000);
    expect(hand.silent).toBe(true);
    expect(hand.trunk.counts.script?.state).toBe('silence');
    await pass(1000);
    expect(hand.silent).toBe(false);
    expect(hand.asked.impaired).toHaveLength(impairments);
    if (impairments === 0) return;
    expect(hand.asked.impaired[0].uplink).toBe(1);
    expect([...hand.asked.impaired[0].calls].sort()).toEqual([0, 1]);
    expect(hand.asked.impaired[1].uplink).toBe(0);
  });

  it('that is silent from the first call on does not answer that one either', async () => {
    const hand = new HandTrunk({ script: [{ at: 0, do: 'silence' }] });
    const call = hand.call();
    await pass(1000);
    expect(call.status).toBeUndefined();
    expect(hand.trunk.counts.inUse).toBe(0);
  });

  it('that restarts forgets calls that are up and that ring, frees their channels and hushes them', async () => {
    const hand = new HandTrunk({
      channels: 3,
      answerAfter: '800ms',
      script: [
        { at: '500ms', do: 'silence' },
        { at: '1s', do: 'restart' },
      ],
    });
    const up = hand.call();
    const ended = hand.call();
    await pass(400);
    const ringing = hand.call();
    expect(hand.call().status).toBe(503);
    await pass(500);
    ended.hangUp();
    await pass(0);
    expect(hand.trunk.counts.inUse).toBe(2);
    await pass(100);
    expect(hand.trunk.counts).toMatchObject({
      inUse: 0,
      script: { state: 'serve', restarts: 1, forgotten: 2, refused: 0 },
    });
    expect(hand.silent).toBe(false);
    expect(hand.restarts).toBe(1);
    expect([...hand.asked.hushed].sort()).toEqual([0, 2]);
    expect(up.letGo).toBe(true);
    await pass(5000);
    expect(ringing.status).toBe(180);
    expect(hand.population).toMatchObject({ inProgress: 0, established: 0 });
    expect(hand.records.map(({ outcome, reason }) => `${outcome}: ${reason}`).sort()).toEqual([
      'completed: null',
      'dropped: the trunk was restarted',
      'failed: the trunk was restarted',
    ]);
    const late = hand.call();
    await pass(800);
    expect(late.status).toBe(200);
  });

  it('changes channels and the CPS cap, one without the other', async () => {
    const hand = new HandTrunk({
      channels: 1,
      script: [
        { at: '1s', do: 'limit', channels: 3 },
        { at: '2s', do: 'limit', cps: 1 },
        { at: '3s', do: 'limit', cps: 'none' },
      ],
    });
    const taken = async (n: number): Promise<number> => {
      const calls = Array.from({ length: n }, () => hand.call());
      await pass(0);
      const up = calls.filter(({ status }) => status === 200);
      for (const call of up) call.hangUp();
      return up.length;
    };
    expect(await taken(5)).toBe(1);
    await pass(1000);
    expect(await taken(5)).toBe(3);
    expect(hand.trunk.counts).toMatchObject({ channels: 3, refusedFull: 6, refusedTooFast: 0 });
    await pass(1000);
    expect(await taken(5)).toBe(1);
    expect(hand.trunk.counts.refusedTooFast).toBe(4);
    await pass(1000);
    expect(await taken(5)).toBe(3);
    expect(hand.trunk.counts).toMatchObject({ refusedFull: 8, refusedTooFast: 4 });
    expect(hand.notes).toEqual([
      'has other limits: 3 channels',
      'has other limits: 1 CPS',
      'has other limits: no CPS cap',
    ]);
  });

  it('ends with the trunk, and a silence with it, so that calls are hung up', async () => {
    const hand = new HandTrunk({
      script: [
        { at: '1s', do: 'silence' },
        { at: '2s', do: 'restart' },
      ],
    });
    await answered(hand);
    await pass(1000);
    hand.trunk.stop();
    expect(hand.silent).toBe(false);
    await pass(5000);
    expect(hand.restarts).toBe(0);
    expect(hand.records).toMatchObject([{ outcome: 'stillUp' }]);
  });
});

describe('limits that change', () => {
  it('never admit more than the new cap within a second, what was admitted before included', () => {
    const admission = new Admission({ channels: 1000, cps: 10 });
    for (let t = 0; t < 1000; t += 50) admission.admit(t);
    admission.limit({ channels: 1000, cps: 4 });
    const admitted: number[] = [];
    for (let t = 1000; t < 4000; t += 50) if (admission.admit(t) === null) admitted.push(t);
    // Of the last second's ten four still count: those from 300 ms on.
    expect(admitted[0]).toBeGreaterThanOrEqual(1300);
    for (const t of admitted) expect(admitted.filter((u) => u >= t && u < t + 1000).length).toBeLessThanOrEqual(4);
    admission.limit({ channels: 1000, cps: 20 });
    const more = Array.from({ length: 30 }, () => admission.admit(4000)).filter((refusal) => refusal === null);
    expect(more.length).toBeGreaterThanOrEqual(16);
    expect(more.length).toBeLessThanOrEqual(20);
  });
});

describe('a script that cannot be', () => {
  it.each([
    [[{ at: 0, do: 'restart' }], /before its first call/],
    [
      [
        { at: '2s', do: 'refuse' },
        { at: '1s', do: 'serve' },
      ],
      /put them in order/,
    ],
    [[{ at: '1s', do: 'refuse', status: 200 }], /400 to 699/],
    [[{ at: '1s', do: 'refuse', status: 407 }], /challenges/],
    [[{ at: '1s', do: 'limit' }], /needs `channels` or `cps`/],
  ])('is refused: %j', (script, message) => {
    expect(trunkSpec.safeParse({ script }).error?.message).toMatch(message);
  });
});
