import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClaimedCall, Verdict } from '../../src/identity/passport.js';
import { trunkSpec } from '../../src/trunk/spec.js';
import { HandTrunk } from '../support/trunk-by-hand.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const X5U = 'https://certificates.example.net/test.pem';
const identity = (check: string) => ({ identity: { check, keys: [{ x5u: X5U, file: 'key.pem' }] } });

describe('a trunk that verifies who calls', () => {
  const status = async (check: string, verdict: Verdict): Promise<[number | undefined, HandTrunk]> => {
    const hand = new HandTrunk(identity(check), () => Promise.resolve(verdict));
    const call = hand.call();
    await pass(0);
    return [call.status, hand];
  };

  it.each<[string, Verdict, number, object]>([
    ['require', { attest: 'B' }, 200, { verified: { A: 0, B: 1, C: 0 }, missing: 0, refused: {} }],
    ['require', 'missing', 428, { missing: 0, refused: { 428: 1 } }],
    ['verify', 'missing', 200, { missing: 1, refused: {} }],
    ['verify', { refusal: 438 }, 438, { missing: 0, refused: { 438: 1 } }],
    ['require', { refusal: 403 }, 403, { refused: { 403: 1 } }],
  ])('by %s answers %j with %i', async (check, verdict, expected, counts) => {
    const [found, hand] = await status(check, verdict);
    expect(found).toBe(expected);
    expect(hand.trunk.counts.identity).toMatchObject(counts);
    expect(hand.trunk.counts.inUse).toBe(expected === 200 ? 1 : 0);
  });

  it('holds the header against the numbers of the asserted caller and of To', async () => {
    const asked: ClaimedCall[] = [];
    const hand = new HandTrunk(identity('require'), (call) => {
      asked.push(call);
      return Promise.resolve({ attest: 'A' });
    });
    hand.call('1', { 'p-asserted-identity': '<sip:+49@192.0.2.1>', identity: 'token' }, '2');
    expect(asked).toEqual([{ identity: 'token', caller: '+49', called: '2' }]);
  });

  it('does not take a call that was cancelled meanwhile', async () => {
    let decide!: (verdict: Verdict) => void;
    const hand = new HandTrunk(identity('require'), () => new Promise((resolve) => (decide = resolve)));
    const call = hand.call();
    call.cancel();
    decide({ attest: 'A' });
    await pass(1000);
    expect(call.responses).toEqual([]);
    expect(hand.trunk.counts).toMatchObject({ inUse: 0, identity: { verified: { A: 0 } } });
  });
});

describe('caller-ID screening', () => {
  const screened = async (spec: object, ...callers: string[]) => {
    const hand = new HandTrunk({ screening: spec });
    const calls = callers.map((caller) => hand.call(caller));
    await pass(0);
    return { statuses: calls.map(({ status }) => status), counts: hand.trunk.counts.screening, calls };
  };

  it('takes numbers that are allowed or begin as one, and refuses others with 403 and Q.850 21', async () => {
    const allow = ['+4930', '+49891234'];
    const callers = ['+49301', '+4930', '+49891234', '+4989123', '4930', 'anonymous'];
    const { statuses, counts, calls } = await screened({ allow }, ...callers);
    expect(statuses).toEqual([200, 200, 200, 403, 403, 403]);
    expect(counts).toEqual({ refused: 3, withheld: 0 });
    expect(calls[3].responses).toEqual([{ status: 403, headers: { Reason: 'Q.850;cause=21' } }]);
  });

  it('withholds the number in place of a refusal, where that is wanted', async () => {
    const { statuses, counts } = await screened({ allow: ['1'], otherwise: 'withhold' }, '1', '2', 'anonymous');
    expect(statuses).toEqual([200, 200, 200]);
    expect(counts).toEqual({ refused: 0, withheld: 2 });
  });

  it('is refused where it allows what is no number', () => {
    expect(trunkSpec.safeParse({ screening: { allow: ['alice'] } }).error?.message).toMatch(/beginning of one/);
    expect(trunkSpec.safeParse({ screening: { allow: [] } }).success).toBe(false);
  });
});
